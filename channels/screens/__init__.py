"""Campus screens: slides that are typeset here and shown by our own player page in a kiosk browser.

A target is several screens, each a place of its own, or groups of them. A player proves what it
shows and what it has dropped; while it is silent, neither is claimed. One screen is one machine,
which a person has accepted.
API: player.py beside this file, which serves the page, its list of slides and takes its reports.
"""

from __future__ import annotations

import dataclasses
import math
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from channels import _quiet_hours
from channels._slides import palette, shapes, slide
from channels.screens import alerts, changes, packs, player
from channels.screens.alerts import Board
from channels.screens.pairing import Pairing, PairingError
from channels.screens.playback import Playback, Sign
from channels.screens.store import Entry, Slide, Store
from publisher.channel import (
    CAMPUS_TIME,
    Alert,
    Alerts,
    AlertShown,
    ASGIApp,
    Assists,
    Channel,
    Checks,
    Confirms,
    Content,
    Device,
    Devices,
    Finds,
    Health,
    Part,
    Played,
    Receipt,
    Rendition,
    Serves,
    Splits,
    Withdraws,
)
from publisher.errors import (
    ConfigError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)

SCREEN_NAME = re.compile(r"[a-z0-9-]{1,40}")
ADDRESS = re.compile(r"https?://[^/\s]+")
OFFLINE = "屏幕离线超过 {silent}，请检查电源和网络"
NEVER_SEEN = "屏幕还没有连上，请在屏幕的浏览器打开 {url}"
NEVER_PAIRED = "屏幕还没有连上，请在屏幕的浏览器打开 {url}，再到后台“大屏”页输入它显示的配对码"
CARRY = "“{screen}”没有网络，请把离线包带过去播放，照清单做完后登记"
FETCH = "“{screen}”没有网络，请重新下载它的离线包，换掉播放机上旧的，再到这里登记"
LANDSCAPE = shapes.LANDSCAPE.name
SHAPE_WORDS = {LANDSCAPE: "横屏", shapes.PORTRAIT.name: "竖屏"}
MAX_PLACE = 64  # characters; the ledger's column for the name of a place


