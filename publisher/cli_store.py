"""The commands that keep what there is: backup, restore, and moving to another database."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from publisher import cli_output as output
from publisher import clock, settings
from publisher.channel import CAMPUS_TIME
from publisher.errors import InvalidError
from publisher.model.note import Note
from publisher.schedule import times
from publisher.settings import Settings
from publisher.storage import notes, transfer
from publisher.storage.backup import check, take
from publisher.storage.backup.archive import Manifest
from publisher.storage.backup.restore import Order, Restored
from publisher.storage.backup.restore import restore as put_back
from publisher.storage.database import open_database

TELL_EVERY_S = 2.0
MIB = 2**20
Archive = Annotated[Path, typer.Argument(metavar="FILE", help="备份文件（.tar）。")]


def backup(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="备份文件；用 --keep 时是放备份的文件夹。")
    ],
    keep: Annotated[
        int | None, typer.Option(help="文件夹里只留最新的几份。", min=1, metavar="N")
    ] = None,
) -> None:
    """备份：数据库、文件和各平台的目录，服务不用停；写完读回核对，核对不过就不留。"""
    home = _home(context)
    at, tell = clock.now(), _Progress("字节")
    if keep is None:
        taken = take.take(home, file, at=at, progress=tell)
    else:
        taken = take.take_into(home, file, keep=keep, at=at, progress=tell)
    size = f"{taken.size_bytes / MIB:.1f} MiB"
    database = open_database(home.database_url)
    with database.sessions.begin() as session:
        said = f"{taken.path.name}，{size}，{len(taken.manifest.members)} 个文件"
        notes.append(session, Note(at=at, who=_who(), verb="backup", text=said))
    database.engine.dispose()
    output.line(f"已备份到 {taken.path}（{size}），已读回核对；不含 config/secrets，请另外保管")


def verify_backup(file: Archive) -> None:
    """核对一个备份：每个文件、数据库和记录里的文件都在，什么也不改。"""
    manifest = check.verify(file, progress=_Progress("字节"))
    output.line(f"备份完好：{_contents(manifest)}")


def restore(
    context: typer.Context,
    file: Archive,
    replace: Annotated[
        bool, typer.Option("--replace", help="已有的数据移到旁边（不删除），换成备份里的。")
    ] = False,
) -> None:
    """从备份恢复（先停服务）；恢复后全部暂停，可能已发出的先到平台核对，不会重发。"""
    order = Order(archive=file, home=context.obj, replaces=replace, by=_who(), at=clock.now())
    if not file.is_file():
        raise InvalidError(f"没有备份文件 {file}", field="FILE")
    done = put_back(order, progress=_Progress("字节"))
    for told in _told(done):
        output.line(told)


def _told(done: Restored) -> list[str]:
    since = times.say(done.manifest.taken_at)
    found = done.reconciled
    lines = [f"已恢复 {since} 的备份：{_contents(done.manifest)}"]
    if done.aside:
        lines.append(f"原来的数据没有删除，在 {done.aside}")
    if done.secrets_missing:
        lines.append("备份里没有密钥：请补上 config/secrets 里的文件，再运行 publisher check")
    lines += [
        f"{found.to_look_up} 条可能已经发出的投递，启动后先到平台核对，核对之前不会再发",
        f"{found.given_up} 条失败或错过的投递，重新发送时也先核对",
        "全部发送已暂停。请这样做：",
        "  1. 启动服务（publisher serve），看 publisher deliveries --state unconfirmed",
        "  2. 把各平台与 publisher deliveries 对一遍："
        f"{since} 之后批准、撤回、核实的都不在记录里，",
        "     之后撤回过的要重新撤回，官网上的会重新公开；停用过的人员和令牌要重新停用",
        "  3. 都核对过之后恢复发送：publisher targets resume --all",
    ]
    lines += [f"  审核中、可能后来已批准：稿件 {item} {title}" for item, title in found.in_review]
    return lines


def migrate_store(
    context: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            help="新数据库的地址；密码可以写在 ~/.pgpass 里。",
            metavar="postgresql+psycopg://…",
        ),
    ],
) -> None:
    """把数据从 SQLite 移到 PostgreSQL（先停服务）：逐表核对，不一致就什么也不留下。"""
    home = _home(context)
    moved = transfer.transfer(
        home.database_url, to, by=_who(), at=clock.now(), progress=_Progress("行")
    )
    table = Table("表", "行数", "摘要（两边相同）", box=None)
    for one in moved:
        table.add_row(one.table, str(one.rows), one.digest[:16])
    output.OUT.print(table)
    output.line(
        f"已移到 PostgreSQL：{len(moved)} 张表，{sum(one.rows for one in moved)} 行，全部核对一致"
    )
    output.line(
        "请把 config/publisher.toml 里 [server] 的 database_url 改成 --to 的地址，再启动服务"
    )
    output.line("原来的 SQLite 文件没有动；确认无误之前请留着它")


def _home(context: typer.Context) -> Settings:
    home: Path = context.obj
    if not (home / "config").is_dir():
        raise InvalidError(f"{home} 里没有安装", field="--home")
    return settings.load(home, with_targets=False)


def _who() -> str:
    return f"本机操作员（{getpass.getuser()}）"[:64]


def _contents(manifest: Manifest) -> str:
    taken = f"{manifest.taken_at.astimezone(CAMPUS_TIME):%Y-%m-%d %H:%M}"
    counts = manifest.counts
    return (
        f"{taken} 的 {manifest.backend} 数据，{counts.get('item', 0)} 个稿件，"
        f"{counts.get('delivery', 0)} 条投递，{len(manifest.members)} 个文件"
    )


class _Progress:
    """Says on stderr how far long work has come, every few seconds."""

    def __init__(self, unit: str) -> None:
        self._unit, self._next = unit, time.monotonic() + TELL_EVERY_S

    def __call__(self, what: str, done: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TELL_EVERY_S
        amount = f"{done / MIB:.0f} MiB" if self._unit == "字节" else f"{done} {self._unit}"
        output.ERR.print(f"{what}：{amount}", style="dim")


COMMANDS = (backup, verify_backup, restore, migrate_store)
