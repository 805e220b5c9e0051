"""Emergencies: shown at once, over everything, until an end that is always set.

Each screen says when it showed one and when it dropped it. The one that stands now is also given
out as CAP 1.2 (docs.oasis-open.org/emergency/cap/v1.2), for signage of others to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

from channels._slides import font
from channels.screens.store import Store, moment_of, text_of
from publisher.channel import CAMPUS_TIME, Alert, AlertAnswer, AlertShown
from publisher.errors import UnfitError

NAME = re.compile(r"alert-[A-Za-z0-9-]{1,50}")
MOST_HEADLINE, MOST_WORDS = 30, 120  # characters that are read from across a hall
LONGEST = timedelta(hours=24)
CAP = "urn:oasis:names:tc:emergency:cap:1.2"


@dataclass(frozen=True, kw_only=True)
class Board:
    """The alerts of one target."""

    store: Store
    labels: Mapping[str, str] = field(default_factory=dict)  # what people call each screen

    def put(self, alert: Alert, screens: Sequence[str]) -> None:
        """Show an alert; the same id again changes nothing."""
        with self.store.writing() as base:
            if base.execute("SELECT 1 FROM alert WHERE id = ?", (alert.id,)).fetchone():
                return
            base.execute(
                "INSERT INTO alert VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (
                    alert.id,
                    alert.headline,
                    alert.words,
                    alert.style,
                    text_of(alert.begins_at),
                    text_of(alert.ends_at),
                ),
            )
            base.executemany(
                "INSERT INTO alerted (alert, screen) VALUES (?, ?)",
                [(alert.id, screen) for screen in screens],
            )

    def cancel(self, id: str, *, at: datetime) -> None:
        """End an alert now; one that is over stays as it was."""
        with self.store.writing() as base:
            base.execute(
                "UPDATE alert SET cancelled_at = ? WHERE id = ? AND cancelled_at IS NULL"
                " AND ends_at > ?",
                (text_of(at), id, text_of(at)),
            )

    def on(self, screen: str, *, at: datetime) -> Alert | None:
        """Return what stands on a screen now: of several the latest."""
        with self.store.reading() as base:
            row = base.execute(
                f"SELECT {COLUMNS} FROM alert JOIN alerted ON alerted.alert = alert.id"
                " WHERE alerted.screen = ? AND ends_at > ? AND begins_at <= ?"
                " AND cancelled_at IS NULL ORDER BY begins_at DESC LIMIT 1",
                (screen, text_of(at), text_of(at)),
            ).fetchone()
        return _alert(row) if row else None

    def say(self, screen: str, id: str, event: str, *, at: datetime) -> None:
        """Take what a screen says: "shown" or "removed"; the first time counts."""
        column = {"shown": "shown_at", "removed": "removed_at"}[event]
        with self.store.writing() as base:
            base.execute(
                f"UPDATE alerted SET {column} = coalesce({column}, ?)"
                " WHERE alert = ? AND screen = ?",
                (text_of(at), id, screen),
            )

    def latest(self, limit: int) -> list[AlertShown]:
        """Return the latest alerts, newest first."""
        with self.store.reading() as base:
            rows = base.execute(
                f"SELECT {COLUMNS}, cancelled_at FROM alert ORDER BY begins_at DESC LIMIT ?",
                (limit,),
            ).fetchall()
            said = {
                row[0]: base.execute(
                    "SELECT screen, shown_at, removed_at FROM alerted WHERE alert = ?"
                    " ORDER BY screen",
                    (row[0],),
                ).fetchall()
                for row in rows
            }
        return [
            AlertShown(
                alert=_alert(row),
                cancelled_at=moment_of(row[-1]),
                answers=tuple(self._answer(each) for each in said[row[0]]),
            )
            for row in rows
        ]

    def _answer(self, row: Sequence[str]) -> AlertAnswer:
        return AlertAnswer(
            device=row[0],
            label=self.labels.get(row[0], row[0]),
            shown_at=moment_of(row[1]),
            removed_at=moment_of(row[2]),
        )


def require_fit(alert: Alert) -> None:
    """Raise UnfitError where an alert cannot be shown, or has no end in sight."""
    if not NAME.fullmatch(alert.id):
        raise UnfitError("编号应以 alert- 开头，只用字母、数字和连字符", field="id")
    if not alert.headline.strip() or len(alert.headline) > MOST_HEADLINE:
        raise UnfitError(f"请用一句话写明紧急情况，最多 {MOST_HEADLINE} 个字", field="headline")
    if len(alert.words) > MOST_WORDS:
        raise UnfitError(f"说明最多 {MOST_WORDS} 个字，远处才看得清", field="words")
    if lacking := font.lacking("".join((alert.headline + alert.words).split())):
        raise UnfitError(f"大屏的字体没有这些字符：{lacking}，请换一个写法", field="headline")
    if not alert.begins_at < alert.ends_at <= alert.begins_at + LONGEST:
        raise UnfitError("结束时间要在开始之后、24 小时以内，到时可以再发", field="ends_at")


COLUMNS = "alert.id, headline, words, style, begins_at, ends_at"


def _alert(row: Sequence[str]) -> Alert:
    begins_at, ends_at = moment_of(row[4]), moment_of(row[5])
    if begins_at is None or ends_at is None:
        raise ValueError(f"an alert without times: {row[0]}")
    return Alert(
        id=row[0],
        headline=row[1],
        words=row[2],
        style="banner" if row[3] == "banner" else "full",
        begins_at=begins_at,
        ends_at=ends_at,
    )


def cap(standing: AlertShown, *, sender: str, at: datetime) -> bytes:
    """Return an alert as CAP 1.2: Alert while it stands, Cancel naming it afterwards."""
    alert = standing.alert
    is_on = standing.is_on(at)
    sent = alert.begins_at if is_on else (standing.cancelled_at or alert.ends_at)
    root = etree.Element(f"{{{CAP}}}alert", nsmap={None: CAP})  # type: ignore[dict-item]  # lxml has no prefix as None
    names = [
        ("identifier", _identifier(alert, "" if is_on else "cancel")),
        ("sender", sender),
        ("sent", _cap_time(sent)),
        ("status", "Actual"),
        ("msgType", "Alert" if is_on else "Cancel"),
        ("scope", "Public"),
    ]
    if not is_on:
        earlier = f"{sender},{_identifier(alert, '')},{_cap_time(alert.begins_at)}"
        names.append(("references", earlier))
    _add(root, names)
    info = etree.SubElement(root, f"{{{CAP}}}info")
    _add(
        info,
        [
            ("language", "zh-CN"),
            ("category", "Safety"),
            ("event", alert.headline),
            ("urgency", "Immediate" if is_on else "Past"),
            ("severity", "Severe" if alert.style == "full" else "Moderate"),
            ("certainty", "Observed"),
            ("effective", _cap_time(alert.begins_at)),
            ("expires", _cap_time(alert.ends_at)),
            ("headline", alert.headline),
            ("description", alert.words or alert.headline),
        ],
    )
    area = etree.SubElement(info, f"{{{CAP}}}area")
    _add(area, [("areaDesc", "校园")])
    made: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return made


def _add(parent: etree._Element, names: Sequence[tuple[str, str]]) -> None:
    for name, text in names:
        etree.SubElement(parent, f"{{{CAP}}}{name}").text = text


def _identifier(alert: Alert, step: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{alert.id}/{step}')}"


def _cap_time(moment: datetime) -> str:
    return moment.astimezone(CAMPUS_TIME).isoformat(timespec="seconds")
