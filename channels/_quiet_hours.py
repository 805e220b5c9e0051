"""Hours in which an account is left alone, for channels that rest. All pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from publisher.channel import CAMPUS_TIME
from publisher.errors import ConfigError

FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Span:
    """From one time of the day to another, campus time; over midnight where it ends earlier."""

    start: time
    end: time

    def end_of(self, moment: datetime) -> datetime:
        """Return when the span that this moment is in ends; the moment itself outside of it."""
        local = moment.astimezone(CAMPUS_TIME)
        now, is_overnight = local.time(), self.end <= self.start
        is_in = (
            (self.start <= now or now < self.end) if is_overnight else self.start <= now < self.end
        )
        if not is_in:
            return moment
        day = local.date() + timedelta(days=1 if is_overnight and now >= self.start else 0)
        return datetime.combine(day, self.end, CAMPUS_TIME).astimezone(UTC)


def spans(written: tuple[str, ...], *, key: str = "quiet_hours") -> tuple[Span, ...]:
    """Return the spans; ConfigError where one is no "22:30-07:00", or where they leave no time.

    `key` is the setting in which they stand.
    """
    found = tuple(_span(each, key=key) for each in written)
    noon = datetime(2026, 1, 1, 12, tzinfo=CAMPUS_TIME)
    if found and rest_until(noon, found) > noon + timedelta(days=1):
        raise ConfigError("这些时段连起来占满了全天，请留出能发送的时间", key=key)
    return found


def _span(written: str, *, key: str) -> Span:
    if not (parts := FORM.fullmatch(written)):
        message = f"“{written}”不是时段，请写成 22:30-07:00 这样"
        raise ConfigError(message, key=key)
    start_h, start_min, end_h, end_min = map(int, parts.groups())
    return Span(start=time(start_h, start_min), end=time(end_h, end_min))


def rest_until(moment: datetime, found: tuple[Span, ...]) -> datetime:
    """Return the first moment not before this one that lies in none of the spans."""
    end = moment + timedelta(days=2)
    while moment < end:
        later = max((span.end_of(moment) for span in found), default=moment)
        if later <= moment:
            return moment
        moment = later
    return moment
