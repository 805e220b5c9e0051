"""A month of a real channel: one push a day, digests, a push made by hand, an outage.

The clock of the ledger and that of the practice outlet go together, moment by moment.
"""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.wechat import WeChat, looking
from publisher.channel import CAMPUS_TIME, Content
from publisher.delivery import check, confirm, recover, replan, worker
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.model.urgency import Urgency
from publisher.schedule.plan import lane_of
from publisher.workflow import digest
from tests import make
from tests.channels.wechat.scene import MemoryShelf
from tests.publisher.workflow.conftest import Office, opened
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

MOMENTS = (time(9), time(12), time(16, 59), time(17), time(17, 3), time(17, 20), time(23))
DAYS, ITEMS = 30, 90
BY_HAND, URGENT, EMERGENCY, OUTAGE = 8, (5, 21), 15, 18  # days, from 0
ARRIVE = [3] * DAYS  # 90 in all
HAND_MADE = "食堂菜谱"


@dataclass
class Month:
    """The ledger of one account through the days."""

    outlets: Rehearsal
    office: Office
    works: Works
    wechat: WeChat
    begun_at: datetime
    titles: list[str] = field(default_factory=list)
    foreseen: dict[date, list[str]] = field(default_factory=dict)

    @property
    def lane(self) -> str:
        return lane_of("wechat", self.wechat)

    def run(self) -> None:
        first = (self.begun_at.astimezone(CAMPUS_TIME) + timedelta(days=1)).date()
        for number in range(DAYS + 4):
            for at in MOMENTS:
                moment = datetime.combine(first + timedelta(days=number), at, CAMPUS_TIME)
                ahead = (moment - datetime.now(UTC)).total_seconds()
                self.outlets.change("wechat", clock_offset_s=ahead)
                self.happens(number, at, moment.astimezone(UTC))

    def happens(self, day: int, at: time, now: datetime) -> None:
        """Let people and the outlet do what they do at this moment, and then the core."""
        if at == time(9) and day < DAYS:
            for place in range(ARRIVE[day]):
                is_urgent = day in URGENT and place == 0
                self.approve(Urgency.URGENT if is_urgent else Urgency.NORMAL, now)
        if (day, at) == (EMERGENCY, time(12)):
            self.approve(Urgency.EMERGENCY, now)
        if (day, at) == (BY_HAND, time(12)):
            self.push_by_hand()
        if (day, at) == (OUTAGE, time(12)):
            self.outlets.fault("wechat", "*", "refuse", times=None)
        if (day, at) == (OUTAGE + 1, time(12)):
            self.outlets.clear("wechat")
        if at == time(16, 59):
            self.foresee(now)
        self.keep_house(now)

    def approve(self, urgency: Urgency, now: datetime) -> None:
        title = f"第{len(self.titles) + 1}号通知"
        self.titles.append(title)
        self.office.approved(title=title, targets=("wechat",), urgency=urgency, at=now)

    def push_by_hand(self) -> None:
        """Somebody in the office pushes from the console of the outlet."""
        own = self.wechat.render(Content(title=HAND_MADE, body="<p>见食堂。</p>"))
        self.wechat.deliver(own, key="by-hand")

    def foresee(self, now: datetime) -> None:
        with self.works.database.reads() as session:
            plan = digest.plan(session, self.office.desk, "wechat", now=now)
        today = now.astimezone(CAMPUS_TIME).date()
        first = plan.pushes[0] if plan.pushes else None
        if first and first.at.astimezone(CAMPUS_TIME).date() == today:
            self.foreseen[today] = [plan.titles[one] for one in first.ids]

    def keep_house(self, now: datetime) -> None:
        same = functools.partial(_same, now)
        check.check(self.works, "wechat", now=now)
        worker.run_lane(self.works, self.lane, now=same)
        confirm.run_target(self.works, "wechat", now=same)
        recover.recover(self.works, now=now)
        replan.replan(self.works, now=now)
        recover.miss(self.works, now=now)

    def pushes(self) -> list[list[str]]:
        """Return the titles of each push that followers see, oldest first."""
        pushes: dict[int, list[str]] = {}
        for one in self.outlets.visible("wechat")["articles"]:
            pushes.setdefault(one["msg_id"], []).append(one["title"])
        return list(reversed(pushes.values()))


def _same(moment: datetime) -> datetime:
    return moment


@pytest.fixture
def month(rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Month:
    # a month of looks in one day of the real clock, by which the day's share is counted
    monkeypatch.setattr(looking, "LOOKS", 100_000)
    rehearsal.change("wechat", daily_pushes=1, job_delay_s=0)
    wechat = WeChat(
        appid="wxrehearsal0000001",
        secret="rehearsal-secret",
        api_base=f"{rehearsal.url}/wechat",
        shelf=MemoryShelf(),
        push_times=("17:00",),
        timeout_s=5.0,
    )
    office = opened(make.database(tmp_path), tmp_path, {"wechat": wechat})
    desk = office.desk
    works = Works(
        database=desk.database,
        media=desk.media,
        channels=desk.channels,
        limits=desk.settings.delivery,
    )
    return Month(rehearsal, office, works, wechat, datetime.now(UTC))


def test_nothing_is_lost_nothing_goes_twice_and_what_does_not_fit_is_planned_anew(
    month: Month,
) -> None:
    month.run()

    pushes = month.pushes()
    seen = Counter(title for push in pushes for title in push)
    assert seen == Counter([*month.titles, HAND_MADE])
    assert all(len(push) <= 8 for push in pushes)
    assert len(month.titles) == ITEMS + 1  # and the emergency
    with month.works.database.reads() as session:
        states = Counter(session.scalars(select(Delivery.state)))
        said = session.scalars(select(Note.text).where(Note.verb == "replan")).all()
    assert states == {S.CONFIRMED: ITEMS + 1}
    assert said
    assert all("改到" in text for text in said)
    foreseen = list(month.foreseen.values())
    assert sum(push in foreseen for push in pushes) >= len(pushes) - 4  # but for what nobody knew
