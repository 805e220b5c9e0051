from __future__ import annotations

import threading
import time
from pathlib import Path

from publisher.storage.shelf import DatabaseShelf
from tests import make


def test_a_value_is_there_until_its_end(tmp_path: Path) -> None:
    shelf = DatabaseShelf(sessions=make.database(tmp_path).sessions, name="wechat")

    shelf.write("token", "80_aaaa", ttl_s=0.3)
    at_once = shelf.read("token")
    time.sleep(0.35)

    assert at_once == "80_aaaa"
    assert shelf.read("token") is None


def test_targets_do_not_see_each_others_values(tmp_path: Path) -> None:
    database = make.database(tmp_path)
    DatabaseShelf(sessions=database.sessions, name="one").write("token", "a", ttl_s=60)

    assert DatabaseShelf(sessions=database.sessions, name="other").read("token") is None


def test_only_one_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    shelf = DatabaseShelf(sessions=make.database(tmp_path).sessions, name="wechat")
    inside, most = [0], [0]

    def work() -> None:
        with shelf.lock("token"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]
