"""Which machine speaks for which screen: a code on the screen, a person who accepts it, a token.

A machine that nobody has accepted is shown nothing and believed nothing. The code proves that
whoever types it stands before the screen, or talks to somebody who does.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channels.screens.store import Store, moment_of, text_of

CODE_LIVES = timedelta(minutes=15)
CODE_DIGITS = 6
MOST_TRIES = 5  # of a wrong code; then the screen shows a new one
MOST_WAITING = 20  # machines that ask for one screen at the same time


class PairingError(Exception):
    """Why a machine was not accepted: a Chinese sentence."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine that is a screen."""

    screen: str
    paired_at: datetime
    agent: str  # what its browser calls itself
    address: str


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """The machines of one target."""

    store: Store

    def ask(self, screen: str, nonce: str, *, at: datetime) -> str | None:
        """Return the code that the screen shows; None: accepted, `take` gives the token.

        The same nonce gets the same code until its time is over. PairingError: too many ask.
        """
        with self.store.writing() as base:
            base.execute("DELETE FROM pairing WHERE ends_at <= ?", (text_of(at),))
            row = base.execute(
                "SELECT code, is_accepted, tries FROM pairing WHERE nonce = ? AND screen = ?",
                (_digest(nonce), screen),
            ).fetchone()
            if row and row[1]:
                return None
            if row and row[2] < MOST_TRIES:
                return str(row[0])
            waiting = base.execute(
                "SELECT count(*) FROM pairing WHERE screen = ?", (screen,)
            ).fetchone()[0]
            if waiting >= MOST_WAITING:
                raise PairingError("同时要求配对的设备太多，请稍后再试")
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
            base.execute(
                "INSERT OR REPLACE INTO pairing (nonce, screen, code, asked_at, ends_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (_digest(nonce), screen, code, text_of(at), text_of(at + CODE_LIVES)),
            )
            return code

    def accept(self, screen: str, code: str, *, at: datetime) -> None:
        """Accept the machine that shows the code; PairingError where none does.

        The machine that was this screen before is one no more, once the new one has come.
        """
        typed = "".join(mark for mark in code if mark.isdecimal())
        with self.store.writing() as base:
            rows = base.execute(
                "SELECT nonce, code FROM pairing WHERE screen = ? AND ends_at > ?"
                " AND NOT is_accepted AND tries < ?",
                (screen, text_of(at), MOST_TRIES),
            ).fetchall()
            for nonce, known in rows:
                if hmac.compare_digest(known, typed):
                    base.execute("UPDATE pairing SET is_accepted = 1 WHERE nonce = ?", (nonce,))
                    return
            base.executemany(
                "UPDATE pairing SET tries = tries + 1 WHERE nonce = ?", [row[:1] for row in rows]
            )
        if not rows:
            message = "这块屏幕现在没有要求配对，请先在屏幕的浏览器里打开播放页"
            raise PairingError(message)
        raise PairingError("配对码不对，请看屏幕上现在显示的六位数字")

    def take(self, screen: str, nonce: str, *, agent: str, address: str, at: datetime) -> str:
        """Return the token of a machine that was accepted, once; PairingError otherwise."""
        token = secrets.token_urlsafe(32)
        with self.store.writing() as base:
            accepted = base.execute(
                "DELETE FROM pairing WHERE nonce = ? AND screen = ? AND is_accepted",
                (_digest(nonce), screen),
            ).rowcount
            if not accepted:
                raise PairingError("还没有人接受这台设备")
            base.execute(
                "INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?, ?)",
                (screen, _digest(token), text_of(at), agent[:200], address[:60]),
            )
        return token

    def is_known(self, screen: str, token: str) -> bool:
        """Whether a token is that of the screen."""
        with self.store.reading() as base:
            row = base.execute("SELECT token FROM device WHERE screen = ?", (screen,)).fetchone()
        return row is not None and hmac.compare_digest(str(row[0]), _digest(token))

    def release(self, screen: str) -> None:
        """Let the machine be a screen no more."""
        with self.store.writing() as base:
            base.execute("DELETE FROM device WHERE screen = ?", (screen,))

    def machine(self, screen: str) -> Machine | None:
        """Return the machine that is a screen; None: none is."""
        with self.store.reading() as base:
            row = base.execute(
                "SELECT paired_at, agent, address FROM device WHERE screen = ?", (screen,)
            ).fetchone()
        if row is None:
            return None
        paired_at = moment_of(row[0]) or datetime.fromtimestamp(0, UTC)
        return Machine(screen=screen, paired_at=paired_at, agent=row[1], address=row[2])

    def asking(self, *, at: datetime) -> set[str]:
        """Return the screens for which a machine asks to be accepted."""
        with self.store.reading() as base:
            rows = base.execute(
                "SELECT DISTINCT screen FROM pairing WHERE ends_at > ? AND NOT is_accepted",
                (text_of(at),),
            ).fetchall()
        return {row[0] for row in rows}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
