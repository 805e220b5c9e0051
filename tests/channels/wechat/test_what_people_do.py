"""What people and the platform do at the account, and how the ledger comes to know of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from channels.wechat import WeChat, looking
from publisher.channel import Channel, Event, Receipt
from publisher.delivery import events, replan
from publisher.model.lane import OutsideSend, Spent
from publisher.model.states import DeliveryState as S
from tests import make
from tests.channels.wechat.scene import MemoryShelf
from tests.channels.wechat.test_at_rehearsal import TITLES, Account
from tests.rehearsal import Rehearsal

pytest_plugins = ["tests.channels.rehearsal_fixture"]

TOKEN = "callback-token"


def opened(rehearsal: Rehearsal, folder: Path, **settings: object) -> Account:
    """Two articles planned on an account with these settings."""
    rehearsal.change("wechat", job_delay_s=0)
    wechat = WeChat(
        appid="wxrehearsal0000001",
        secret="rehearsal-secret",
        api_base=f"{rehearsal.url}/wechat",
        shelf=MemoryShelf(),
        callback_token=TOKEN,
        timeout_s=2.0,
        **settings,  # type: ignore[arg-type]
    )
    channels: dict[str, Channel] = {"wechat": wechat}
    account = Account(rehearsal, make.works(folder, channels), datetime.now(UTC))
    account.plan()
    return account


@pytest.fixture
def called_back(
    rehearsal: Rehearsal, tmp_path: Path
) -> Iterator[tuple[Account, Callable[[int], list[Event]]]]:
    """An account whose call-backs reach the ledger, and what waits for so many of them."""
    account = opened(rehearsal, tmp_path, pushes_per_day=1)
    wechat = account.works.channels["wechat"]
    assert isinstance(wechat, WeChat)
    heard: list[Event] = []

    def hear(event: Event) -> None:
        events.take(account.works, "wechat", event, now=account.begun_at)
        heard.append(event)

    config = uvicorn.Config(wechat.receiver(hear), port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    rehearsal.change("wechat", callback_url=url, callback_token=TOKEN)

    def wait(count: int) -> list[Event]:
        end = time.monotonic() + 20
        while len(heard) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(heard) >= count
        return heard

    yield account, wait
    server.should_exit = True
    thread.join(timeout=10)


def test_the_addresses_come_with_the_event(
    called_back: tuple[Account, Callable[[int], list[Event]]],
) -> None:
    account, wait = called_back
    account.live(rounds=1)
    wait(1)

    account.live(rounds=3)

    rows = [make.stored(account.works, one) for one in account.ids]
    assert {row.state for row in rows} == {S.CONFIRMED}
    urls = {article["url"] for article in account.outlets.visible("wechat")["articles"]}
    assert {row.url for row in rows} == urls


def test_a_push_made_by_hand_is_counted_once_however_often_it_is_told_and_ours_waits(
    called_back: tuple[Account, Callable[[int], list[Event]]],
) -> None:
    account, wait = called_back
    account.outlets.change("wechat", callback_repeats=2)

    account.outlets.act("push_by_hand")
    wait(1)
    time.sleep(0.5)  # for the repeats
    account.live(rounds=1)
    replan.replan(account.works, now=account.begun_at)

    with account.works.database.reads() as session:
        assert len(session.query(OutsideSend).all()) == 1
        assert [row.sends for row in session.query(Spent)] == [1]
    rows = [make.stored(account.works, one) for one in account.ids]
    assert {row.state for row in rows} == {S.PLANNED}
    assert all("改到" in row.advice for row in rows)
    assert account.seen() == {}


def test_a_push_of_ours_is_not_taken_for_one_made_by_hand(
    called_back: tuple[Account, Callable[[int], list[Event]]],
) -> None:
    account, wait = called_back
    account.live(rounds=1)
    wait(1)  # perhaps before the answer to the push
    events.sort_out(account.works, now=account.begun_at)

    with account.works.database.reads() as session:
        assert session.query(OutsideSend).all() == []
        assert [row.sends for row in session.query(Spent)] == [1]


def test_a_push_waits_for_the_administrator_in_words_and_is_confirmed_after_that(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    account = opened(rehearsal, tmp_path, pushes_per_day=0)
    rehearsal.change("wechat", needs_admin=True)
    account.live(rounds=2)
    waiting = make.stored(account.works, account.ids[0])

    rehearsal.act("confirm", (waiting.remote_id or "").split(":")[0])
    account.live(rounds=6)

    assert waiting.state == S.ACCEPTED
    assert "管理员" in waiting.advice
    assert account.states() == dict.fromkeys(TITLES, S.CONFIRMED)


def test_an_administrator_who_refuses_leaves_nothing_behind(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    account = opened(rehearsal, tmp_path, pushes_per_day=0)
    rehearsal.change("wechat", needs_admin=True)
    account.live(rounds=2)
    job = (make.stored(account.works, account.ids[0]).remote_id or "").split(":")[0]

    rehearsal.act("refuse", job)
    account.live(rounds=8)

    assert account.states() == dict.fromkeys(TITLES, S.FAILED)
    assert account.seen() == {}


@pytest.mark.parametrize(("mode", "act"), [("push", "delete"), ("publish", "block")])
def test_what_is_taken_away_later_is_noticed(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, act: str
) -> None:
    monkeypatch.setattr(looking, "SHARED_S", 0)  # by the real clock, which stands still here
    account = opened(rehearsal, tmp_path, mode=mode, pushes_per_day=0)
    account.live(rounds=3)
    assert set(account.states().values()) == {S.CONFIRMED}
    first = make.stored(account.works, account.ids[0])

    rehearsal.act(act, (first.remote_id or "").split(":")[0].removeprefix("p"))
    account.live(rounds=60)  # an hour and a half

    gone = make.stored(account.works, account.ids[0])
    assert gone.state == S.FAILED
    assert "删除" in gone.advice


def test_one_article_is_withdrawn_and_the_other_of_its_push_stays(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    account = opened(rehearsal, tmp_path, pushes_per_day=0)
    account.live(rounds=3)
    wechat = account.works.channels["wechat"]
    assert isinstance(wechat, WeChat)
    row = make.stored(account.works, account.ids[0])
    receipt = Receipt(remote_id=row.remote_id or "")

    wechat.withdraw(receipt, reason="有误")

    deleted = [one["is_deleted"] for one in rehearsal.visible("wechat")["articles"]]
    assert deleted == [True, False]
    assert wechat.confirm(key=row.key, receipt=receipt) is None
