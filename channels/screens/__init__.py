"""Campus screens: slides that are typeset here and shown by our own player page in a kiosk browser.

A target is several screens, each a place of its own. A player proves what it shows and what it
has dropped; while it is silent, neither is claimed. One screen name is one player.
API: player.py beside this file, which serves the page, its list of slides and takes its reports.
"""

from __future__ import annotations

import dataclasses
import re
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from channels.screens import player, slide
from channels.screens.playback import Playback
from channels.screens.store import Entry, Slide, Store
from publisher.channel import (
    CAMPUS_TIME,
    ASGIApp,
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
    Health,
    Receipt,
    Rendition,
    Serves,
    Splits,
    Withdraws,
)
from publisher.errors import ConfigError, PermanentError, RetryableError, UnknownOutcomeError

SCREEN_NAME = re.compile(r"[a-z0-9-]{1,40}")
ADDRESS = re.compile(r"https?://[^/\s]+")
OFFLINE = "屏幕离线超过 {silent}，请检查电源和网络"
NEVER_SEEN = "屏幕还没有连上，请在屏幕的浏览器打开 {url}"


@dataclass(frozen=True, kw_only=True)
class Screens(Channel, Splits, Confirms, Finds, Withdraws, Checks, Serves):
    """The screens of a campus, or one of them."""

    label: ClassVar[str] = "校园大屏"
    mount: ClassVar[str] = "/screen"
    typical_delay_s: ClassVar[float] = 10.0  # a poll, the download, the slide before it

    base_url: str  # of the public site, as the screens reach it
    screens: tuple[str, ...]  # a-z, 0-9 and "-"; part of each screen's address
    folder: Path
    names: dict[str, str] = field(default_factory=dict)  # what people call them: library = "图书馆"
    college_name: str = "泉州工程职业技术学院"
    slide_s: float = 12.0  # how long a slide stands when there are several
    excerpt_chars: int = 150  # taken from the body where there is no summary
    poll_s: float = 5.0  # between two looks of a player at its list
    silent_after_s: float = 120.0  # without a sign of life, a screen counts as offline

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        for key, fault in self._faults():
            raise ConfigError(fault, key=key)

    def _faults(self) -> list[tuple[str, str]]:
        wrong = [name for name in self.screens if not SCREEN_NAME.fullmatch(name)]
        strange = [name for name in self.names if name not in self.screens]
        rules = (
            ("base_url", not ADDRESS.match(self.base_url), "应是 http:// 或 https:// 地址"),
            ("screens", not self.screens, "至少要有一块屏幕"),
            ("screens", bool(wrong), f"屏幕名只能用小写字母、数字和连字符：{'、'.join(wrong)}"),
            ("screens", len(set(self.screens)) < len(self.screens), "屏幕名不能重复"),
            ("screens", bool(player.RESERVED & set(self.screens)), "屏幕名不能用 files 或 static"),
            ("names", bool(strange), f"screens 里没有这块屏幕：{'、'.join(strange)}"),
            ("slide_s", not 3 <= self.slide_s <= 600, "应在 3 到 600 秒之间"),
            ("excerpt_chars", not 20 <= self.excerpt_chars <= 400, "应在 20 到 400 字之间"),
            ("poll_s", not 1 <= self.poll_s <= 60, "应在 1 到 60 秒之间"),
            ("silent_after_s", self.silent_after_s < 6 * self.poll_s, "至少是 poll_s 的 6 倍"),
        )
        return [(key, message) for key, is_wrong, message in rules if is_wrong]

    def parts(self) -> tuple[str, ...]:
        """Return the names of the screens."""
        return self.screens

    def part_label(self, name: str) -> str:
        """Return what people call a screen."""
        return self.names.get(name, name)

    def part(self, name: str) -> Screens:
        """Return the channel of one screen."""
        names = {name: self.names[name]} if name in self.names else {}
        return dataclasses.replace(self, screens=(name,), names=names)

    def render(self, content: Content) -> Rendition:
        """Typeset the slide; the same for all screens."""
        picture = slide.draw(content, college_name=self.college_name, most_chars=self.excerpt_chars)
        facts = {
            "title": content.title,
            "from": _iso(content.publish_at),
            "until": _iso(content.expires_at),
            "duration_s": str(self.slide_s),
        }
        return Rendition(body=picture, media_type="image/png", title=content.title, facts=facts)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Put the slide on the screen's list; the player fetches it from there."""
        screen, facts = self._screen, rendition.facts
        entry = Slide(
            title=facts["title"],
            begins_at=_moment(facts["from"]),
            ends_at=_moment(facts["until"]),
            duration_s=float(facts["duration_s"]),
        )
        try:
            self._store.put(screen, key, file=rendition.body, slide=entry, at=datetime.now(UTC))
        except (OSError, sqlite3.OperationalError) as error:
            advice = "大屏的数据目录写不进去，请检查磁盘空间和权限"
            raise RetryableError(f"not stored: {error}", advice=advice) from error
        return self._receipt(key)

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Say whether the player has shown the slide, or has none of it any more."""
        entry = self._store.entry(self._screen, key)
        if entry is None:
            return None
        if entry.withdrawn_at:
            self._require_gone(entry)
            return None
        if entry.shown_at is None:
            raise UnknownOutcomeError("not shown yet", advice=self._trouble(self._screen))
        since = entry.shown_at.astimezone(CAMPUS_TIME)
        evidence = f"{self.part_label(self._screen)} {since:%H:%M:%S} 起播放"
        return dataclasses.replace(self._receipt(key), evidence=evidence)

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Ask our own list: the players show what stands on it and nothing else."""
        return self.confirm(key=key, receipt=None)

    def _require_gone(self, entry: Entry) -> None:
        """Return where it is certain that a withdrawn slide is on the screen no more."""
        was_never_there = entry.held_at is None and entry.shown_at is None
        if was_never_there or entry.removed_at:
            return
        message = "the screen has not dropped it yet"
        raise UnknownOutcomeError(message, advice=self._trouble(self._screen))

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Take the slide off the list of the screen that the receipt names."""
        screen, _, key = receipt.remote_id.partition(":")
        self._store.withdraw(screen, key, at=datetime.now(UTC))

    def check(self) -> Health:
        """Say which screens are silent, by the last sign of life of each."""
        troubles = {name: self._trouble(name) for name in self.screens}
        online = sum(not trouble for trouble in troubles.values())
        advice = "；".join(
            f"{self.part_label(name)}{trouble}" for name, trouble in troubles.items() if trouble
        )
        note = f"{len(self.screens)} 块屏幕，{online} 块在线"
        return Health(is_reachable=True, note=note, advice=advice)

    def pages(self) -> ASGIApp:
        """Return the pages of the players."""
        called = {name: self.part_label(name) for name in self.screens}
        playback = Playback(store=self._store)
        return player.pages(
            called, college_name=self.college_name, poll_s=self.poll_s, playback=playback
        )

    def _trouble(self, screen: str) -> str:
        """Return what a person should do about a silent screen; empty: it is alive."""
        seen_at = Playback(store=self._store).seen_at(screen)
        if seen_at is None:
            return NEVER_SEEN.format(url=self._url(screen))
        silent_for = datetime.now(UTC) - seen_at
        if silent_for <= timedelta(seconds=self.silent_after_s):
            return ""
        return OFFLINE.format(silent=_spoken(self.silent_after_s))

    def _receipt(self, key: str) -> Receipt:
        return Receipt(remote_id=f"{self._screen}:{key}", url=self._url(self._screen))

    def _url(self, screen: str) -> str:
        return f"{self.base_url.rstrip('/')}{self.mount}/{screen}"

    @property
    def _screen(self) -> str:
        if len(self.screens) > 1:
            raise PermanentError("several screens: ask the part of one of them")
        return self.screens[0]

    @property
    def _store(self) -> Store:
        return Store(folder=self.folder)


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:g} 分钟" if seconds >= 60 else f"{seconds:g} 秒"
