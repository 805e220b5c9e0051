"""A month of one account: 90 items, one push a day, two urgent, a day used by hand, an outage.

And a day on which the outlet says that the push is spent, though the ledger does not know of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.channel import CAMPUS_TIME, Health, Receipt, Rendition
from publisher.delivery import check, confirm, gates, recover, replan, worker
from publisher.delivery.works import Works
from publisher.errors import ChannelError, RetryableError, SpentError
from publisher.model.delivery import Delivery
from publisher.model.lane import OutsideSend
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import Urgency
from publisher.schedule import times
from publisher.workflow import digest
from tests import make
from tests.publisher.workflow.conftest import Office, opened
from tests.pushing import Digest

CLOCK = [(0, 6), (9, 0), (10, 0), (12, 0), (16, 59), (17, 0), (17, 1), (17, 10), (18, 0), (23, 0)]
FIRST = datetime(2026, 11, 1, tzinfo=CAMPUS_TIME)
ARRIVE = {day: 7 if day % 5 == 0 else 2 for day in range(1, 31)}  # 90 in all, in bursts
URGENT, BY_HAND, EMERGENCY, OUTAGE, SPENT = 6, 10, 15, 20, 26  # days of the month
LAST = 36


@dataclass(frozen=True, kw_only=True)
class Outlet(Digest):
    """Eight together; down or used up when it is told so."""

    max_bundle = 8

    moods: set[str] = field(default_factory=set)

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        if "down" in self.moods:
            raise RetryableError("no connection")
        if "spent" in self.moods:
            raise SpentError("45028", period="day")
        return super().deliver_bundle(renditions, key=key, handle=handle)

    def check(self) -> Health:
        return Health(is_reachable="down" not in self.moods)


@dataclass
class Month:
    """What happened, moment by moment."""

    office: Office
    works: Works
    outlet: Outlet
    calls: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)
    foreseen: dict[date, list[str]] = field(default_factory=dict)  # just before five
    count: int = 0

    def run(self) -> None:
        for day in range(1, LAST + 1):
            for hour, minute in CLOCK:
                now = FIRST + timedelta(days=day - 1, hours=hour, minutes=minute)
                self.happens(day, (hour, minute), now.astimezone(UTC))

    def happens(self, day: int, at: tuple[int, int], now: datetime) -> None:
        """Let people and the outlet do what they do at this moment, and then the core."""
        if at == (9, 0):
            for place in range(ARRIVE.get(day, 0)):
                is_urgent = (day, place) == (URGENT, 1)
                self.approve(Urgency.URGENT if is_urgent else Urgency.NORMAL, now)
        if (day, at) == (EMERGENCY, (10, 0)):
            self.approve(Urgency.EMERGENCY, now)
        if (day, at) == (BY_HAND, (12, 0)):
            self.push_by_hand(now)
        if (day, at) == (OUTAGE, (12, 0)):
            self.outlet.moods.add("down")
        if (day, at) == (OUTAGE + 1, (12, 0)):
            self.outlet.moods.discard("down")
        if at == (16, 59):
            self.foresee(now)
            self.outlet.moods.update({"spent"} if day == SPENT else ())
        if at == (23, 0):
            self.outlet.moods.discard("spent")
        self.keep_house(now)

    def approve(self, urgency: Urgency, now: datetime) -> None:
        self.count += 1
        title = f"{urgency.value} {self.count}"
        self.office.approved(title=title, targets=("push",), urgency=urgency, at=now)

    def push_by_hand(self, now: datetime) -> None:
        with self.works.database.sessions.begin() as session:
            session.add(OutsideSend(lane="push", remote_id="by hand", at=now))
            gates.spend(session, "push", self.outlet, 1, now=now)

    def foresee(self, now: datetime) -> None:
        with self.works.database.reads() as session:
            plan = digest.plan(session, self.office.desk, "push", now=now)
        first = plan.pushes[0] if plan.pushes else None
        today = now.astimezone(CAMPUS_TIME).date()
        if first is not None and first.at.astimezone(CAMPUS_TIME).date() == today:
            self.foreseen[today] = [plan.titles[one] for one in first.ids]

    def keep_house(self, now: datetime) -> None:
        before = len(self.outlet.calls)
        check.check(self.works, "push", now=now)
        worker.run_lane(self.works, "push", now=lambda: now)
        confirm.run_target(self.works, "push", now=lambda: now)
        recover.recover(self.works, now=now)
        replan.replan(self.works, now=now)
        recover.miss(self.works, now=now)
        self.calls += [(now, titles) for titles in self.outlet.calls[before:]]

    def went(self) -> dict[date, tuple[str, ...]]:
        """Return what went out on each day."""
        return {now.astimezone(CAMPUS_TIME).date(): titles for now, titles in self.calls}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    folder: Path = tmp_path_factory.mktemp("month")
    outlet = Outlet()
    office = opened(make.database(folder), folder, {"push": outlet})
    desk = office.desk
    works = Works(
        database=desk.database,
        media=desk.media,
        channels=desk.channels,
        limits=desk.settings.delivery,
    )
    lived = Month(office, works, outlet)
    lived.run()
    return lived


def rows(month: Month) -> list[Delivery]:
    with month.works.database.reads() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def on(day: int) -> date:
    return date(2026, 11, day)


def test_nothing_is_lost_and_nothing_goes_out_twice(month: Month) -> None:
    sent = [title for _, titles in month.calls for title in titles]

    assert month.count == len(sent) == len(set(sent)) == 91
    assert {row.state for row in rows(month)} == {S.CONFIRMED}


def test_there_is_one_push_a_day_at_its_time_and_none_that_is_not_there(month: Month) -> None:
    days = [now.astimezone(CAMPUS_TIME).date() for now, _ in month.calls]
    at = {now.astimezone(CAMPUS_TIME).strftime("%H:%M") for now, _ in month.calls}

    assert len(set(days)) == len(days)
    assert not {on(BY_HAND), on(OUTAGE), on(SPENT)}.intersection(days)
    assert at <= {"10:00", "17:00", "17:01", "17:10"}


def test_the_emergency_takes_the_push_of_its_day_and_the_urgent_leads_its_own(month: Month) -> None:
    went = month.went()

    assert [title.split()[0] for title in went[on(EMERGENCY)]] == ["emergency"]
    assert went[on(URGENT)][0].startswith("urgent")


def test_all_others_go_in_the_order_of_their_approval(month: Month) -> None:
    sent = [title for _, titles in month.calls for title in titles]
    normal = [int(title.split()[1]) for title in sent if title.startswith("normal")]

    assert normal == sorted(normal)


def test_what_was_foreseen_is_what_went_out(month: Month) -> None:
    went = month.went()
    excused = {on(OUTAGE), on(SPENT)}

    assert len(month.foreseen) > 20
    for day, titles in month.foreseen.items():
        assert day in excused or went[day] == tuple(titles)


def test_each_that_was_put_off_says_so_down_to_the_day_on_which_it_went(month: Month) -> None:
    with month.works.database.reads() as session:
        notes = list(session.scalars(select(Note).where(Note.verb == "replan").order_by(Note.id)))
    last = {note.delivery_id: note for note in notes}
    went = {row.id: row for row in rows(month)}

    for delivery, note in last.items():
        accepted = went[delivery or 0].accepted_at
        assert accepted is not None
        five = accepted.astimezone(CAMPUS_TIME).replace(hour=17, minute=0)
        assert note.text.endswith(f"改到 {times.say_day(five)}")
    on_time = set(went) - set(last)
    assert all(
        (went[one].accepted_at or FIRST) - went[one].due_at < timedelta(hours=1) for one in on_time
    )
    assert len({(note.delivery_id, note.text) for note in notes}) == len(notes)


@pytest.mark.parametrize(
    ("day", "because"),
    [
        (BY_HAND, "今天的发送次数已用完"),
        (EMERGENCY, "今天的发送次数已用完"),
        (OUTAGE + 1, "还没到发送时间"),
        (SPENT, "今天的发送次数已用完"),
    ],
)
def test_the_reason_is_told(month: Month, day: int, because: str) -> None:
    with month.works.database.reads() as session:
        notes = list(session.scalars(select(Note).where(Note.verb == "replan").order_by(Note.id)))
    told = [note.text for note in notes if note.at.astimezone(CAMPUS_TIME).date() == on(day)]

    assert told
    assert told[0].startswith(because)
