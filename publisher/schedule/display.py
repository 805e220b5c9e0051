"""公示期: how long a notice is on display, counted from when it was seen where it leads. Pure.

The day on which it begins is not counted (民法典, article 201). A period in calendar days that ends
on a day off ends on the next working day (article 203). The last day is whole: it ends at 24:00.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from publisher.channel import CAMPUS_TIME
from publisher.errors import InvalidError
from publisher.schedule import calendar
from publisher.settings import Kind, WorkingDays

UNITS = {"calendar": "天", "working": "个工作日"}
MOST = 365  # days
FORM = "写成 5（天）或 5-working（工作日）"


@dataclass(frozen=True, kw_only=True)
class End:
    """When a display ends."""

    last_day: date
    unknown_years: tuple[int, ...] = ()  # years it touches whose holidays are not known yet

    @property
    def is_provisional(self) -> bool:
        """Whether it may be another day once the holidays are known."""
        return bool(self.unknown_years)

    @property
    def at(self) -> datetime:
        """The end of the last day, in the time of the campus."""
        return datetime.combine(self.last_day + calendar.A_DAY, time(), tzinfo=CAMPUS_TIME)


def end(begun_at: datetime, *, days: int, unit: str, years: WorkingDays) -> End:
    """Return the end of a display of so many days that begins at this moment."""
    first = begun_at.astimezone(CAMPUS_TIME).date()
    if unit == "working":
        last = calendar.add_working_days(first, days, years)
        return End(last_day=last, unknown_years=calendar.unknown_years(first, last, years))
    counted = last = first + timedelta(days=days)
    if not calendar.is_working_day(counted, years):
        last = calendar.add_working_days(counted, 1, years)
    return End(last_day=last, unknown_years=calendar.unknown_years(counted, last, years))


def say(days: int | None, unit: str) -> str:
    """Return a length as people say it: "5 个工作日"; "" for None."""
    return f"{days} {UNITS.get(unit, unit)}" if days is not None else ""


def say_end(found: End) -> str:
    """Return an end as people say it: "2026年10月22日 24:00"."""
    return f"{found.last_day.year}年{found.last_day.month}月{found.last_day.day}日 24:00"


def parse(text: str) -> tuple[int, str]:
    """Return days and unit of "5" or "5-working"."""
    number, _, unit = text.strip().partition("-")
    if not number.isascii() or not number.isdigit() or len(number) > len(str(MOST)):
        raise InvalidError(f"公示期“{text}”看不懂，请{FORM}", field="display_days")
    return int(number), unit or "calendar"


def check(*, days: int | None, unit: str) -> None:
    """Refuse a length that cannot be."""
    if unit not in UNITS:
        message = "公示期的单位只能是 calendar（天）或 working（工作日）"
        raise InvalidError(message, field="display_unit")
    if days is not None and not 1 <= days <= MOST:
        message = f"公示期请写 1 到 {MOST} 之间的天数；不是公示就不填"
        raise InvalidError(message, field="display_days")


def check_end(found: End, expires_at: datetime | None) -> None:
    """Refuse a planned end before the earliest end of the display."""
    if expires_at is not None and expires_at < found.at:
        message = f"公示期最早到 {say_end(found)} 才满，结束时间请改晚，或不填（期满自动撤下）"
        raise InvalidError(message, field="expires_at", code="contradiction")


def suggestion(kind: Kind, *, day: date) -> str:
    """Return the least length of a kind with its basis, as people read it; "" for none."""
    least = kind.least(day)
    if least is None:
        return ""
    return f"{kind.name}最短 {say(least, kind.display_unit)}（{kind.display_basis}）"


def check_least(
    kind: Kind,
    *,
    days: int | None,
    unit: str,
    expires_at: datetime | None,
    begins_at: datetime,
    years: WorkingDays,
) -> None:
    """Refuse a display shorter than its kind must have; one that has no end is not shorter.

    So many calendar days may be fewer working days, whatever the date of the beginning turns out
    to be; therefore the least number of working days is asked for in working days.
    """
    least = kind.least(begins_at.astimezone(CAMPUS_TIME).date())
    if least is None:
        return
    advice = f"{suggestion(kind, day=begins_at.astimezone(CAMPUS_TIME).date())}；可以更长，不能更短"
    if days is None:
        earliest = end(begins_at, days=least, unit=kind.display_unit, years=years)
        if expires_at is not None and expires_at < earliest.at:
            raise InvalidError(
                f"{advice}，结束时间不能早于 {say_end(earliest)}，请改晚，或改填公示期",
                field="expires_at",
                code="display_too_short",
            )
    elif kind.display_unit == "working" and unit != "working":
        message = f"{advice}，请把公示期的单位改为工作日"
        raise InvalidError(message, field="display_unit", code="display_too_short")
    elif days < least:
        message = f"{advice}，现在写的是 {say(days, unit)}，请改长"
        raise InvalidError(message, field="display_days", code="display_too_short")
