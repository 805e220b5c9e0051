"""Door 1, operators: the command line. A command parses, calls one function, shows the result."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from publisher import (
    cli_check,
    cli_record,
    cli_screen,
    cli_store,
    cli_targets,
    clock,
    installation,
    logs,
    settings,
)
from publisher import cli_output as output
from publisher.cli_audit import audit_cli
from publisher.cli_session import NOT_WELL, AsJson, AsPerson, acting, app_at
from publisher.errors import InvalidError, PublisherError
from publisher.schedule import times
from publisher.schedule.display import parse as parse_display
from publisher.storage import queries, vitals
from publisher.workflow import attachments, compose, intake, people, review, withdraw

BAD_INPUT = 2  # exit code

cli = typer.Typer(
    name="publisher",
    help="一稿：一个批准过的稿件，按时发到官网、微信公众号、校园大屏和 QQ 群，也能全部撤下。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
people_cli = typer.Typer(help="人员：添加、列出。", no_args_is_help=True)
tokens_cli = typer.Typer(help="程序用的令牌。", no_args_is_help=True)
cli.add_typer(cli_targets.targets_cli, name="targets")
cli.add_typer(people_cli, name="people")
cli.add_typer(tokens_cli, name="tokens")
cli.add_typer(audit_cli, name="audit")
for command in (
    *cli_store.COMMANDS,
    cli_targets.plan,
    cli_screen.screen,
    cli_record.record,
    cli_check.check,
):
    cli.command()(command)

Engine = Literal["embedded", "procrastinate"]
Context = typer.Context


def main() -> None:
    """Run the command line; a fault that has a name is one Chinese sentence and exit code 2."""
    logs.configure()
    try:
        cli()
    except PublisherError as error:
        output.fault(error)
        sys.exit(BAD_INPUT)


@cli.callback()
def at_home(
    context: Context,
    home: Annotated[
        Path | None,
        typer.Option(help="安装所在的文件夹；默认是 PUBLISHER_HOME，再默认是演示用的文件夹。"),
    ] = None,
) -> None:
    """Remember which installation is meant."""
    context.obj = home or settings.default_home()


@cli.command("demo")
def demo_command(
    context: Context,
    first_port: Annotated[
        int, typer.Option(help="三个连续端口中的第一个。", min=1024, max=65533)
    ] = installation.FIRST_PORT,
) -> None:
    """启动演示：控制台、官网、屏幕、演练平台，全部在本机，数据单独存放。"""
    from publisher import demo  # pages and their libraries take a second that others need not wait

    demo.run(context.obj, first_port=first_port, out=output.OUT)


@cli.command()
def serve(
    context: Context,
    engine: Annotated[
        Engine | None, typer.Option(help="谁来发送：本进程，或 publisher worker；默认按配置。")
    ] = None,
) -> None:
    """启动服务：控制台和接口、公开网站、定时发送。"""
    from publisher import server, wakeups  # as above

    app = app_at(context)
    if (engine or app.settings.server.engine) == "procrastinate":
        wakeups.use(app)
    own = app.settings.server
    server.serve(
        app,
        ready=lambda: output.line(
            f"控制台 {app.settings.console_url}，公开网站 http://{own.host}:{own.site_port}"
        ),
    )


@cli.command()
def worker(
    context: Context,
    lanes_at_once: Annotated[
        int, typer.Option(help="同时发送几路；撤下另有四分之一。", min=1, max=200)
    ] = 32,
    files: Annotated[
        bool, typer.Option("--files", help="data/targets 在这台机器上：也做要用这些文件的目标。")
    ] = False,
    name: Annotated[str, typer.Option(help="日志里的名称。")] = "worker",
) -> None:
    """启动一个发送进程，为 publisher serve --engine procrastinate 干活；可以有很多个。"""
    from publisher import wakeups  # as above

    app = app_at(context)
    wakeups.use(app)
    process = wakeups.Process(app=app, lanes_at_once=lanes_at_once, has_files=files, name=name)
    process.run(ready=lambda: output.line(f"{name} 已就绪，同时发送 {lanes_at_once} 路"))


@cli.command()
def init(directory: Annotated[Path, typer.Argument(metavar="DIR", help="新的文件夹。")]) -> None:
    """新建一个安装：写好配置文件，待填发布目标。"""
    installation.init(directory)
    output.line(f"已建好 {directory}，请编辑 {directory / 'config' / 'targets.toml'}")


@cli.command()
def queue(
    context: Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Word、Markdown、HTML 或文本文件。")
    ],
    to: Annotated[str, typer.Option(help="发布目标，用逗号分开。", metavar="NAME,…")],
    at: Annotated[
        str | None, typer.Option(help="发布时间，如 2026-11-24 08:30；不写则批准后即发。")
    ] = None,
    until: Annotated[str | None, typer.Option(help="到什么时候撤下。")] = None,
    not_after: Annotated[str | None, typer.Option(help="最晚什么时候还发。")] = None,
    late: Annotated[
        str, typer.Option(help="没能按时发出时：send 照常发，ask 由人决定，miss 不再发。")
    ] = "",
    display: Annotated[
        str | None,
        typer.Option(help="公示期，5 是 5 天，5-working 是 5 个工作日；从官网确认之日起算。"),
    ] = None,
    urgency: Annotated[
        str | None, typer.Option(help="normal、urgent（加急）或 emergency（特急）。")
    ] = None,
    title: Annotated[str | None, typer.Option(help="标题；不写则用文件里的。")] = None,
    summary: Annotated[str | None, typer.Option(help="摘要；不写则取正文开头。")] = None,
    kind: Annotated[str | None, typer.Option(help="文种：通知、公示、公告……")] = None,
    category: Annotated[str, typer.Option(help="清单事项编号，如 0307。")] = "",
    override: Annotated[
        list[str] | None,
        typer.Option(
            help="只改某个发布目标的标题、摘要或时间，可以写多次。",
            metavar="NAME.title=…|NAME.summary=…|NAME.publish_at=…",
        ),
    ] = None,
    attach: Annotated[list[Path] | None, typer.Option(help="附件，可以写多次。")] = None,
    submit: Annotated[bool, typer.Option("--submit", help="存好后立即提交送审。")] = False,
    as_person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """把通知文件排进来：成为草稿，或用 --submit 直接送审。"""
    app = app_at(context)
    changes: dict[str, Any] = {
        "title": title,
        "summary": summary,
        "kind": kind,
        "category": category,
        "targets": tuple(name.strip() for name in to.split(",") if name.strip()),
        "overrides": _overrides(override or ()),
        "publish_at": times.parse(at, field="publish_at") if at else None,
        "expires_at": times.parse(until, field="expires_at") if until else None,
        "not_after": times.parse(not_after, field="not_after") if not_after else None,
        "late": late,
        "urgency": urgency,
    }
    if display is not None:
        changes["display_days"], changes["display_unit"] = parse_display(display)
    if title is not None and len(files) > 1:
        raise InvalidError("一次排多个文件时不能用 --title", field="title")
    ids = []
    beside = [
        attachments.examine(app.desk, name=path.name, file=_bytes(path)) for path in attach or ()
    ]
    with acting(app, as_person) as (session, person, now):
        for path in files:
            draft = intake.imported(
                session, app.desk, name=path.name, file=_bytes(path), by=person, at=now
            )
            kept = tuple(
                intake.attached(session, app.desk, each, by=person, at=now) for each in beside
            )
            given = {key: value for key, value in changes.items() if value is not None}
            draft = dataclasses.replace(draft, attachments=kept, **given)
            ids.append(compose.draft(session, app.desk, draft, by=person, at=now).id)
            if submit:  # what cannot be submitted is not kept as a draft either
                review.check(session, app.desk, ids[-1], by=person.id, at=now)
        by = person.id
    if submit:
        for item_id in ids:
            review.submit(app.desk, item_id, by=by, at=clock.now())
    with app.database.reads() as session:
        rows = [queries.row_of(session, queries.item(session, item_id)) for item_id in ids]
        output.items(rows, as_json=as_json)


def _overrides(given: Iterable[str]) -> dict[str, dict[str, str]]:
    """Read settings of the form NAME.key=value."""
    found: dict[str, dict[str, str]] = {}
    for one in given:
        place, is_there, value = one.partition("=")
        target, has_key, key = place.partition(".")
        if not is_there or not has_key:
            raise InvalidError(f"“{one}”看不懂，请写成 wechat.title=短标题", field="--override")
        found.setdefault(target.strip(), {})[key.strip()] = value.strip()
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidError(f"读不了文件 {path}：{error.strerror}", field="file") from error


@cli.command()
def status(context: Context, as_json: AsJson = False) -> None:
    """渠道状态检查：每个发布目标一行；有一个不正常，退出码就是 1。"""
    app = app_at(context)
    cli_targets.show(app, list(app.channels), as_json=as_json, ask=True)


@cli.command()
def deliveries(
    context: Context,
    item: Annotated[int | None, typer.Option(help="稿件编号。")] = None,
    state: Annotated[str | None, typer.Option(help="状态，如 unconfirmed。")] = None,
    limit: Annotated[int, typer.Option(help="最多几行。", min=1, max=1000)] = queries.PAGE,
    as_json: AsJson = False,
) -> None:
    """列出投递：状态、时间、地址和建议，新的在前。"""
    app = app_at(context)
    with app.database.reads() as session:
        found = queries.deliveries(session, state=state, item_id=item, limit=limit)
        output.deliveries(found, app.channels, as_json=as_json)


@cli.command("withdraw")
def withdraw_command(
    context: Context,
    item: Annotated[int, typer.Argument(metavar="ITEM", help="稿件编号。")],
    reason: Annotated[str, typer.Option(help="撤回原因，读者会看到。")],
    note: Annotated[str, typer.Option(help="给同事看的说明。")] = "",
    as_person: AsPerson = None,
) -> None:
    """把一个稿件从所有渠道撤下。"""
    app = app_at(context)
    with acting(app, as_person) as (session, person, now):
        found = queries.item(session, item)
        withdraw.withdraw(session, app.desk, found, reason=reason, note=note, by=person, at=now)
    output.line(f"稿件 {item} 正在从所有渠道撤下，进展见 publisher deliveries --item {item}")


@cli.command("alarms")
def alarms_command(
    context: Context,
    past: Annotated[int, typer.Option(help="也列出已结束的，最多几条。", min=0, max=1000)] = 0,
    as_json: AsJson = False,
) -> None:
    """列出告警；有一条还没有结束，退出码就是 1。"""
    app = app_at(context)
    with app.database.reads() as session:
        found = vitals.open_alarms(session)
        output.alarms(found + vitals.past_alarms(session, limit=past), as_json=as_json)
    if found:
        raise typer.Exit(NOT_WELL)


@people_cli.command("add")
def add_person(
    context: Context,
    name: str,
    roles: Annotated[str, typer.Option(help=f"角色，用逗号分开：{'、'.join(settings.ROLES)}。")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="从标准输入读密码；不写则不能登录控制台。")
    ] = False,
) -> None:
    """添加一个人。"""
    app = app_at(context)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    given = [role.strip() for role in roles.split(",") if role.strip()]
    with app.database.sessions.begin() as session:
        people.add(session, name, roles=given, password=password, at=clock.now())
    output.line(f"已添加 {name}")


@people_cli.command("list")
def list_people(context: Context, as_json: AsJson = False) -> None:
    """列出所有人和他们的角色。"""
    app = app_at(context)
    with app.database.reads() as session:
        output.people(queries.people(session), as_json=as_json)


@tokens_cli.command("create")
def create_token(
    context: Context,
    person: Annotated[str, typer.Option(help="令牌代表谁。", metavar="NAME")],
) -> None:
    """为程序生成一个令牌，单独打印一行，只显示这一次。"""
    app = app_at(context)
    with app.database.sessions.begin() as session:
        token = people.create_token(session, people.named(session, person), at=clock.now())
    output.line(token)
