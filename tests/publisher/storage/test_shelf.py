from __future__ import annotations

import time

from publisher.storage.database import Database
from publisher.storage.shelf import DatabaseShelf
from tests.threads import at_once, failures


def test_a_value_is_there_until_its_end(store: Database) -> None:
    shelf = DatabaseShelf(sessions=store.sessions, name="wechat")

    shelf.write("token", "80_aaaa", ttl_s=0.3)
    soon = shelf.read("token")
    time.sleep(0.35)

    assert soon == "80_aaaa"
    assert shelf.read("token") is None


def test_targets_do_not_see_each_others_values(store: Database) -> None:
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
