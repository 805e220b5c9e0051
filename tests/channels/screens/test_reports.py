"""What players send is read strictly."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from channels.screens.reports import (
    MOST_ITEMS,
    Heartbeat,
    Report,
    ReportError,
    heartbeat_of,
    reports_of,
)

GOOD = {
    "id": "r1",
    "key": "delivery-7",
    "event": "shown",
    "from": "2026-11-24T08:30:05+08:00",
    "to": "2026-11-24T00:30:06.5Z",
}


def test_a_report_is_read_in_utc() -> None:
    [report] = reports_of(json.dumps([GOOD]).encode())

    assert report == Report(
        id="r1",
        key="delivery-7",
        event="shown",
        from_at=datetime(2026, 11, 24, 0, 30, 5, tzinfo=UTC),
        to_at=datetime(2026, 11, 24, 0, 30, 6, 500000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"id": 7}, "id"),
        ({"key": None}, "key"),
        ({"key": "a b"}, "key"),
        ({"event": "deleted"}, "event"),
        ({"event": ["shown"]}, "event"),
        ({"from": "2026-11-24T08:30:05"}, "时区"),
        ({"from": "today"}, "ISO 8601"),
        ({"from": 1795000000}, "时区"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "ISO 8601"),
        ({"to": "2026-11-24T08:30:04+08:00"}, "早于"),
    ],
)
def test_a_wrong_report_is_refused_with_its_place(
    changed: dict[str, object], expected: str
) -> None:
    body = json.dumps([GOOD, GOOD | changed]).encode()

    with pytest.raises(ReportError, match=f"第 2 条播放记录.*{expected}"):
        reports_of(body)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 60_000, 400),
        (b"{}", 422),
        (b"null", 422),
        (b"[1]", 422),
    ],
)
def test_what_is_no_list_of_reports_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(ReportError) as caught:
        reports_of(body)

    assert caught.value.status == status


def test_a_list_has_a_limit() -> None:
    assert len(reports_of(json.dumps([GOOD] * MOST_ITEMS).encode())) == MOST_ITEMS

    with pytest.raises(ReportError):
        reports_of(json.dumps([GOOD] * (MOST_ITEMS + 1)).encode())


def test_a_heartbeat_is_read() -> None:
    body = b'{"version": 3, "key": "delivery-7", "keys": ["delivery-7"]}'

    assert heartbeat_of(body) == Heartbeat(version=3, key="delivery-7", keys=("delivery-7",))
    assert heartbeat_of(b'{"version": 0, "key": "", "keys": []}').key == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"version": -1},
        {"version": True},
        {"version": 2**31},
        {"version": "1"},
        {"keys": "a"},
        {"keys": [1]},
        {"keys": ["a"] * (MOST_ITEMS + 1)},
        {"key": 7},
    ],
)
def test_a_wrong_heartbeat_is_refused(changed: dict[str, object]) -> None:
    good: dict[str, object] = {"version": 3, "key": "", "keys": []}

    with pytest.raises(ReportError):
        heartbeat_of(json.dumps(good | changed).encode())
