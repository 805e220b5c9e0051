from __future__ import annotations

import time
from datetime import timedelta

from publisher import clock
from publisher.model.target import ShelfRow
from publisher.storage.database import Database
from publisher.storage.shelf import KEPT_AFTER, DatabaseShelf, sweep
from tests.threads import at_once, failures


def test_a_value_is_there_until_its_end(store: Database) -> None:
    shelf = DatabaseShelf(sessions=store.sessions, name="wechat")

    shelf.write("token", "80_aaaa", ttl_s=0.3)
    soon = shelf.read("token")
    time.sleep(0.35)

    assert soon == "80_aaaa"
    assert shelf.read("token") is None


def test_channels_do_not_see_each_others_values(store: Database) -> None:
    DatabaseShelf(sessions=store.sessions, name="one").write("token", "a", ttl_s=60)

    assert DatabaseShelf(sessions=store.sessions, name="other").read("token") is None


def test_only_one_at_a_time_holds_the_lock(store: Database) -> None:
    shelf = DatabaseShelf(sessions=store.sessions, name="wechat")
    inside, most = [0], [0]

    def work() -> None:
        with shelf.lock("token"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    done = at_once(*[work] * 6)

    assert failures(done) == []
    assert most == [1]


def test_what_is_over_for_long_is_swept_away_and_what_is_not_stays(store: Database) -> None:
    shelf = DatabaseShelf(sessions=store.sessions, name="wechat")
    shelf.write("old", "a", ttl_s=1)
    shelf.write("new", "b", ttl_s=KEPT_AFTER.total_seconds())
    with shelf.lock("only a lock"):
        later = clock.now() + KEPT_AFTER + timedelta(seconds=2)
        swept = sweep(store.sessions, now=later)

    assert swept == 1
    with store.reads() as session:
        assert {row.key for row in session.query(ShelfRow)} == {"wechat/new", "wechat/only a lock"}


def test_a_lock_that_was_swept_away_while_somebody_waits_is_made_anew(store: Database) -> None:
    shelf = DatabaseShelf(sessions=store.sessions, name="wechat")
    entered: list[str] = []

    def first() -> None:
        with shelf.lock("token"):
            time.sleep(0.2)
            with store.sessions.begin() as session:
                session.query(ShelfRow).delete()
        entered.append("first")

    def second() -> None:
        time.sleep(0.1)
        with shelf.lock("token"):
            entered.append("second")

    assert failures(at_once(first, second)) == []
    assert sorted(entered) == ["first", "second"]
