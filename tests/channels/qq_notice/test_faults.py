"""The whole core with the channel against the practice account: every fault at every step."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.qq_notice import QQNotice
from publisher.channel import Content
from publisher.delivery import check, confirm, worker
from publisher.delivery.works import Works
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S
from publisher.schedule.plan import lane_of
from publisher.storage import renditions
from tests import make
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

GROUP = 100001  # the bot is an administrator there
ROUND, ROUNDS = timedelta(minutes=12), 4  # longer than an account is spared
FAULTS = {
    "refuse": None,
    "cut_before": None,
    "lost_answer": None,
    "error_5xx_before": None,
    "error_5xx_after": None,
    "empty_200": "effect",
    "html_200": "effect",
    "timeout_nt": "effect",
    "offline": None,
    "false_ok": None,
}
SEND = "_send_group_notice"
STEPS = (
    "get_status",
    "get_group_list",
    "get_login_info",
    "get_group_member_info",
    "_get_group_notice",
    SEND,
)
NOTICE = Content(title="关于停水的通知", body="", summary="周六 9:00 停水，请储水。")


@dataclass
class Account:
    """A ledger with one delivery to one group."""

    outlets: Rehearsal
    works: Works
    id: int
    begun_at: datetime

    def live(self) -> None:
        lane = lane_of("qq", self.works.channels["qq"])
        for number in range(ROUNDS):
            moment = self.begun_at + ROUND * number
            now = functools.partial(_same, moment)
            check.check(self.works, "qq", now=moment)
            worker.run_lane(self.works, lane, now=now)
            confirm.run_target(self.works, "qq", now=now)

    def seen(self) -> int:
        return len(self.outlets.visible("onebot")["notices"][str(GROUP)])


def _same(moment: datetime) -> datetime:
    return moment


@pytest.fixture
def account(rehearsal: Rehearsal, tmp_path: Path, request: pytest.FixtureRequest) -> Account:
    """One notice that is due now, behind the server that the test names."""
    rehearsal.change("onebot", profile=getattr(request, "param", "napcat"))
    qq = QQNotice(
        base_url=f"{rehearsal.url}/onebot",
        access_token="rehearsal-token",
        groups=(GROUP,),
        folder=tmp_path / "qq",
        notice_gap_s=0.0,
        reads_back_after_s=0.0,
        quiet_hours=(),
        timeout_s=2.0,
    )
    works = make.works(tmp_path, {"qq": qq})
    moment = datetime.now(UTC)
    with works.database.sessions.begin() as session:
        frozen = renditions.freeze("qq", qq.render(NOTICE), works.media)
        frozen.edition = make.edition(session, targets=["qq"])
        row = Delivery(
            rendition=frozen,
            item_id=frozen.edition.item_id,
            target="qq",
            part=str(GROUP),
            lane=lane_of("qq", qq),
            due_at=moment,
            not_after=moment + timedelta(days=1),
        )
        session.add(row)
        session.flush()
        return Account(rehearsal, works, row.id, moment)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_whatever_fails_at_whatever_step_a_group_has_one_notice_at_the_most_and_the_ledger_is_true(
    account: Account, step: str, fault: str
) -> None:
    account.outlets.fault("onebot", step, fault, times=1, value=FAULTS[fault])

    account.live()

    row = make.stored(account.works, account.id)
    assert account.seen() <= 1
    if row.state == S.CONFIRMED:
        assert account.seen() == 1
    elif row.state in (S.PLANNED, S.FAILED):
        assert account.seen() == 0
    else:
        assert row.state in (S.UNCONFIRMED, S.ACCEPTED)  # a person is asked
        assert row.advice


@pytest.mark.parametrize(
    "account", ["napcat", "llbot", "snowluma", "lagrange", "gocq"], indirect=True
)
@pytest.mark.parametrize("fault", ["lost_answer", "timeout_nt", "error_5xx_after"])
def test_behind_every_server_a_notice_whose_answer_was_lost_is_found_or_a_person_asked(
    account: Account, fault: str
) -> None:
    account.outlets.fault("onebot", SEND, fault, times=1, value=FAULTS[fault])

    account.live()

    row = make.stored(account.works, account.id)
    assert account.seen() == 1
    assert row.state in (S.CONFIRMED, S.UNCONFIRMED)
