"""Two hundred players for ten minutes, while the server is killed and started again.

`python -m tests.bench.players [--players N] [--minutes M]`. Every player keeps a list, shows what
is on it by the server's clock, counts what it showed, and reports at least once, as the page does;
slides with short windows come and are withdrawn all the time. At the end nothing may have been
shown outside its window, or by a screen that had been told of its withdrawal, and what the records
count must be what the players showed: no proof lost, none double. Everything stays on the loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from channels.screens import Screens
from channels.screens.store import Slide, Store
from tests.bench.measure import FellShortError, machine, say, show

POLL_S = 5.0
BEAT_S = 15.0
PROOF_S = 20.0  # the page counts for ten minutes; here often enough to be cut in the middle
SLIDE_S = 3.0
UP_S = (25.0, 45.0)  # how long the server lives, and how long it is away
DOWN_S = (2.0, 12.0)
CLOCK_ERROR_S = 1.5  # a player's look at the clock is as old as its last answer
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
SERVER = """
import sys, uvicorn
from pathlib import Path
from starlette.applications import Starlette
from starlette.routing import Mount
from channels.screens import Screens
screens = Screens(base_url="http://127.0.0.1", screens=tuple(sys.argv[3].split(",")),
                  folder=Path(sys.argv[1]), pairing=False)
