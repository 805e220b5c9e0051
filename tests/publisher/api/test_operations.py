"""Health and numbers, without a token."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from starlette.testclient import TestClient

from publisher import clock
from publisher.alarms import watch
from publisher.api import operations
from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery
from publisher.model.lane import Lane
from publisher.model.target import Beat
from tests.publisher.api.office import LATER, Office


def beat(office: Office, *, age_s: float = 0) -> None:
    """Let the ticker have shown that many seconds ago that it lives."""
    with office.app.database.sessions.begin() as session:
        session.merge(Beat(name="ticker", at=clock.now() - timedelta(seconds=age_s)))


def lie(office: Office, *, late_s: float) -> None:
    """Let every planned delivery have been due that many seconds ago."""
    with office.app.database.sessions.begin() as session:
        due_at = clock.now() - timedelta(seconds=late_s)
        not_after = clock.now() + timedelta(days=1)
        session.execute(update(Delivery).values(due_at=due_at, rank_at=due_at, not_after=not_after))


def numbers(office: Office) -> dict[str, float]:
    """Return every number, its labels in the name."""
    text = office.client.get("/metrics").text
    return {
        "".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_is_well_while_the_ticker_lives(office: Office) -> None:
    beat(office, age_s=50)

    answer = office.client.get("/healthz")

    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["database"], told["problems"]) == ("ok", "ok", [])


@pytest.mark.parametrize("age_s", [None, 70])
def test_a_ticker_that_is_silent_is_named(office: Office, age_s: float | None) -> None:
    if age_s:
        beat(office, age_s=age_s)

    answer = office.client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["problems"] == ["定时器没有在运行，请重启 publisher serve"]


def test_where_no_ticker_is_expected_its_silence_is_no_fault(office: Office) -> None:
    alone = TestClient(operations.router(office.app, expects_ticker=False))

    assert alone.get("/healthz").status_code == 200


def test_a_lane_that_lets_a_due_delivery_lie_is_named(office: Office) -> None:
    beat(office)
    office.approved(publish_at=LATER)
    lie(office, late_s=130)

    answer = office.client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["stuck_lanes"] == ["site"]  # the board waits for the site


def test_a_delivery_may_lie_for_two_minutes(office: Office) -> None:
    beat(office)
    office.approved(publish_at=LATER)
    lie(office, late_s=100)

    assert office.client.get("/healthz").status_code == 200


def test_a_paused_target_is_not_stuck(office: Office) -> None:
    beat(office)
    office.approved(publish_at=LATER)
    office.post("/targets/site/pause", by="吴凡", reason="平台维护")
    lie(office, late_s=130)

    assert office.client.get("/healthz").status_code == 200


def test_a_paced_target_is_not_stuck(office: Office) -> None:
    beat(office)
    office.approved(publish_at=LATER)
    with office.app.database.sessions.begin() as session:
        next_send_at = clock.now() + timedelta(minutes=1)
        session.merge(Lane(name="site", next_send_at=next_send_at, advice=""))
    lie(office, late_s=130)

    assert office.client.get("/healthz").status_code == 200


def test_a_lane_at_work_is_not_stuck(office: Office) -> None:
    beat(office)
    office.approved(targets=["site"])
    office.approved(targets=["site"], publish_at=LATER)
    with office.app.database.sessions.begin() as session:
        due_at = clock.now() - timedelta(seconds=130)
        session.execute(
            update(Delivery).where(Delivery.id == 2).values(due_at=due_at, rank_at=due_at)
        )

    assert office.client.get("/healthz").status_code == 200


def test_a_database_that_is_gone_is_said_so(office: Office, tmp_path: Path) -> None:
    beat(office)
    office.app.database.engine.dispose()
    (tmp_path / "data").rename(tmp_path / "gone")

    health, metrics = office.client.get("/healthz"), office.client.get("/metrics")

    (tmp_path / "gone").rename(tmp_path / "data")
    assert health.status_code == metrics.status_code == 503
    assert health.json()["database"] == "failing"


def test_the_numbers_are_those_of_open_deliveries(office: Office) -> None:
    beat(office)
    office.approved()
    office.approved(publish_at=LATER)

    told = numbers(office)

    assert told["publisher_deliveriesplanned"] == 2
    assert told["publisher_deliveriessending"] == 0
    assert "publisher_deliveriesconfirmed" not in told
    assert told["publisher_deliveries_overdue"] == 0
    assert told["publisher_lanes_stuck"] == 0
    assert told["publisher_lanes_busy"] == 0
    assert 0 <= told["publisher_ticker_age_seconds"] < 60


def test_what_is_past_its_deadline_is_counted(office: Office) -> None:
    office.approved(publish_at=LATER, targets=["site"])
    with office.app.database.sessions.begin() as session:
        session.execute(update(Delivery).values(state="unconfirmed", deadline_at=clock.now()))

    assert numbers(office)["publisher_deliveries_overdue"] == 1


def opened(office: Office, *kinds: str) -> None:
    """Let an alarm of each kind be open."""
    with office.app.database.sessions.begin() as session:
        session.add_all(Alarm(key=kind, since=clock.now(), text=f"{kind}……") for kind in kinds)


def halted(office: Office) -> None:
    with office.app.database.sessions.begin() as session:
        session.add(Lane(name="site", breaker="open", opened_at=clock.now(), advice="请检查密钥"))


def test_a_disk_that_is_nearly_full_is_a_fault(office: Office) -> None:
    beat(office)
    own = office.app.settings.alarm.model_copy(update={"min_free_mb": 10.0**9})
    office.app.settings = dataclasses.replace(office.app.settings, alarm=own)

    answer = office.client.get("/healthz")

    assert answer.status_code == 503
    [problem] = answer.json()["problems"]
    assert problem.startswith("磁盘只剩")


def test_a_slow_database_is_a_fault_that_the_ticker_saw(office: Office) -> None:
    beat(office)
    opened(office, "database")

    answer = office.client.get("/healthz")

    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["problems"]) == ("slow", ["database……"])


def test_an_account_that_is_spared_is_a_warning_and_no_fault(office: Office) -> None:
    beat(office)
    halted(office)

    answer = office.client.get("/healthz")

    assert answer.status_code == 200
    [warning] = answer.json()["warnings"]
    assert warning.startswith("官网从 ")
    assert "请检查密钥" in warning


def test_what_is_overdue_is_a_warning_and_no_fault(office: Office) -> None:
    beat(office)
    office.approved(publish_at=LATER, targets=["site"])
    with office.app.database.sessions.begin() as session:
        session.execute(update(Delivery).values(state="unconfirmed", deadline_at=clock.now()))

    answer = office.client.get("/healthz")

    assert answer.status_code == 200
    assert "最早的是官网《停水通知》" in answer.json()["warnings"][0]


def test_a_pause_of_everything_is_a_warning(office: Office) -> None:
    beat(office)
    office.post("/pauses", by="吴凡", scope="everything", reason="全校停电")

    answer = office.client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json()["warnings"] == ["全部发布已暂停：全校停电"]


def test_open_alarms_are_counted_by_kind_and_those_there_are_none_of_are_zero(
    office: Office,
) -> None:
    opened(office, "lane site", "lane board", "disk")
    with office.app.database.sessions.begin() as session:
        session.add(Alarm(key="disk", since=clock.now(), until=clock.now(), text="……"))

    told = numbers(office)

    assert (told["publisher_alarmslane"], told["publisher_alarmsdisk"]) == (2, 1)
    assert (told["publisher_alarmsoverdue"], told["publisher_alarmsclock"]) == (0, 0)


def test_pauses_and_breakers_are_counted(office: Office) -> None:
    halted(office)
    office.post("/targets/board/pause", by="吴凡", reason="平台维护")

    told = numbers(office)

    assert (told["publisher_breakers_open"], told["publisher_pauses"]) == (1, 1)
    assert told["publisher_disk_free_bytes"] > 0


def test_how_long_the_oldest_waits_is_told(office: Office) -> None:
    nothing = numbers(office)["publisher_oldest_due_age_seconds"]
    office.approved(publish_at=LATER)
    not_due = numbers(office)["publisher_oldest_due_age_seconds"]
    lie(office, late_s=100)

    assert (nothing, not_due) == (0, 0)
    assert numbers(office)["publisher_oldest_due_age_seconds"] >= 100


def test_health_and_numbers_agree_with_the_alarms_of_the_ticker(office: Office) -> None:
    beat(office)
    office.approved(publish_at=LATER)
    lie(office, late_s=130)

    watch.watch(office.app.works, office.app.settings, now=clock.now())

    assert numbers(office)["publisher_alarmslane"] == 1
    assert len(office.client.get("/healthz").json()["problems"]) == 1
