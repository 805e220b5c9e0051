from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.errors import InvalidError, NotAllowedError, NotFoundError
from publisher.model.lane import Lane
from publisher.model.note import Note
from publisher.model.target import EVERYTHING, Pause
from publisher.schedule.places import places
from publisher.storage import notes, queries
from publisher.storage.database import open_database
from publisher.storage.queries import TargetRow
from publisher.workflow import targets
from tests.make import NINE, FakeChannel
from tests.publisher.workflow.conftest import Office
from tests.publisher.workflow.conftest import opened as opened_office
from tests.threads import at_once, failures

KIND = "make"  # of a FakeChannel: the last name of its module
GATE = targets.of_target("gate")


def pause(office: Office, scope: str, *, by: str = "吴凡", reason: str = "平台维护") -> None:
    office.act(by, targets.pause, office.desk, scope, reason=reason)


def resume(office: Office, scope: str, *, by: str = "吴凡") -> None:
    office.act(by, targets.resume, office.desk, scope)


def rows(office: Office) -> dict[str, TargetRow]:
    with office.desk.database.reads() as session:
        return queries.targets(session, places(office.desk.channels))


def paused(office: Office) -> list[str]:
    """The targets that some pause holds."""
    return [name for name, row in rows(office).items() if row.pause is not None]


def told(office: Office) -> list[tuple[str, str, str | None, str]]:
    """The notes about pauses: who, verb, target, text."""
    with office.desk.database.reads() as session:
        found = session.scalars(select(Note).where(Note.verb.in_(("pause", "resume"))))
        return [(note.who, note.verb, note.target, note.text) for note in found]


def opened(office: Office, lane: str) -> None:
    with office.desk.database.sessions.begin() as session:
        probe_at = NINE + timedelta(seconds=30)
        session.add(
            Lane(name=lane, breaker="open", faults=3, openings=1, opened_at=NINE, probe_at=probe_at)
        )


def test_a_pause_of_a_target_holds_that_target_only(office: Office) -> None:
    pause(office, GATE)

    row = rows(office)["gate"]
    assert paused(office) == ["gate"]
    assert row.pause is not None
    assert (row.pause.by, row.pause.because, row.pause.at) == ("吴凡", "平台维护", NINE)
    assert (row.is_well, row.advice) == (False, "已暂停：平台维护")


def test_a_pause_of_a_channel_holds_all_its_targets(office: Office) -> None:
    pause(office, targets.of_channel(KIND))

    assert paused(office) == ["gate"]  # the others are of channels of this folder
    assert rows(office)["gate"].advice == "这类渠道已暂停：平台维护"


def test_a_pause_of_everything_holds_every_target(office: Office) -> None:
    pause(office, EVERYTHING)

    assert paused(office) == ["site", "gate", "narrow"]


def test_the_widest_pause_is_the_one_that_is_told(office: Office) -> None:
    pause(office, GATE, reason="门口施工")
    pause(office, EVERYTHING, reason="全校停电")

    assert rows(office)["gate"].advice == "全部发布已暂停：全校停电"


def test_resuming_everything_leaves_narrower_pauses(office: Office) -> None:
    pause(office, GATE)
    pause(office, EVERYTHING)

    resume(office, EVERYTHING)

    assert paused(office) == ["gate"]


def test_what_is_paused_already_keeps_its_reason_and_is_noted_once(office: Office) -> None:
    pause(office, GATE, reason="第一个原因")
    pause(office, GATE, reason="第二个原因")

    assert rows(office)["gate"].advice == "已暂停：第一个原因"
    assert len(told(office)) == 1


def test_every_act_is_noted_with_its_scope(office: Office) -> None:
    pause(office, EVERYTHING)
    resume(office, EVERYTHING)
    pause(office, GATE)
    resume(office, GATE)
    resume(office, GATE)

    assert told(office) == [
        ("吴凡", "pause", None, "everything：平台维护"),
        ("吴凡", "resume", None, "everything"),
        ("吴凡", "pause", "gate", "平台维护"),
        ("吴凡", "resume", "gate", ""),
    ]
    with office.desk.database.reads() as session:
        assert notes.first_broken(session) is None


def test_resuming_a_target_closes_the_breaker_of_its_account(office: Office) -> None:
    opened(office, "gate")
    before = rows(office)["gate"]

    resume(office, GATE)

    after = rows(office)["gate"]
    assert (before.breaker, before.is_well) == ("open", False)
    assert before.advice.startswith("已自动停发：")
    assert (after.breaker, after.is_well, after.advice) == ("closed", True, "")
    assert after.lane is not None
    assert (after.lane.faults, after.lane.openings, after.lane.probe_at) == (0, 0, None)
    assert told(office) == [("吴凡", "resume", "gate", "")]


def test_resuming_everything_closes_no_breaker(office: Office) -> None:
    opened(office, "gate")
    pause(office, EVERYTHING)

    resume(office, EVERYTHING)

    assert rows(office)["gate"].breaker == "open"


def test_a_pause_of_what_is_configured_no_more_can_be_lifted(office: Office) -> None:
    with office.desk.database.sessions.begin() as session:
        session.add(Pause(scope="target:old", at=NINE, by="吴凡", because="换新"))

    resume(office, "target:old")

    with office.desk.database.reads() as session:
        assert queries.pauses(session) == []


@pytest.mark.parametrize("scope", ["channel:nowhere", "all", "", "channel:", "person:吴凡"])
def test_a_scope_that_there_is_not_is_refused_with_those_there_are(
    office: Office, scope: str
) -> None:
    for act in (pause, resume):
        with pytest.raises(InvalidError, match="可用的有：everything、channel:") as caught:
            act(office, scope)
        assert caught.value.field == "scope"


def test_a_target_that_is_not_configured_is_not_found(office: Office) -> None:
    for act in (pause, resume):
        with pytest.raises(NotFoundError, match="没有发布目标 nowhere"):
            act(office, "target:nowhere")


def test_two_who_pause_at_once_make_one_pause(postgres_url: str, tmp_path: Path) -> None:
    office = opened_office(open_database(postgres_url), tmp_path, {"gate": FakeChannel()})

    results = at_once(*[lambda: pause(office, GATE)] * 4)

    assert failures(results) == []
    assert paused(office) == ["gate"]
    assert len(told(office)) == 1


def test_a_pause_needs_a_reason(office: Office) -> None:
    with pytest.raises(InvalidError, match="请写明暂停的原因"):
        pause(office, EVERYTHING, reason=" \n")

    assert paused(office) == []


@pytest.mark.parametrize("by", ["林晓", "陈敏", "赵琳"])
def test_only_those_who_run_targets_pause_and_resume(office: Office, by: str) -> None:
    for act in (pause, resume):
        with pytest.raises(NotAllowedError, match="没有暂停或恢复发布目标的权限"):
            act(office, EVERYTHING, by=by)
