"""The command about the record of who did what: whether it is still what was written."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from publisher import cli_output as output
from publisher.cli_session import NOT_WELL, AsJson, app_at
from publisher.errors import InvalidError
from publisher.schedule import times
from publisher.storage import notes

SHORTEST_SEAL = 12  # characters that name one
audit_cli = typer.Typer(help="操作记录：核对有没有被改过。", no_args_is_help=True)
Seal = Annotated[
    str, typer.Option("--contains", metavar="封印", help="以前记下的封印，核对它还在记录里。")
]


@audit_cli.command("verify")
def verify(context: typer.Context, contains: Seal = "", as_json: AsJson = False) -> None:
    """核对操作记录：每一条都接着上一条，改过、少了中间的都看得出；不对时退出码是 1。

    最后几条被整个删去，只有另外记下的封印能证明：请定期把这里显示的封印抄到别处。
    """
    if contains and len(contains) < SHORTEST_SEAL:
        raise InvalidError(f"请至少写封印的前 {SHORTEST_SEAL} 个字符", field="--contains")
    with app_at(context).database.reads() as session:
        broken = notes.first_broken(session)
        is_there = not contains or notes.holds(session, contains.lower())
        said = _said(session, broken, is_there=is_there)
    if as_json:
        output.line(json.dumps(said, ensure_ascii=False))
    else:
        output.line(_spoken(said))
    if broken is not None or not is_there:
        raise typer.Exit(NOT_WELL)


def _said(session: Session, broken: int | None, *, is_there: bool) -> dict[str, object]:
    last = notes.last(session)
    return {
        "is_whole": broken is None,
        "first_broken": broken,
        "is_contained": is_there,
        "count": notes.count(session),
        "last_at": last.at.isoformat() if last else None,
        "last_said": times.say(last.at) if last else "",
        "seal": last.seal if last else "",
    }


def _spoken(said: dict[str, object]) -> str:
    if said["first_broken"] is not None:
        return (
            f"操作记录从第 {said['first_broken']} 条起接不上：这一条或它前面的被改过，或少了。"
            "请保留现场，用备份核对"
        )
    if not said["is_contained"]:
        return "操作记录里没有这个封印：记录被换过或删过，请保留现场，用备份核对"
    if not said["count"]:
        return "还没有操作记录"
    return (
        f"操作记录 {said['count']} 条，条条相接，没有改动；最后一条在 {said['last_said']}，"
        f"封印 {said['seal']}"
    )
