"""A whole copy at each real server: published, changed, killed, damaged, repaired."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from channels.website.copies.address import place_of
from channels.website.copies.mirror import MANIFEST, Mirror
from tests.channels.website.copies.servers import SERVERS, Server
from tests.channels.website.notices import contents

SITE = "https://xxgk.example.edu.cn"
PUSH = f"""
import json, sys
from functools import partial
from pathlib import Path
from channels.website.copies.address import place_of
from channels.website.copies.mirror import Mirror
table, journal, root = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
Mirror(opened=partial(place_of, table), journal=journal, site="{SITE}").push(root)
"""


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with cast(AbstractContextManager[Server], SERVERS[request.param](tmp_path / "at")) as server:
        yield server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "public"
    put(made, "index.html", "feed.xml", "column/03/1.html", "assets/site.css")
    for serial in range(40):
        put(made, f"info/2026/{serial:04}.html", f"info/2026/{serial:04}/图 1.png")
    return made


def put(root: Path, *names: str, content: str = "first ") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + name, encoding="utf-8")


def mirror_of(server: Server, folder: Path) -> Mirror:
    opened = partial(place_of, server.table)
    return Mirror(opened=opened, journal=folder / "copy.db", site=SITE)


def is_same(server: Server, root: Path) -> bool:
    """Whether the place holds the files of the site and no others."""
    place = place_of(server.table)
    try:
        if place.differing(list(contents(root)), root):
            return False
        ours = {name for name in contents(root) if name.startswith(("info/", "column/"))}
        if {*place.names("info"), *place.names("column")} != ours:
            return False
    finally:
        place.close()
    return server.folder is None or {
        name: content for name, content in contents(server.folder).items() if name != MANIFEST
    } == contents(root)


def test_a_copy_follows_the_site_and_is_repaired(
    server: Server, root: Path, tmp_path: Path
) -> None:
    mirror = mirror_of(server, tmp_path)
    assert mirror.push(root) == len(contents(root))
    assert is_same(server, root)

    put(root, "info/2026/0040.html", "index.html", content="second ")
    (root / "info/2026/0001/图 1.png").unlink()
    (root / "info/2026/0001").rmdir()
    changed = ["info/2026/0040.html", "index.html"]
    assert mirror.copy(root, changed, ["info/2026/0001/图 1.png"]) == 3
    assert is_same(server, root)

    place = place_of(server.table)
    place.write("index.html", b"defaced")
    place.write("info/2026/spam.html", b"spam")
    place.remove("feed.xml")
    place.close()
    assert mirror.repair(root) == 3
    assert is_same(server, root)
    assert mirror.repair(root) == 0


def test_a_copy_outlives_deaths_at_any_moment(server: Server, root: Path, tmp_path: Path) -> None:
    import json

    chance = random.Random(7)
    table, journal = json.dumps(server.table), tmp_path / "copy.db"
    command = [sys.executable, "-c", PUSH, table, str(journal), str(root)]
    kills = 0
    for _ in range(6):
        running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        started = time.monotonic()
        while not journal.exists() and time.monotonic() - started < 20:
            time.sleep(0.01)  # imports take longest
        time.sleep(chance.uniform(0.0, 0.5))
        kills += running.poll() is None
        running.kill()
        running.wait()
        put(root, "index.html", f"info/2026/{chance.randrange(40):04}.html", content="changed ")
        mirror_of(server, tmp_path).note_all(root)

    mirror_of(server, tmp_path).push(root)

    assert kills
    assert is_same(server, root)
