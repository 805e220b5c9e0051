"""The command that checks an installation before it is started."""

from __future__ import annotations

from pathlib import Path

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from publisher import app as composition
from publisher import cli_output as output
from publisher import settings
from publisher.settings import Settings
from publisher.storage.database import open_database
from publisher.workflow import people


def check(context: typer.Context) -> None:
    """检查配置；有错时说出文件、表和键。"""
    from publisher.console import assets  # as in serve: other commands need no web server

    home: Path = context.obj
    checked = settings.load(home)
    composition.build_channels(checked, shelf=lambda _: output.NoShelf())
    output.line(f"配置没有问题：{len(checked.targets)} 个发布目标，{len(checked.stages)} 级审核")
    if fault := assets.fault():
        output.line(fault)
    for sentence in _clashes(checked):
        output.line(f"请注意：{sentence}")


def _clashes(checked: Settings) -> list[str]:
    """Tell of people added before certain roles were kept apart; a check makes no database."""
    url = make_url(checked.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return []
    database = open_database(checked.database_url)
    try:
        with database.reads() as session:
            return people.clashes(session)
    except SQLAlchemyError:  # not there yet, or not to be reached from here
        return []
    finally:
        database.engine.dispose()