app = Starlette(routes=[Mount("/screen", screens.pages())])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_config=None, access_log=False)
"""


@dataclass
class Player:
    """One screen: what it holds, what it showed, and what the server has not taken yet."""

    url: str
    manifest: dict[str, Any] = field(default_factory=lambda: {"version": 0, "items": []})
    tag: str = ""
    offset_s: float = 0.0
    shown: Counter[str] = field(default_factory=Counter)  # how often, by key
    unsaid: dict[str, list[Any]] = field(default_factory=dict)  # key -> [from, to, times]
    queue: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    told_at: float = 0.0  # when the list that it has was given out
    last: dict[str, float] = field(default_factory=dict)  # key -> told_at when it was last on
    failures: int = 0

    def now(self) -> float:
        return time.time() + self.offset_s

    def playable(self) -> list[dict[str, Any]]:
        return [item for item in self.manifest["items"] if self._is_on(item)]

    def _is_on(self, item: dict[str, Any]) -> bool:
        begins, ends = _moment(item["from"]), _moment(item["until"])
        return (begins is None or begins <= self.now()) and (ends is None or self.now() < ends)

    def show(self, item: dict[str, Any]) -> None:
        key, now = item["key"], self.now()
        begins, ends = _moment(item["from"]), _moment(item["until"])
        if begins is not None and time.time() < begins - CLOCK_ERROR_S:
            self.wrong.append(f"{key} before its window")
        if ends is not None and time.time() > ends + CLOCK_ERROR_S:
            self.wrong.append(f"{key} after its window")
        self.shown[key] += 1
        self.last[key] = self.told_at
        said = self.unsaid.setdefault(key, [now, now, 0])
        said[1], said[2] = now, said[2] + 1

    def count(self) -> None:
        """Turn what was shown into reports, each with an id of its own."""
        for key, (begin, end, times) in self.unsaid.items():
            self.queue.append(
                {
                    "id": uuid4().hex,
                    "key": key,
                    "event": "shown",
                    "from": _iso(begin),
                    "to": _iso(end),
                    "times": times,
                }
            )
        self.unsaid.clear()

    async def poll(self, client: httpx2.AsyncClient) -> None:
        headers = {"If-None-Match": self.tag} if self.tag else {}
        asked = time.time()
        answer = await client.get(f"{self.url}/manifest.json", headers=headers)
        if answer.status_code not in (200, 304):
            raise httpx2.HTTPError(f"HTTP {answer.status_code}")
        server = datetime.fromisoformat(answer.headers["Server-Time"]).timestamp()
        self.offset_s = server - (asked + time.time()) / 2
        self.told_at = asked
        if answer.status_code == 200:
            self.tag, self.manifest = answer.headers["ETag"], answer.json()

    async def send(self, client: httpx2.AsyncClient) -> None:
        while self.queue:
            sent = self.queue[:50]
            answer = await client.post(f"{self.url}/reports", json=sent)
            if answer.status_code != 204:
                raise httpx2.HTTPError(f"HTTP {answer.status_code}: {answer.text[:100]}")
            if random.random() < 0.05:  # the answer is lost: the same comes again
                return
            self.queue = self.queue[50:]

    async def beat(self, client: httpx2.AsyncClient) -> None:
        state = {"version": self.manifest["version"], "key": "", "keys": list(self.shown)[-200:]}
        await client.post(f"{self.url}/heartbeat", json=state)


def _moment(text: str) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


async def live(player: Player, client: httpx2.AsyncClient, end: float) -> None:
    """Play until the end, whatever the server does."""
    await asyncio.sleep(random.random() * POLL_S)
    next_poll = next_beat = next_proof = next_slide = 0.0
    turn = 0
    while time.time() < end:
        now = time.time()
        try:
            if now >= next_poll:
                next_poll = now + POLL_S * (0.8 + 0.4 * random.random())
                await player.poll(client)
                await player.send(client)
                player.failures = 0
            if now >= next_beat:
                next_beat = now + BEAT_S
                await player.beat(client)
        except httpx2.HTTPError:
            player.failures += 1
            next_poll = now + min(60.0, POLL_S * 2 ** min(player.failures, 4)) * random.random()
        if now >= next_slide:
            next_slide = now + SLIDE_S
            playable = player.playable()
            if playable:
                turn += 1
                player.show(playable[turn % len(playable)])
        if now >= next_proof:
            next_proof = now + PROOF_S
            player.count()
        await asyncio.sleep(0.2)


async def finish(player: Player, client: httpx2.AsyncClient) -> None:
    """Tell the rest, now that the server stays."""
    player.count()
    for _ in range(60):
        try:
            await player.send(client)
        except httpx2.HTTPError:
            await asyncio.sleep(0.5)
            continue
        if not player.queue:
            return
    raise FellShortError(f"{player.url} could not tell everything")


@dataclass
class Office:
    """Puts slides up and takes them down while players play."""

    store: Store
    names: Sequence[str]
    withdrawn: dict[str, float] = field(default_factory=dict)
    put: int = 0

    async def work(self, end: float) -> None:
        standing: list[str] = []
        while time.time() < end:
            await asyncio.to_thread(self._put)
            standing.append(f"d-{self.put}")
            if len(standing) > 6:
                key = standing.pop(random.randrange(4))
                await asyncio.to_thread(self.store.withdraw, self.names, key, at=datetime.now(UTC))
                self.withdrawn[key] = time.time()
            await asyncio.sleep(4.0)

    def _put(self) -> None:
        self.put += 1
        now = datetime.now(UTC)
        slide = Slide(
            title=f"第{self.put}条",
            begins_at=now + timedelta(seconds=random.choice([0, 10])),
            ends_at=now + timedelta(seconds=random.choice([30, 60, 120])),
            duration_s=SLIDE_S,
        )
        self.store.put(dict.fromkeys(self.names, (PNG,)), f"d-{self.put}", slide=slide, at=now)


async def server(arguments: Sequence[str], end: float) -> int:
    """Keep the server, killing it now and then; return how often."""
    kills = 0
    while time.time() < end:
        process = subprocess.Popen([sys.executable, "-c", SERVER, *arguments])
        await asyncio.sleep(min(random.uniform(*UP_S), max(1.0, end - time.time())))
        process.kill()
        process.wait()
        kills += 1
        if time.time() < end:
            await asyncio.sleep(random.uniform(*DOWN_S))
    return kills


async def soak(folder: Path, *, players: int, minutes: float) -> None:
    """Run it and say what was found; FellShortError where a promise was broken."""
    names = [f"s{number}" for number in range(players)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [str(folder), str(port), ",".join(names)]
    screens = Screens(base_url="http://127.0.0.1", screens=tuple(names), folder=folder)
    store = Store(folder=screens.folder)
    crowd = [Player(url=f"http://127.0.0.1:{port}/screen/{name}") for name in names]
    office = Office(store=store, names=names)
    end = time.time() + minutes * 60
    limits = httpx2.Limits(max_connections=players)
    async with httpx2.AsyncClient(timeout=8.0, limits=limits, trust_env=False) as client:
        killer = asyncio.create_task(server(arguments, end))
        await asyncio.gather(
            office.work(end),
            *(live(player, client, end) for player in crowd),
        )
        kills = await killer
        last = subprocess.Popen([sys.executable, "-c", SERVER, *arguments])
        try:
            await asyncio.sleep(2.0)
            await asyncio.gather(*(finish(player, client) for player in crowd))
        finally:
            last.terminate()
            last.wait()
    _judge(crowd, names, office, store, kills=kills)


def _judge(
    crowd: Sequence[Player], names: Sequence[str], office: Office, store: Store, *, kills: int
) -> None:
    with store.reading() as base:
        rows = base.execute("SELECT screen, key, sum(times) FROM play GROUP BY screen, key")
        counted = {(screen, key): times for screen, key, times in rows}
    shown = {
        (name, key): times
        for name, player in zip(names, crowd, strict=True)
        for key, times in player.shown.items()
    }
    wrong = [each for player in crowd for each in player.wrong]
    late = [
        f"{key} by a list given out {player.last[key] - at:.1f} s after its withdrawal"
        for player in crowd
        for key, at in office.withdrawn.items()
        if player.last.get(key, 0.0) > at
    ]
    show(
        f"{len(crowd)} players, {office.put} slides, {len(office.withdrawn)} withdrawn,"
        f" the server killed {kills} times: {sum(shown.values()):,} plays shown,"
        f" {sum(counted.values()):,} counted; {len(wrong)} outside a window,"
        f" {len(late)} though the screen had been told of the withdrawal"
    )
    if counted != shown or wrong or late:
        lost = {place for place in shown if counted.get(place) != shown[place]}
        raise FellShortError(f"{len(lost)} counts differ; {[*wrong, *late][:5]}")


def main() -> None:
    """Run for as long as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    given = parser.parse_args()
    show(machine())
    with tempfile.TemporaryDirectory() as folder:
        say(f"{given.players} players for {given.minutes:g} minutes")
        asyncio.run(soak(Path(folder), players=given.players, minutes=given.minutes))


if __name__ == "__main__":
    main()
