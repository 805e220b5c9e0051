"""The switches for programs."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.rehearsal import TIMEOUT_S, Rehearsal, running


def test_lists_the_faults_that_calls_are_still_going_to_meet(rehearsal: Rehearsal) -> None:
    rehearsal.fault("wechat", "draft/add", "code", times=None, value=45009)

    answer = requests.get(f"{rehearsal.url}/wechat/_faults", timeout=TIMEOUT_S)

    [fault] = answer.json()
    assert fault == {
        "id": 1,
        "call": "draft/add",
        "kind": "code",
        "times": None,
        "value": 45009,
    }


@pytest.mark.parametrize(
    "asked",
    [
        {"call": "draft/nothing", "fault": "refuse"},
        {"call": "draft/add", "fault": "earthquake"},
        {"call": "draft/add", "fault": "offline"},
        {"call": "draft/add", "fault": "refuse", "times": 0},
        {"call": "draft/add", "fault": "refuse", "times": "often"},
        {"call": "draft/add", "fault": "slow", "value": "long"},
        {"call": "draft/add", "fault": "slow", "value": 601},
        {"call": "draft/add", "fault": "code"},
        {"fault": "refuse"},
        ["refuse"],
    ],
)
def test_refuses_a_fault_that_could_never_happen(rehearsal: Rehearsal, asked: object) -> None:
    answer = requests.post(f"{rehearsal.url}/wechat/_faults", json=asked, timeout=TIMEOUT_S)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert requests.get(f"{rehearsal.url}/wechat/_faults", timeout=TIMEOUT_S).json() == []


@pytest.mark.parametrize(
    "changes", [{"daily_pushes": -1}, {"job_delay_s": "soon"}, {"colour": "red"}, [1]]
)
def test_refuses_a_setting_that_is_wrong(rehearsal: Rehearsal, changes: object) -> None:
    answer = requests.post(f"{rehearsal.url}/wechat/_settings", json=changes, timeout=TIMEOUT_S)

    assert answer.status_code == 400


def test_shows_no_secret(rehearsal: Rehearsal) -> None:
    for outlet in ("wechat", "onebot"):
        answer = requests.get(f"{rehearsal.url}/{outlet}/_settings", timeout=TIMEOUT_S)

        assert "rehearsal-" not in answer.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
@pytest.mark.parametrize("path", ["_faults", "_settings"])
def test_another_site_may_turn_no_switch(
    rehearsal: Rehearsal, headers: dict[str, str], path: str
) -> None:
    answer = requests.post(
        f"{rehearsal.url}/onebot/{path}",
        json={"call": "*", "fault": "refuse"},
        headers=headers,
        timeout=TIMEOUT_S,
    )

    assert answer.status_code == 403


def test_remembers_over_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        first.change("onebot", profile="llbot")
        first.fault("onebot", "get_status", "offline", times=3)

    with running(tmp_path) as second:
        faults = requests.get(f"{second.url}/onebot/_faults", timeout=TIMEOUT_S).json()
        settings = requests.get(f"{second.url}/onebot/_settings", timeout=TIMEOUT_S).json()

    assert [(fault["kind"], fault["times"]) for fault in faults] == [("offline", 3)]
    assert settings["profile"] == "llbot"
