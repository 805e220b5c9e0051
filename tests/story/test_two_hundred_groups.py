"""One notice for two hundred QQ groups over real sockets: each group is its own, none gets two."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.qq_notice import QQNotice
from publisher import settings
from publisher.alarms import watch
from publisher.channel import Content
from publisher.delivery import check, confirm, worker
from publisher.delivery.works import Works
from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery
from publisher.model.lane import Lane
from publisher.model.states import DeliveryState as S
from publisher.schedule.plan import lane_of
from publisher.settings import Settings
from publisher.storage import renditions
from tests import make
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

FIRST, COUNT = 200_001, 200
GROUPS = tuple(range(FIRST, FIRST + COUNT))
THROWN_OUT, MUTED, LEFT = GROUPS[10:13], GROUPS[50:55], GROUPS[150:152]
NOTICE = Content(title="关于停水的通知", body="<p>停水。</p>", summary="周六停水。", link="")
STEP = timedelta(minutes=10)  # longer than any account is spared


@dataclass
class Fanout:
    """The ledger of one account with its groups; its clock goes on by steps."""

    outlets: Rehearsal
    works: Works
    settings: Settings
    begun_at: datetime
    groups: tuple[int, ...]
    steps: int = 0

    @property
    def now(self) -> datetime:
        return self.begun_at + STEP * self.steps

    @property
    def lane(self) -> str:
        return lane_of("qq", self.works.channels["qq"])

    def live(self, steps: int = 1, *, limit: int | None = None) -> None:
        """Let time go by: ask how the account is, send what is due, look, watch."""
        for _ in range(steps):
            self.steps += 1
            now = functools.partial(_same, self.now)
            check.check(self.works, "qq", now=self.now)
            worker.run_lane(self.works, self.lane, now=now, limit=limit)
            confirm.run_target(self.works, "qq", now=now)
            watch.watch(self.works, self.settings, now=self.now)

    def states(self) -> dict[int, S]:
        with self.works.database.reads() as session:
            return {int(row.part): S(row.state) for row in session.query(Delivery)}

    def seen(self) -> Counter[int]:
        """How many notices the members of each group see."""
        notices = self.outlets.visible("onebot")["notices"]
        return Counter({group: len(notices[str(group)]) for group in self.groups})

    def breaker(self) -> str:
        with self.works.database.reads() as session:
            record = session.get(Lane, self.lane)
            return record.breaker if record else "closed"

    def alarms(self) -> list[str]:
        with self.works.database.reads() as session:
            return [alarm.key for alarm in session.query(Alarm) if alarm.until is None]


def _same(moment: datetime) -> datetime:
    return moment


@pytest.fixture
def fanout(rehearsal: Rehearsal, tmp_path: Path, request: pytest.FixtureRequest) -> Fanout:
    """One notice planned for all groups, or for as many as the test says."""
    groups = GROUPS[: getattr(request, "param", COUNT)]
    rehearsal.groups(*[{"group_id": group} for group in groups])
    qq = QQNotice(
        base_url=f"{rehearsal.url}/onebot",
        access_token="rehearsal-token",
        groups=groups,
        folder=tmp_path / "qq",
        notice_gap_s=0.0,
        reads_back_after_s=0.0,
        quiet_hours=(),
    )
    works = make.works(tmp_path, {"qq": qq})
    with works.database.sessions.begin() as session:
        frozen = renditions.freeze("qq", qq.render(NOTICE), works.media)
        frozen.edition = make.edition(session, targets=["qq"])
        moment = datetime.now(UTC)
        session.add_all(
            Delivery(
                rendition=frozen,
                item_id=frozen.edition.item_id,
                target="qq",
                part=str(group),
                lane=lane_of("qq", qq),
                due_at=moment,
                not_after=moment + timedelta(days=2),
            )
            for group in groups
        )
    return Fanout(rehearsal, works, settings.load(tmp_path), moment, groups)


def test_each_group_fares_by_itself(fanout: Fanout) -> None:
    for group in (*THROWN_OUT, *LEFT):
        fanout.outlets.groups({"group_id": group, "is_in": False})
    fanout.outlets.groups(*[{"group_id": group, "is_muted": True} for group in MUTED])

    fanout.live(2)

    states, seen = fanout.states(), fanout.seen()
    assert Counter(states.values()) == {S.CONFIRMED: 190, S.FAILED: 5, S.PLANNED: 5}
    assert {group for group in GROUPS if states[group] == S.FAILED} == {*THROWN_OUT, *LEFT}
    assert {group for group in GROUPS if states[group] == S.PLANNED} == set(MUTED)
    assert all(seen[group] == (states[group] == S.CONFIRMED) for group in GROUPS)
    assert fanout.breaker() == "closed"


@pytest.mark.parametrize("fanout", [60], indirect=True)
def test_an_account_that_is_banned_midway_stops_all_with_one_alarm_and_goes_on_where_it_stopped(
    fanout: Fanout,
) -> None:
    fanout.live(limit=25)
    assert sum(fanout.seen().values()) == 25

    fanout.outlets.fault("onebot", "*", "offline", times=None)
    fanout.live(3)

    assert sum(fanout.seen().values()) == 25
    assert fanout.breaker() == "open"
    assert [key for key in fanout.alarms() if key.startswith("breaker")] == [
        f"breaker {fanout.lane}"
    ]
    assert Counter(fanout.states().values())[S.PLANNED] == 35

    fanout.outlets.clear("onebot")
    fanout.live(4)

    assert set(fanout.states().values()) == {S.CONFIRMED}
    assert fanout.seen() == Counter(dict.fromkeys(fanout.groups, 1))
    assert not [key for key in fanout.alarms() if key.startswith("breaker")]


@pytest.mark.parametrize("fanout", [20], indirect=True)
def test_a_group_that_was_left_does_not_keep_an_account_from_going_on(fanout: Fanout) -> None:
    gone = fanout.groups[3]
    fanout.outlets.groups({"group_id": gone, "is_in": False})
    fanout.outlets.fault("onebot", "*", "offline", times=None)
    fanout.live()
    assert fanout.breaker() == "open"

    fanout.outlets.clear("onebot")
    fanout.live(4)

    states = fanout.states()
    assert {group for group in fanout.groups if states[group] == S.FAILED} == {gone}
    assert Counter(states.values()) == {S.CONFIRMED: 19, S.FAILED: 1}
    assert fanout.breaker() == "closed"


@pytest.mark.parametrize("fanout", [20], indirect=True)
@pytest.mark.parametrize("fault", ["lost_answer", "timeout_nt", "false_ok"])
def test_a_send_that_says_nothing_true_leaves_no_group_with_two(fanout: Fanout, fault: str) -> None:
    value = "effect" if fault == "timeout_nt" else None
    fanout.outlets.fault("onebot", "_send_group_notice", fault, times=2, value=value)

    fanout.live(4)

    states, seen = fanout.states(), fanout.seen()
    assert max(seen.values()) == 1
    assert all(seen[group] == 1 for group in fanout.groups if states[group] == S.CONFIRMED)
    assert Counter(states.values())[S.CONFIRMED] >= 18