@dataclass(frozen=True, kw_only=True)
class Screens(
    Channel, Splits, Assists, Confirms, Finds, Withdraws, Checks, Devices, Alerts, Serves
):
    """The screens of a campus, or one place of them: a screen, or a group of screens."""

    label: ClassVar[str] = "校园大屏"
    mount: ClassVar[str] = "/screen"
    typical_delay_s: ClassVar[float] = 10.0  # a poll, the download, the slide before it

    base_url: str  # of the public site, as the screens reach it
    screens: tuple[str, ...]  # a-z, 0-9 and "-"; part of each screen's address
    folder: Path
    names: dict[str, str] = field(default_factory=dict)  # what people call them: library = "图书馆"
    groups: dict[str, list[str]] = field(default_factory=dict)  # "教学楼" = ["a1", "a2"]: one place
    confirm_share: float = 1.0  # of a group's screens that must have shown it
    offline: tuple[str, ...] = ()  # screens without network: a person carries a package there
    pairing: bool = True  # a person accepts each machine; False: whoever opens the address
    college_name: str = "泉州工程职业技术学院"
    logo: Path | None = None  # SVG or PNG, on the calm page
    shapes: dict[str, str] = field(default_factory=dict)  # gate = "portrait", "strip-1920x160"
    colour: str = ""  # of the slides' band and titles: "#7a0019"; empty: blue
    slide_s: float = 12.0  # how long a page stands when there are several
    excerpt_chars: int = 150  # taken from the body where there is no summary
    black_out: tuple[str, ...] = ()  # "22:30-06:30", campus time: dark, but for emergencies
    poll_s: float = 5.0  # between two looks of a player at its list
    silent_after_s: float = 120.0  # without a sign of life, a screen counts as offline

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        for key, fault in self._faults():
            raise ConfigError(fault, key=key)
        _quiet_hours.spans(self.black_out, key="black_out")
        palette.of_campus(self.colour)
        for name in self.shapes.values():
            shapes.shape_of(name)

    def _faults(self) -> list[tuple[str, str]]:
        wrong = [name for name in self.screens if not SCREEN_NAME.fullmatch(name)]
        odd = [name for name in self.shapes if name not in self.screens]
        strange = [name for name in self.names if name not in self.screens]
        members = [name for each in self.groups.values() for name in each]
        lost = [name for name in members if name not in self.screens]
        stray = [name for name in self.offline if name not in self.screens]
        carried = set(self.offline) & set(members)
        clash = set(self.groups) & set(self.screens)
        rules = (
            ("base_url", not ADDRESS.match(self.base_url), "应是 http:// 或 https:// 地址"),
            ("screens", not self.screens, "至少要有一块屏幕"),
            ("screens", bool(wrong), f"屏幕名只能用小写字母、数字和连字符：{'、'.join(wrong)}"),
            ("screens", len(set(self.screens)) < len(self.screens), "屏幕名不能重复"),
            ("screens", bool(player.RESERVED & set(self.screens)), "屏幕名不能用 files 或 static"),
            ("names", bool(strange), f"screens 里没有这块屏幕：{'、'.join(strange)}"),
            ("shapes", bool(odd), f"screens 里没有这块屏幕：{'、'.join(odd)}"),
            ("groups", not all(self.groups.values()), "屏幕组里至少要有一块屏幕"),
            ("groups", bool(lost), f"screens 里没有这块屏幕：{'、'.join(lost)}"),
            ("groups", len(set(members)) < len(members), "一块屏幕只能在一个组里"),
            ("groups", bool(clash), f"组名不能和屏幕名相同：{'、'.join(sorted(clash))}"),
            ("groups", any(len(name) > MAX_PLACE for name in self.groups), "组名最多 64 个字"),
            ("confirm_share", not 0 < self.confirm_share <= 1, "应大于 0，最多是 1"),
            ("offline", bool(stray), f"screens 里没有这块屏幕：{'、'.join(stray)}"),
            ("offline", bool(carried), f"没有网络的屏幕不能在组里：{'、'.join(sorted(carried))}"),
            ("logo", self.logo is not None and not self.logo.is_file(), f"没有 {self.logo}"),
            ("slide_s", not 3 <= self.slide_s <= 600, "应在 3 到 600 秒之间"),
            ("excerpt_chars", not 20 <= self.excerpt_chars <= 400, "应在 20 到 400 字之间"),
            ("poll_s", not 1 <= self.poll_s <= 60, "应在 1 到 60 秒之间"),
            ("silent_after_s", self.silent_after_s < 6 * self.poll_s, "至少是 poll_s 的 6 倍"),
        )
        return [(key, message) for key, is_wrong, message in rules if is_wrong]

    def parts(self) -> tuple[str, ...]:
        """Return the names of the groups, and of the screens that are in none."""
        grouped = {name for each in self.groups.values() for name in each}
        return (*self.groups, *(name for name in self.screens if name not in grouped))

    def part_label(self, name: str) -> str:
        """Return what people call a screen, or a group."""
        return self.names.get(name, name)

    def part(self, name: str) -> Screens:
        """Return the channel of one place."""
        members = tuple(self.groups.get(name, (name,)))
        return dataclasses.replace(
            self,
            screens=members,
            groups={name: list(members)} if name in self.groups else {},
            names={each: called for each, called in self.names.items() if each in members},
            shapes={each: shape for each, shape in self.shapes.items() if each in members},
            offline=tuple(each for each in self.offline if each in members),
        )

    def render(self, content: Content) -> Rendition:
        """Typeset the slide for each shape of screen; the reviewer sees all of it."""
        made = {
            shape: slide.pages(
                content,
                college_name=self.college_name,
                most_chars=self.excerpt_chars,
                shape=shapes.shape_of(shape),
                calm=palette.of_campus(self.colour),
            )
            for shape in self._shapes()
        }
        files = [(shape, number, page) for shape, each in made.items()
                 for number, page in enumerate(each, start=1)]  # fmt: skip
        (_, _, body), *others = files
        parts = [
            Part(name=f"{shape}-{number}.png", media_type="image/png", file=page,
                 label=f"{SHAPE_WORDS.get(shape, '条屏')}第 {number} 页")
            for shape, number, page in others
        ]  # fmt: skip
        facts = {
            "title": content.title,
            "from": _iso(content.publish_at),
            "until": _iso(content.expires_at),
            "duration_s": str(self.slide_s),
            "priority": "1" if slide.URGENT in content.title + content.kind else "0",
            "pages": " ".join(f"{shape}:{len(each)}" for shape, each in made.items()),
        }
        return Rendition(
            body=body, media_type="image/png", title=content.title, parts=tuple(parts), facts=facts
        )

    def _shapes(self) -> list[str]:
        """Return the shapes that screens of this target have, each once, in a fixed order."""
        used = [self.shapes.get(name, LANDSCAPE) for name in self.screens]
        return sorted(dict.fromkeys(used), key=lambda name: (name != LANDSCAPE, name))

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Put the slide on the list of each screen; the players fetch it from there."""
        facts = rendition.facts
        entry = Slide(
            title=facts["title"],
            begins_at=_moment(facts["from"]),
            ends_at=_moment(facts["until"]),
            duration_s=float(facts["duration_s"]),
            priority=int(facts.get("priority", "0")),
        )
        pages = _pages_of(rendition)
        place = self._place  # an error where the whole is asked
        try:
            screens = {
                name: pages.get(self.shapes.get(name, LANDSCAPE), [rendition.body])
                for name in self.screens
            }
            self._store.put(screens, key, slide=entry, at=datetime.now(UTC))
        except (OSError, sqlite3.OperationalError) as error:
            advice = "大屏的数据目录写不进去，请检查磁盘空间和权限"
            raise RetryableError(f"not stored: {error}", advice=advice) from error
        awaits = CARRY.format(screen=self.part_label(place)) if self.offline else ""
        return dataclasses.replace(self._receipt(key), awaits=awaits)

    def steps(self, rendition: Rendition) -> tuple[str, ...]:
        """Return what a person does for a screen without network."""
        if not self.offline:
            return ()
        called = self.part_label(self.offline[0])
        return (
            f"在后台“大屏”页下载“{called}”的离线包，解压到U盘",
            f"把U盘插到“{called}”的播放机上，用浏览器打开其中的 index.html，按 F11 全屏",
            "看着这条内容播放一遍，拍一张照片，在下面提交",
        )

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Say whether enough players have shown the slide, or none has any of it any more."""
        entries = {screen: self._store.entry(screen, key) for screen in self.screens}
        if not any(entries.values()):
            return None
        known = {screen: entry for screen, entry in entries.items() if entry is not None}
        if all(entry.withdrawn_at for entry in known.values()):
            for screen, entry in known.items():
                self._require_gone(screen, entry)
            return None
        shown = {screen: entry.shown_at for screen, entry in known.items() if entry.shown_at}
        if len(shown) < math.ceil(self.confirm_share * len(self.screens)):
            raise UnknownOutcomeError("not shown yet", advice=self._missing(shown))
        return dataclasses.replace(self._receipt(key), evidence=self._evidence(shown))

    def _missing(self, shown: Mapping[str, datetime]) -> str:
        """Name the screens that have not shown it, and what is wrong with each."""
        signs = Playback(store=self._store).signs()
        missing = [screen for screen in self.screens if screen not in shown]
        troubles = {screen: self._trouble(screen, signs) for screen in missing}
        if not self.groups:
            return troubles[missing[0]]
        named = "；".join(
            self.part_label(screen) + (f"：{trouble}" if trouble else "")
            for screen, trouble in troubles.items()
        )
        return f"{len(shown)}/{len(self.screens)} 块屏幕已播放，还没有播放的：{named}"

    def _evidence(self, shown: Mapping[str, datetime]) -> str:
        since = min(shown.values()).astimezone(CAMPUS_TIME)
        if not self.groups:
            return f"{self.part_label(self.screens[0])} {since:%H:%M:%S} 起播放"
        missing = [self.part_label(name) for name in self.screens if name not in shown]
        rest = f"，还没有播放的：{'、'.join(missing)}" if missing else ""
        return f"{len(shown)}/{len(self.screens)} 块屏幕已播放，{since:%H:%M:%S} 起{rest}"

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Ask our own list: the players show what stands on it and nothing else."""
        return self.confirm(key=key, receipt=None)

    def _require_gone(self, screen: str, entry: Entry) -> None:
        """Return where it is certain that a withdrawn slide is on the screen no more."""
        was_never_there = entry.held_at is None and entry.shown_at is None
        if (was_never_there and screen not in self.offline) or entry.removed_at:
            return
        message = "the screen has not dropped it yet"
        signs = Playback(store=self._store).signs()
        raise UnknownOutcomeError(message, advice=self._trouble(screen, signs))

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Take the slide off the lists of the place that the receipt names."""
        place, _, key = receipt.remote_id.partition(":")
        members = self.groups.get(place, [place])
        self._store.withdraw(members, key, at=datetime.now(UTC))
        if self.offline:
            raise PermanentError(
                "a screen without network", advice=FETCH.format(screen=self.part_label(place))
            )

    def check(self) -> Health:
        """Say which screens are silent, by the last sign of life of each."""
        signs = Playback(store=self._store).signs()
        there = [name for name in self.screens if name not in self.offline]
        troubles = {name: self._trouble(name, signs) for name in there}
        online = sum(not trouble for trouble in troubles.values())
        advice = "；".join(
            f"{self.part_label(name)}{trouble}" for name, trouble in troubles.items() if trouble
        )
        note = f"{len(there)} 块屏幕，{online} 块在线"
        return Health(is_reachable=True, note=note, advice=advice)

    def devices(self) -> tuple[Device, ...]:
        """Return each screen as it is now."""
        now = datetime.now(UTC)
        signs = Playback(store=self._store).signs()
        waiting, asking = self._store.waiting(at=now), self._pairing.asking(at=now)
        return tuple(
            self._device(name, signs, asks=name in asking, waiting=waiting.get(name, 0))
            for name in self.screens
        )

    def _device(self, name: str, signs: Mapping[str, Sign], *, asks: bool, waiting: int) -> Device:
        machine = self._pairing.machine(name) if self.pairing else None
        sign = signs.get(name)
        entry = self._store.entry(name, sign.key) if sign and sign.key else None
        is_offline = name in self.offline
        return Device(
            name=name,
            label=self.part_label(name),
            is_accepted=machine is not None or not self.pairing or is_offline,
            asks=asks,
            seen_at=sign.seen_at if sign else None,
            shows=entry.title if entry else "",
            trouble="" if is_offline else self._trouble(name, signs),
            waiting=waiting,
            agent=machine.agent if machine else "",
            is_offline=is_offline,
        )

    def accept(self, name: str, code: str) -> None:
        """Accept the machine that shows this code as a screen."""
        self._require_screen(name)
        try:
            self._pairing.accept(name, code, at=datetime.now(UTC))
        except PairingError as error:
            raise UnfitError(str(error), field="code") from None

    def release(self, name: str) -> None:
        """Let the machine be a screen no more; it shows nothing at its next look."""
        self._require_screen(name)
        self._pairing.release(name)

    def picture(self, name: str) -> bytes | None:
        """Return the slide that a screen said it shows."""
        sign = Playback(store=self._store).signs().get(name)
        return self._store.picture(name, sign.key) if sign and sign.key else None

    def plays(self, key: str) -> tuple[Played, ...]:
        """Return the proof of play of a delivery."""
        return tuple(Playback(store=self._store).plays(key))

    def pack(self, name: str) -> bytes:
        """Return the player with all slides of a screen, as a ZIP for a machine without network."""
        self._require_screen(name)
        _, entries = self._store.listed(name, at=datetime.now(UTC))
        slides = [(entry, self._store.pages(entry)) for entry in entries]
        return packs.pack(self.part_label(name), slides, setting=self._setting)

    def require_fit(self, alert: Alert, *, devices: tuple[str, ...] = ()) -> None:
        """Refuse an emergency that cannot be read from across a hall, or has no end in sight."""
        for name in devices:
            self._require_screen(name)
        alerts.require_fit(alert)

    def alert(self, alert: Alert, *, devices: tuple[str, ...] = ()) -> None:
        """Show an emergency on these screens, or all, within two seconds where connected."""
        self.require_fit(alert, devices=devices)
        there = tuple(name for name in self.screens if name not in self.offline)
        self._board.put(alert, devices or there)

    def end_alert(self, id: str) -> None:
        """End an emergency now."""
        self._board.cancel(id, at=datetime.now(UTC))

    def alerts(self, limit: int) -> tuple[AlertShown, ...]:
        """Return the latest emergencies, and what each screen said of them."""
        return tuple(self._board.latest(limit))

    def pages(self) -> ASGIApp:
        """Return the pages of the players."""
        return player.pages(self._setting, store=self._store)

    def closing(self) -> None:
        """End the lines on which players wait; they come back to the next server."""
        changes.close_all(self._store)

    @property
    def _setting(self) -> player.Setting:
        return player.Setting(
            screens={name: self.part_label(name) for name in self.screens},
            college_name=self.college_name,
            poll_s=self.poll_s,
            has_pairing=self.pairing,
            black_out=self.black_out,
            sender=urlsplit(self.base_url).hostname or "localhost",
            logo=self.logo,
        )

    def _require_screen(self, name: str) -> None:
        if name not in self.screens:
            raise UnfitError(f"没有屏幕 {name}，请从屏幕列表里选", field="screen")

    def _trouble(self, screen: str, signs: Mapping[str, Sign]) -> str:
        """Return what a person should do about a silent screen; empty: it is alive."""
        sign = signs.get(screen)
        if sign is None:
            return (NEVER_PAIRED if self.pairing else NEVER_SEEN).format(url=self._url(screen))
        silent_for = datetime.now(UTC) - sign.seen_at
        if silent_for > timedelta(seconds=self.silent_after_s):
            return OFFLINE.format(silent=_spoken(self.silent_after_s))
        return f"屏幕报告：{sign.trouble}" if sign.trouble else ""

    def _receipt(self, key: str) -> Receipt:
        return Receipt(remote_id=f"{self._place}:{key}", url=self._url(self.screens[0]))

    def _url(self, screen: str) -> str:
        return f"{self.base_url.rstrip('/')}{self.mount}/{screen}"

    @property
    def _place(self) -> str:
        [*names] = self.parts()
        if len(names) > 1:
            raise PermanentError("several places: ask the part of one of them")
        return names[0]

    @property
    def _store(self) -> Store:
        return Store(folder=self.folder)

    @property
    def _pairing(self) -> Pairing:
        return Pairing(store=self._store)

    @property
    def _board(self) -> Board:
        labels = {name: self.part_label(name) for name in self.screens}
        return Board(store=self._store, labels=labels)


def _pages_of(rendition: Rendition) -> dict[str, list[bytes]]:
    """Return the pages of a rendition by shape; one from before there were shapes has one."""
    files = [rendition.body, *(part.file for part in rendition.parts)]
    found: dict[str, list[bytes]] = {}
    for each in rendition.facts.get("pages", f"{LANDSCAPE}:{len(files)}").split():
        shape, _, count = each.rpartition(":")
        found[shape], files = files[: int(count)], files[int(count) :]
    return found


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:g} 分钟" if seconds >= 60 else f"{seconds:g} 秒"
