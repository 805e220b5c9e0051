"""When a push may leave, and when WeChat gives the next allowance. All pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from publisher.channel import CAMPUS_TIME
from publisher.errors import ConfigError

RENEWED = time(0, 5)  # campus time; the counters turn at midnight, five minutes for clocks
ACCOUNT_KINDS = ("subscription", "service")


def push_times(written: tuple[str, ...]) -> tuple[time, ...]:
    """Return the times of the day in order; ConfigError where one is no HH:MM."""
    return tuple(sorted(map(_time, written)))


def _time(written: str) -> time:
    try:
        return datetime.strptime(written, "%H:%M").time()  # noqa: DTZ007  # only its time is kept
    except ValueError:
        message = f"“{written}”不是时间，请写成 17:00 这样的 24 小时制"
        raise ConfigError(message, key="push_times") from None


def slot(moment: datetime, times: tuple[time, ...]) -> datetime:
    """Return the first push time that is not before moment; moment itself where there is none."""
    if not times:
        return moment
    today = moment.astimezone(CAMPUS_TIME).date()
    days = (today, today + timedelta(days=1))
    slots = (datetime.combine(day, at, CAMPUS_TIME) for day in days for at in times)
    return next(slot for slot in slots if slot >= moment).astimezone(UTC)


def until_tomorrow_s(now: datetime) -> float:
    """Return the seconds until the counters of a day are new."""
    return _until_s(now.astimezone(CAMPUS_TIME).date() + timedelta(days=1), now)


def _until_s(day: date, now: datetime) -> float:
    return (datetime.combine(day, RENEWED, CAMPUS_TIME) - now).total_seconds()
