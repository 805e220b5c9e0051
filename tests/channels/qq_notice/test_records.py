"""What was about to be sent is kept until nobody asks any more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from channels.qq_notice.records import KEPT_S, Records, Sending

SENDING = Sending(group="1", digest="0123456789ab", title="停水", began_at_s=1_777_301_795)


def test_what_was_never_written_is_none(tmp_path: Path) -> None:
    records = Records(folder=tmp_path / "none" / "yet")

    assert records.read("delivery-7") is None
    assert not records.folder.exists()


def test_what_was_written_is_read_by_another_process(tmp_path: Path) -> None:
    Records(folder=tmp_path / "qq").write("delivery-7", SENDING)

    there = Records(folder=tmp_path / "qq")

    assert there.read("delivery-7") == SENDING
    assert there.read("delivery-8") is None


def test_a_second_attempt_keeps_the_moment_of_the_first(tmp_path: Path) -> None:
    records = Records(folder=tmp_path)
    records.write("delivery-7", SENDING)

    records.write("delivery-7", replace(SENDING, group="2", began_at_s=SENDING.began_at_s + 60))

    assert records.read("delivery-7") == replace(SENDING, group="2")


@pytest.mark.parametrize(("age_s", "is_kept"), [(KEPT_S, True), (KEPT_S + 1, False)])
def test_what_is_old_is_forgotten(tmp_path: Path, age_s: int, is_kept: bool) -> None:
    records = Records(folder=tmp_path)
    records.write("delivery-1", replace(SENDING, began_at_s=SENDING.began_at_s - age_s))

    records.write("delivery-7", SENDING)

    assert (records.read("delivery-1") is not None) is is_kept


@pytest.mark.parametrize(
    ("group", "digest", "is_known"),
    [("1", "0123456789ab", True), ("2", "0123456789ab", False), ("1", "ba9876543210", False)],
)
def test_words_are_known_in_the_group_they_were_for(
    tmp_path: Path, group: str, digest: str, is_known: bool
) -> None:
    records = Records(folder=tmp_path / "qq")
    assert not records.knows(group, digest)

    records.write("delivery-7", SENDING)

    assert records.knows(group, digest) is is_known


def test_many_write_at_once(tmp_path: Path) -> None:
    keys = [f"delivery-{number}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: Records(folder=tmp_path).write(key, SENDING), keys))

    assert all(Records(folder=tmp_path).read(key) == SENDING for key in keys)
