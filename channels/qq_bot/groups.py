"""The groups of which the platform has told us: it names them by openids of its own only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS qq_bot_group (
    openid TEXT PRIMARY KEY, state TEXT NOT NULL, at_s INTEGER NOT NULL)
"""
IN, OUT, CLOSED = "in", "out", "closed"  # closed: takes no message of the bot's own accord
STATES = {  # event: what it says of the group
    "GROUP_ADD_ROBOT": IN,
    "GROUP_MSG_RECEIVE": IN,
    "GROUP_AT_MESSAGE_CREATE": IN,
    "GROUP_DEL_ROBOT": OUT,
    "GROUP_MSG_REJECT": CLOSED,
}


@dataclass(frozen=True, kw_only=True)
class Groups:
    """What is known of the groups of one bot, in a file of the target's folder."""

    folder: Path

    def learn(self, openid: str, state: str, *, at_s: int) -> None:
        """Keep what an event said, unless a later one has been told already.

        Being spoken to shows that the bot is in; whether it may speak is another matter.
        """
        with self._open() as records:
            records.execute(
                "INSERT INTO qq_bot_group VALUES (?, ?, ?) ON CONFLICT (openid) DO UPDATE "
                "SET state = excluded.state, at_s = excluded.at_s WHERE excluded.at_s >= at_s",
                (openid, state, at_s),
            )

    def state(self, openid: str) -> str | None:
        """Return what is known of a group, None for nothing."""
        return self.all().get(openid)

    def all(self) -> dict[str, str]:
        """Return the states of all groups that were ever named, by openid."""
        with self._open() as records:
            found = records.execute("SELECT openid, state FROM qq_bot_group ORDER BY at_s, openid")
            return dict(found.fetchall())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.folder.mkdir(parents=True, exist_ok=True)
        records = sqlite3.connect(self.folder / "groups.db", timeout=10)
        try:
            with records:
                records.execute(SCHEMA)
                yield records
        finally:
            records.close()
