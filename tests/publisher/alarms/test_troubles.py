"""What is wrong, from facts alone, and the facts from a ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from publisher import settings
from publisher.alarms import troubles
from publisher.alarms.troubles import Disk, Facts, Flipped, Halted, Overdue
from publisher.channel import Ration, Rations, Rests, Shares
from publisher.delivery.works import Works
from publisher.model import words
from publisher.model.lane import Lane, Spent
from publisher.model.states import DeliveryState as S
from publisher.model.target import Beat, Pause
from publisher.settings import Settings
from publisher.storage.database import open_database
from tests import make
from tests.make import NINE, FakeChannel

LATE = NINE + timedelta(seconds=121)
LATER = NINE + timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Shared(FakeChannel, Shares):
    """A place of an account that others share."""

    def account(self) -> str:
        return "10001"


SHARED = "test_troubles:10001"  # its lane


@dataclass(frozen=True, kw_only=True)
class Rationed(FakeChannel, Rations):
    """An account that may be used once a day."""

    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=1, period="day"),)


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return make.works(tmp_path, {"gate": FakeChannel(), "yard": FakeChannel()})


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return settings.load(tmp_path)


def add(works: Works, *rows: object) -> None:
    with works.database.sessions.begin() as session:
        session.add_all(rows)


def stuck(works: Works, now: datetime = LATE) -> list[str]:
    with works.database.reads() as session:
        return troubles.stuck_lanes(session, works, now=now)


@pytest.mark.parametrize(
    ("facts", "key", "says"),
    [
        (
            Facts(overdue=Overdue(count=3, place="官网", title="停水通知", deadline_at=NINE)),
            "overdue",
            "有 3 次投递过了处理期限，最早的是官网《停水通知》（期限 2026年11月24日 9:00）",
        ),
        (
            Facts(flipped=[Flipped(target="wx", item_id=7, label="公众号", title="停水通知")]),
            "flipped wx 7",
            "公众号上的《停水通知》发布后已被删除或屏蔽",
        ),
        (Facts(stuck={"qq": "QQ 群公告"}), "lane qq", "QQ 群公告到时间的投递超过 2 分钟没有发出"),
        (
            Facts(halted=[Halted(lane="qq", label="QQ", since=NINE, advice="请重新登录")]),
            "breaker qq",
            "QQ从 2026年11月24日 9:00 起自动停发：请重新登录；",
        ),
        (Facts(silent={"worker a1": NINE}), "worker a1", "工作进程 a1 从 2026年11月24日 9:00 起"),
        (
            Facts(disk=Disk(free_mb=499, total_mb=100_000, min_free_mb=500)),
            "disk",
            "磁盘只剩 0.5 GB",
        ),
        (Facts(database_s=2.1), "database", "数据库读写一次要 2 秒以上"),
    ],
)
def test_each_trouble_is_one_sentence_that_says_what_to_do(
    facts: Facts, key: str, says: str
) -> None:
    [(found, sentence)] = troubles.of(facts).items()

    assert found == key
    assert says in sentence
    assert "请" in sentence or "点恢复" in sentence
    assert troubles.of(facts) == troubles.of(facts)  # the same as long as nothing changes


@pytest.mark.parametrize("kind", troubles.KINDS)
def test_every_kind_has_a_name_on_the_page_and_a_line_for_operators(kind: str) -> None:
    operations = Path(__file__).parents[3] / "docs" / "operations.md"

    assert words.alarm(f"{kind} x") != words.alarm("x")
    assert f"（`{kind}" in operations.read_text(encoding="utf-8").replace("(", "（")


def test_nothing_is_wrong_where_nothing_is() -> None:
    assert troubles.of(Facts()) == {}
    assert troubles.of(Facts(database_s=2.0)) == {}


@pytest.mark.parametrize(
    ("free_mb", "total_mb", "least_mb", "is_low"),
    [
        (500, 100_000, 500, True),  # and less than a twentieth
        (500, 10_000, 500, False),
        (499, 10_000, 500, True),
        (4999, 100_000, 500, True),
        (5000, 100_000, 500, False),  # exactly a twentieth
        (5001, 1_000_000, 500, False),  # little of a large disk is plenty
        (1, 1_000_000, 0, False),  # nobody wants to know
    ],
)
def test_a_disk_is_low_by_megabytes_or_by_its_share(
    free_mb: float, total_mb: float, least_mb: float, is_low: bool
) -> None:
    disk = Disk(free_mb=free_mb, total_mb=total_mb, min_free_mb=least_mb)

    assert disk.is_low is is_low


def test_what_was_seen_and_is_gone_is_an_alarm_until_a_person_has_decided(
    works: Works, home: Settings
) -> None:
    gone: dict[str, Any] = {"state": S.FAILED, "confirmed_at": NINE, "ended_at": NINE}
    one = make.delivery(works, **gone, deadline_at=NINE)
    make.delivery(works, **gone)  # of which a person has decided
    make.delivery(works, state=S.FAILED, ended_at=NINE)  # never seen

    with works.database.reads() as session:
        found = troubles.of(troubles.seen(session, works, home, now=LATER))

    assert {key for key in found if key != "disk"} == {
        f"flipped gate {make.stored(works, one).item_id}"
    }


def test_a_lane_that_lets_a_due_delivery_lie_is_stuck(works: Works) -> None:
    make.delivery(works)

    assert stuck(works, NINE + timedelta(seconds=119)) == []
    assert stuck(works) == ["gate"]


Excuse = Callable[[Works], None]
EXCUSES: dict[str, Excuse] = {
    "its target is paused": lambda works: add(
        works, Pause(scope="target:gate", at=NINE, by="吴凡", because="检修")
    ),
    "its channel is paused": lambda works: add(
        works, Pause(scope="channel:make", at=NINE, by="吴凡", because="检修")
    ),
    "everything is paused": lambda works: add(
        works, Pause(scope="everything", at=NINE, by="吴凡", because="检修")
    ),
    "its breaker is open": lambda works: add(works, Lane(name="gate", breaker="open", advice="")),
    "it is paced": lambda works: add(
        works, Lane(name="gate", next_send_at=LATE + timedelta(seconds=5), advice="")
    ),
    "it is sending": lambda works: add_sending(works),
    "it has sent meanwhile": lambda works: add_sent(works),
}


def add_sending(works: Works) -> None:
    until = LATE + timedelta(minutes=1)
    make.delivery(works, state=S.SENDING, lease_until=until, deadline_at=until)


def add_sent(works: Works) -> None:
    make.delivery(works, state=S.ACCEPTED, accepted_at=NINE + timedelta(seconds=60))


@pytest.mark.parametrize("name", EXCUSES)
def test_a_lane_with_an_excuse_is_not_stuck(works: Works, name: str) -> None:
    make.delivery(works)

    EXCUSES[name](works)

    assert stuck(works) == []


def test_a_lane_whose_ration_is_spent_is_not_stuck(works: Works) -> None:
    rationed = replace(works, channels={"gate": Rationed()})
    make.delivery(rationed)
    before = stuck(rationed)

    add(rationed, Spent(lane="gate", period="2026-11-24", sends=1))

    assert (before, stuck(rationed)) == (["gate"], [])


@dataclass(frozen=True, kw_only=True)
class Kept(FakeChannel, Rations):
    """An account whose one send a day is for what is urgent."""

    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=1, period="day", reserve=1),)


@dataclass(frozen=True, kw_only=True)
class Resting(FakeChannel, Rests):
    """An account that is left alone for the rest of the day."""

    def rest_until(self, moment: datetime) -> datetime:
        return moment + timedelta(hours=8)


@pytest.mark.parametrize("channel", [Kept(), Resting()])
def test_a_lane_that_waits_by_its_rules_is_not_stuck(works: Works, channel: FakeChannel) -> None:
    by_rules = replace(works, channels={"gate": channel})

    make.delivery(by_rules)

    assert stuck(by_rules) == []


def test_an_account_that_sends_for_one_of_its_targets_is_at_work(works: Works) -> None:
    shared = replace(works, channels={"gate": Shared(), "yard": Shared()})
    make.delivery(shared, lane=SHARED)
    before = stuck(shared)

    make.delivery(
        shared, target="yard", lane=SHARED, state=S.ACCEPTED, accepted_at=NINE + timedelta(0, 60)
    )

    assert (before, stuck(shared)) == ([SHARED], [])


def test_a_delivery_that_waits_for_another_is_no_sign_of_a_stuck_lane(works: Works) -> None:
    first = make.delivery(works, state=S.ACCEPTED, accepted_at=NINE - timedelta(hours=1))
    make.delivery(works, target="yard", after_id=first)

    assert stuck(works) == []


def test_the_worst_of_what_is_overdue_is_named(works: Works, home: Settings) -> None:
    make.delivery(works, state=S.UNCONFIRMED, deadline_at=NINE)
    make.delivery(works, state=S.UNCONFIRMED, deadline_at=NINE - timedelta(hours=1), target="yard")
    make.delivery(works, state=S.UNCONFIRMED, deadline_at=LATER)

    facts = troubles.read(works, home, now=NINE)

    assert facts.overdue is not None
    assert (facts.overdue.count, facts.overdue.title) == (2, "停水通知")
    assert facts.overdue.deadline_at == NINE - timedelta(hours=1)


def waits(works: Works, **changes: Any) -> None:
    """An edition that waits for its reviewers since nine."""
    with works.database.sessions.begin() as session:
        make.edition(session, **({"state": "in_review", "submitted_at": NINE} | changes))


def test_what_waits_too_long_for_a_reviewer_is_told_with_its_stage(
    works: Works, home: Settings
) -> None:
    waits(works)
    waits(works, title="停电通知", submitted_at=NINE + timedelta(minutes=1))

    early = troubles.of(troubles.read(works, home, now=NINE + timedelta(hours=23)))
    late = troubles.of(troubles.read(works, home, now=NINE + timedelta(hours=25)))

    assert "review" not in early
    assert "有 2 篇稿件等待审核太久" in late["review"]
    assert "最急的是《停水通知》，现在轮到“部门审核”" in late["review"]


def test_an_emergency_that_is_out_and_not_reviewed_later_is_told_first(
    works: Works, home: Settings
) -> None:
    waits(works)
    waits(works, title="台风停课", state="approved", expedited_at=NINE)

    told = troubles.of(troubles.read(works, home, now=NINE + timedelta(hours=25)))

    assert "已先行发布，还没有补审，最急的是《台风停课》" in told["review"]


def test_an_account_is_called_by_its_targets(works: Works, home: Settings) -> None:
    add(works, Lane(name="gate", breaker="half_open", opened_at=NINE, advice="请检查密钥"))

    [halted] = troubles.read(works, home, now=LATER).halted

    assert (halted.label, halted.since, halted.advice) == ("假渠道", NINE, "请检查密钥")


def test_the_disk_is_that_of_the_installation(works: Works, home: Settings) -> None:
    disk = troubles.read(works, home, now=NINE).disk

    assert disk is not None
    assert 0 < disk.free_mb < disk.total_mb
    assert disk.min_free_mb == 500


def test_what_a_killed_process_left_is_no_silent_worker_with_sqlite(
    works: Works, home: Settings
) -> None:
    add(works, Beat(name="worker a1", at=NINE - timedelta(minutes=5)))

    facts = troubles.read(works, home, now=NINE)

    assert (dict(facts.silent), facts.works_on) == ({}, True)


@pytest.mark.parametrize(
    ("silent_s", "is_named"), [(60, False), (61, True), (3599, True), (3600, False), (-30, False)]
)
def test_a_worker_that_is_silent_is_named_until_it_is_forgotten(
    postgres_url: str, works: Works, home: Settings, silent_s: int, is_named: bool
) -> None:
    with opened(postgres_url, works) as many:
        add(many, Beat(name="worker a1", at=NINE - timedelta(seconds=silent_s)))
        add(many, Beat(name="worker b2", at=NINE))

        facts = troubles.read(many, home, now=NINE)

    assert list(facts.silent) == (["worker a1"] if is_named else [])
    assert facts.works_on is True


def test_where_no_worker_lives_nothing_works_on(
    postgres_url: str, works: Works, home: Settings
) -> None:
    with opened(postgres_url, works) as many:
        nobody = troubles.read(many, home, now=NINE).works_on
        add(many, Beat(name="worker a1", at=NINE - timedelta(minutes=5)))

        assert (nobody, troubles.read(many, home, now=NINE).works_on) == (True, False)


@contextmanager
def opened(url: str, works: Works) -> Iterator[Works]:
    """The same works on a server that many share."""
    database = open_database(url)
    yield replace(works, database=database)
    database.engine.dispose()


def test_how_long_the_database_takes_is_one_of_the_facts(works: Works, home: Settings) -> None:
    event.listen(works.database.engine, "before_cursor_execute", lambda *_: time.sleep(0.02))

    assert troubles.read(works, home, now=NINE).database_s >= 0.1  # more than five statements


def test_the_facts_are_read_without_a_write(works: Works, home: Settings) -> None:
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(works.database.engine, "before_cursor_execute", note)
    with works.database.reads() as session:
        troubles.seen(session, works, home, now=NINE)

    assert statements
    assert not [one for one in statements if one.startswith(("INSERT", "UPDATE", "DELETE"))]
