"""config/working-days.toml: holidays and the days that make up for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field

from publisher.errors import ConfigError
from publisher.settings import files
from publisher.settings.tables import Table


class Year(Table):
    """One year of config/working-days.toml."""

    source: str = Field(min_length=1)
    holidays: frozenset[date] = Field(strict=False)  # an array of TOML is a list
    make_up_workdays: frozenset[date] = Field(strict=False)


WorkingDays = Mapping[int, Year]  # by the year; one that is missing is not known yet


def working_days(home: Path) -> dict[int, Year]:
    """Return what is known of holidays, by the year."""
    file = "config/working-days.toml"
    years = {}
    for name, table in files.read(home, "working-days.toml").items():
        if not re.fullmatch(r"20\d\d", name) or not isinstance(table, dict):
            raise ConfigError("每一年是一个表，写成 [2027]", file=file, key=name)
        years[int(name)] = _year(name, table, file=file)
    return years


def _year(name: str, table: dict[str, Any], *, file: str) -> Year:
    try:
        year = files.model(Year, table, file=file)
    except ConfigError as error:  # it took the key for a table
        raise ConfigError(error.message, file=file, table=name, key=error.table) from error
    for key, days in (
        ("holidays", year.holidays),
        ("make_up_workdays", year.make_up_workdays),
    ):
        if strays := sorted(day for day in days if str(day.year) != name):
            raise ConfigError(f"{strays[0]} 不在 {name} 年", file=file, table=name, key=key)
    if both := sorted(year.holidays & year.make_up_workdays):
        message = f"{both[0]} 同时在 holidays 里"
        raise ConfigError(message, file=file, table=name, key="make_up_workdays")
    return year
