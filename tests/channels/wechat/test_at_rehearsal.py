"""The whole core with the channel against the practice outlet: every fault at every step.

However the line fails, a reader sees each article once at the most, and what the ledger says of it
is true.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.wechat import WeChat
from publisher.delivery import check, confirm, worker
from publisher.delivery.works import Works
from publisher.model.delivery import Attempt, Delivery, Observation
from publisher.model.lane import Lane
from publisher.model.note import Note
from publisher.model.states import DeliveryState as S
from publisher.schedule.plan import lane_of
from publisher.storage import renditions
from tests import make
from tests.channels.wechat.scene import NOTICE, MemoryShelf
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

TITLES = ("停水通知", "停电通知")
ROUNDS = 14
ROUND = timedelta(seconds=90)
FAULTS = {
    "refuse": None,
    "cut_before": None,
    "lost_answer": None,
    "error_5xx_before": None,
    "error_5xx_after": None,
    "empty_200": "effect",
    "html_200": "effect",
    "code": -1,
}
PUSHED = ("draft/batchget", "material/add_material", "draft/add", "draft/get")
STEPS = {
    "push": (*PUSHED, "message/mass/sendall", "message/mass/get", "stable_token"),
    "publish": (*PUSHED, "freepublish/submit", "freepublish/get"),
}


def _same(moment: datetime) -> datetime:
    return moment


@dataclass
class Account:
    """A ledger with one target, whose clock and that of the outlet go together."""

    outlets: Rehearsal
    works: Works
    begun_at: datetime
    titles: tuple[str, ...] = TITLES
    ids: list[int] = field(default_factory=list)

    @property
    def lane(self) -> str:
        return lane_of("wechat", self.works.channels["wechat"])

    def plan(self) -> None:
        """Plan the articles; all are due now."""
        wechat = self.works.channels["wechat"]
        with self.works.database.sessions.begin() as session:
            for title in self.titles:
                rendition = wechat.render(dataclasses.replace(NOTICE, title=title))
                frozen = renditions.freeze("wechat", rendition, self.works.media)
                frozen.edition = make.edition(session, targets=["wechat"], title=title)
                row = Delivery(
                    rendition=frozen,
                    item_id=frozen.edition.item_id,
                    target="wechat",
                    lane=self.lane,
                    due_at=self.begun_at,
                    not_after=self.begun_at + timedelta(hours=24),
                )
                session.add(row)
                session.flush()
                self.ids.append(row.id)

    def live(self, rounds: int = ROUNDS, *, checks: bool = False) -> None:
        """Let time go by: send what is due, make lost calls again, look."""
        for number in range(rounds):
            passed = ROUND * number
            self.outlets.change("wechat", clock_offset_s=passed.total_seconds())
            moment = self.begun_at + passed
            now = functools.partial(_same, moment)
            if checks:
                check.check(self.works, "wechat", now=moment)
            worker.run_lane(self.works, self.lane, now=now)
            confirm.run_target(self.works, "wechat", now=now)

    def states(self) -> dict[str, S]:
        return {
            title: S(make.stored(self.works, one).state)
            for title, one in zip(self.titles, self.ids, strict=True)
        }

    def seen(self) -> Counter[str]:
        """How often a reader sees each of our titles."""
        shown = self.outlets.visible("wechat")
        titles = [
            article["title"]
            for kind in shown.values()
            if isinstance(kind, list)
            for post in kind
            for article in post.get("articles", [post])
        ]
        return Counter(title for title in titles if title in self.titles)


@pytest.fixture
def opened(rehearsal: Rehearsal, tmp_path: Path, request: pytest.FixtureRequest) -> Account:
    """An account in the mode that the test names, with two articles to publish."""
    mode = getattr(request, "param", "push")
    rehearsal.change("wechat", job_delay_s=0)
    wechat = WeChat(
        appid="wxrehearsal0000001",
        secret="rehearsal-secret",
        api_base=f"{rehearsal.url}/wechat",
        shelf=MemoryShelf(),
        mode=mode,
        pushes_per_day=0,
        timeout_s=2.0,
    )
    works = make.works(tmp_path, {"wechat": wechat})
    account = Account(rehearsal, works, datetime.now(UTC))
    account.plan()
    return account


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("opened", "step"),
    [(mode, step) for mode, steps in STEPS.items() for step in steps],
    indirect=["opened"],
)
def test_whatever_fails_at_whatever_step_nothing_is_seen_twice_and_the_ledger_is_true(
    opened: Account, step: str, fault: str
) -> None:
    opened.outlets.fault("wechat", step, fault, times=1, value=FAULTS[fault])

    opened.live()

    seen, states = opened.seen(), opened.states()
    for title in opened.titles:
        assert seen[title] <= 1
        if states[title] == S.CONFIRMED:
            assert seen[title] == 1
        elif states[title] in (S.PLANNED, S.FAILED):
            assert seen[title] == 0
        else:
            assert states[title] in (S.UNCONFIRMED, S.ACCEPTED)  # a person is asked
            assert make.stored(opened.works, opened.ids[0]).advice


@pytest.mark.parametrize("fault", ["lost_answer", "error_5xx_after", "cut_before"])
def test_a_push_whose_answer_was_lost_is_settled_by_its_repeat(opened: Account, fault: str) -> None:
    opened.outlets.fault("wechat", "message/mass/sendall", fault, times=1)

    opened.live()

    assert opened.states() == dict.fromkeys(opened.titles, S.CONFIRMED)
    assert opened.seen() == Counter(opened.titles)


def test_without_any_fault_both_articles_are_one_push(opened: Account) -> None:
    opened.live(rounds=3)

    assert opened.states() == dict.fromkeys(opened.titles, S.CONFIRMED)
    assert opened.seen() == Counter(opened.titles)
    first, second = (make.stored(opened.works, one).remote_id or "" for one in opened.ids)
    assert first.split(":")[0] == second.split(":")[0]


def test_nothing_that_anybody_reads_names_the_account_or_its_secrets(
    opened: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    wechat = opened.works.channels["wechat"]
    assert isinstance(wechat, WeChat)
    for step in STEPS["push"]:
        for fault in ("refuse", "lost_answer", "html_200", "code"):
            value = -1 if fault == "code" else None
            opened.outlets.fault("wechat", step, fault, times=1, value=value)

    opened.live(rounds=60, checks=True)

    shelf = wechat.shelf
    assert isinstance(shelf, MemoryShelf)
    tokens = [value for key, value in shelf.kept.items() if "token" in key]
    written = [capsys.readouterr().out, repr(wechat)]
    with opened.works.database.reads() as session:
        for table in (Attempt, Observation, Delivery, Note, Lane):
            written += [repr(row.__dict__) for row in session.query(table)]
    told = "\n".join(written)
    assert tokens
    assert "not accepted" in told  # there was something to tell
    for hidden in ("wxrehearsal0000001", "rehearsal-secret", *tokens):
        assert hidden not in told
