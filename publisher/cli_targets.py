"""The commands about targets: list, check, pause, resume."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from publisher import cli_output as output
from publisher import clock
from publisher.app import App
from publisher.cli_session import NOT_WELL, AsJson, AsPerson, acting, app_at
from publisher.errors import InvalidError
from publisher.model.target import EVERYTHING
from publisher.schedule.places import places
from publisher.storage import queries
from publisher.workflow import digest, targets

targets_cli = typer.Typer(help="发布目标：列出、暂停、恢复、检查。", no_args_is_help=True)

PausedName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="发布目标的名称。")]
TargetName = Annotated[str, typer.Argument(metavar="TARGET", help="发布目标的名称。")]
PausedChannel = Annotated[
    str | None, typer.Option("--channel", help="一个渠道的所有目标，如 qq_notice。")
]
PausedAll = Annotated[bool, typer.Option("--all", help="全部。")]
Context = typer.Context


@targets_cli.command("list")
def list_targets(context: Context, as_json: AsJson = False) -> None:
    """列出发布目标和最近一次检查的结果。"""
    app = app_at(context)
    show(app, list(app.channels), as_json=as_json, ask=False)


@targets_cli.command("check")
def check_target(context: Context, name: str, as_json: AsJson = False) -> None:
    """检查一个发布目标。"""
    app = app_at(context)
    targets.check_target(app.desk, name)
    show(app, [name], as_json=as_json, ask=True)


@targets_cli.command("pause")
def pause_target(
    context: Context,
    reason: Annotated[str, typer.Option(help="为什么暂停。")],
    name: PausedName = None,
    channel: PausedChannel = None,
    everything: PausedAll = False,
    as_person: AsPerson = None,
) -> None:
    """暂停一个发布目标、一个渠道或全部；撤下不受影响。"""
    app, scope = app_at(context), _scope(name, channel, everything)
    with acting(app, as_person) as (session, person, now):
        targets.pause(session, app.desk, scope, reason=reason, by=person, at=now)
    output.line(f"{targets.scope_label(app.desk, scope)} 已暂停：{reason}；撤下照常进行")


@targets_cli.command("resume")
def resume_target(
    context: Context,
    name: PausedName = None,
    channel: PausedChannel = None,
    everything: PausedAll = False,
    as_person: AsPerson = None,
) -> None:
    """恢复一个发布目标、一个渠道或全部；自动停发的目标也用它恢复。"""
    app, scope = app_at(context), _scope(name, channel, everything)
    with acting(app, as_person) as (session, person, now):
        targets.resume(session, app.desk, scope, by=person, at=now)
        left = queries.pauses(session)
    output.line(f"{targets.scope_label(app.desk, scope)} 已恢复")
    for pause in left:
        output.line(f"还有暂停：{targets.scope_label(app.desk, pause.scope)}（{pause.because}）")


def plan(context: Context, name: TargetName, as_json: AsJson = False) -> None:
    """列出一个发布目标接下来的发送：什么时候，各有哪些稿件，次数还剩多少。"""
    app = app_at(context)
    with app.database.reads() as session:
        found = digest.plan(session, app.desk, name, now=clock.now())
        output.plan(name, found, as_json=as_json)


def _scope(name: str | None, channel: str | None, everything: bool) -> str:
    """Return the one scope that was named."""
    named = [targets.of_target(name)] if name else []
    named += [targets.of_channel(channel)] if channel else []
    named += [EVERYTHING] if everything else []
    if len(named) != 1:
        raise InvalidError("请写一个目标的名称，或 --channel 渠道，或 --all", field="NAME")
    return named[0]


def show(app: App, names: list[str], *, as_json: bool, ask: bool) -> None:
    """Show these targets, asked anew or as they were; exit code 1 if one that was asked is ill."""
    if ask:
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            list(pool.map(app.check, names))
    there = places(app.channels)
    with app.database.reads() as session:
        rows = queries.targets(session, {name: there[name] for name in names})
    is_well = output.targets(rows, app.channels, as_json=as_json)
    if ask and not is_well:
        raise typer.Exit(NOT_WELL)
