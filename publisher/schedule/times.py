"""Moments as people write and read them. What has no zone is Beijing time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from publisher.channel import CAMPUS_TIME
from publisher.errors import InvalidError

NAMES = {"publish_at": "发布时间", "expires_at": "结束时间", "not_after": "最晚发布时间"}
WEEKDAYS = "一二三四五六日"
LAST_YEAR = 2100  # a slip of the pen beyond it; and sums of moments end at the year 9999
FORM = re.compile(
    r"(\d{4})[-/年.](\d{1,2})[-/月.](\d{1,2})日?"
    r"[ T]*(\d{1,2})[:：时点](\d{1,2})?分?(?::(\d{2})(?:\.\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)


def parse(text: str, *, field: str) -> datetime:
    """Return the aware moment that a text such as "2026-11-24 08:30" names."""
    name = NAMES.get(field, field)
    example = "请写成 2026-11-24 08:30 这样的日期和时间"
    found = FORM.fullmatch(text.strip())
    if not found:
        raise InvalidError(f"{name}“{text}”看不懂，{example}", field=field, code="bad_time")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(found[7]))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            f"{name}“{text}”不存在，{example}", field=field, code="bad_time"
        ) from error
    if moment.year > LAST_YEAR:
        raise InvalidError(
            f"{name}“{text}”太晚，最晚到 {LAST_YEAR} 年", field=field, code="bad_time"
        )
    return moment


def _zone(offset: str | None) -> tzinfo | None:
    if offset is None:
        return CAMPUS_TIME
    if offset == "Z":
        return UTC
    return datetime.strptime(offset.replace(":", ""), "%z").tzinfo


def say(moment: datetime | None) -> str:
    """Return a moment as people say it: "2026年11月24日 8:30"; "" for None."""
    if moment is None:
        return ""
    local = moment.astimezone(CAMPUS_TIME)
    return f"{local.year}年{local.month}月{local.day}日 {local.hour}:{local.minute:02d}"


def say_day(moment: datetime) -> str:
    """Return a moment soon to come as people say it: "11月28日（周六）17:00"."""
    local = moment.astimezone(CAMPUS_TIME)
    weekday = WEEKDAYS[local.weekday()]
    return f"{local.month}月{local.day}日（周{weekday}）{local.hour}:{local.minute:02d}"


def check_all(
    *,
    publish_at: datetime | None,
    overrides: Mapping[str, Mapping[str, Any]],
    not_after: datetime | None,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Refuse times that are past or contradict each other, those of single targets too."""
    own = (override.get("publish_at") for override in overrides.values())
    moments = [parse(str(text), field="publish_at") for text in own if text]
    for moment in (publish_at, *moments):
        check_order(publish_at=moment, not_after=not_after, expires_at=expires_at, now=now)


def check_order(
    *,
    publish_at: datetime | None,
    not_after: datetime | None,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Refuse times that are past or contradict each other, naming the field."""
    given = {"publish_at": publish_at, "not_after": not_after, "expires_at": expires_at}
    for field, moment in given.items():
        if moment is not None and moment <= now:
            raise InvalidError(
                f"{NAMES[field]} {say(moment)} 已经过去，请改为将来的时间", field=field, code="past"
            )
    start = publish_at or now
    if expires_at is not None and expires_at <= start:
        raise InvalidError(
            f"结束时间 {say(expires_at)} 早于发布时间 {say(start)}，请改晚",
            field="expires_at",
            code="ends_before_it_begins",
        )
    if not_after is not None and not_after < start:
        raise InvalidError(
            f"最晚发布时间 {say(not_after)} 早于发布时间 {say(start)}，请改晚",
            field="not_after",
            code="ends_before_it_begins",
        )
