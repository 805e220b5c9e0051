"""What commands have in common: which installation is meant, who acts, and how to answer."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from publisher import app as composition
from publisher import clock
from publisher.app import App
from publisher.errors import InvalidError
from publisher.model.people import Person
from publisher.workflow import people

NOT_WELL = 1  # exit code

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")]
AsPerson = Annotated[
    str | None, typer.Option("--as", help="以谁的名义；默认是本机操作员。", metavar="姓名")
]


def app_at(context: typer.Context) -> App:
    """Wire the installation that is meant."""
    home: Path = context.obj
    if not (home / "config").is_dir():
        raise InvalidError(
            f"{home} 里没有安装，请先运行 publisher demo，或 publisher init {home}", field="--home"
        )
    return composition.build(home)


@contextmanager
def acting(app: App, name: str | None) -> Iterator[tuple[Session, Person, datetime]]:
    """Open a transaction in which somebody acts."""
    at = clock.now()
    with app.database.sessions.begin() as session:
        if name is None:
            person = people.at_this_machine(session, getpass.getuser(), at=at)
        else:
            person = people.named(session, name)
        yield session, person, at
