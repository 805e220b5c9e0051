"""Settings of one installation: the only package that reads configuration files or environment.

An installation is a folder, `home`, that holds `config/` and `data/`. A file that is missing from
its `config/` is taken from the package.
"""

from __future__ import annotations

from publisher.settings.days import WorkingDays, Year
from publisher.settings.files import default_home, packaged
from publisher.settings.kinds import Kind, Kinds
from publisher.settings.reviewing import RISKS, ROLES, Reviewing, Stage
from publisher.settings.tables import (
    Alarm,
    College,
    Delivery,
    Documents,
    Screening,
    Server,
    SignIn,
)
from publisher.settings.whole import Settings, check_engine, load

__all__ = [
    "RISKS",
    "ROLES",
    "Alarm",
    "College",
    "Delivery",
    "Documents",
    "Kind",
    "Kinds",
    "Reviewing",
    "Screening",
    "Server",
    "Settings",
    "SignIn",
    "Stage",
    "WorkingDays",
    "Year",
    "check_engine",
    "default_home",
    "load",
    "packaged",
]
