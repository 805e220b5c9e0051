"""The command that writes the record of a review, for the archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from publisher import cli_output as output
from publisher.cli_session import AsPerson, acting, app_at
from publisher.errors import InvalidError
from publisher.storage import records
from publisher.workflow import record as recording


def record(
    context: typer.Context,
    item_id: Annotated[int, typer.Argument(metavar="ITEM", help="稿件编号。", min=1)],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="写到哪个文件（PDF）。")],
    edition: Annotated[
        int | None, typer.Option(metavar="N", help="第几版；默认是最后提交的那一版。", min=1)
    ] = None,
    as_person: AsPerson = None,
) -> None:
    """把审核记录写成 PDF，供打印存档。"""
    app = app_at(context)
    with acting(app, as_person) as (session, person, at):
        by, edition_id = person.id, records.edition_id(session, item_id, edition)
    made = recording.make(app.desk, edition_id, by=by, at=at)
    try:
        to.write_bytes(made.file)
    except OSError as error:
        raise InvalidError(f"写不了 {to}：{error.strerror}", field="--to") from error
    output.line(f"已写到 {to}")
