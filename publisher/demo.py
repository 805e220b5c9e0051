"""`publisher demo`: everything on this machine, with practice outlets, and a tour to begin with."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from publisher import app, clock, installation, server
from publisher.settings import ROLES, Settings


def run(home: Path, *, first_port: int, out: Console) -> None:
    """Make the demo's folder if need be, then serve until Ctrl+C."""
    installation.init_demo(home, first_port=first_port)
    wired = app.build(home)
    with wired.database.sessions.begin() as session:
        passwords = installation.demo_people(session, home, at=clock.now())
    server.serve(wired, ready=lambda: _tour(wired.settings, passwords, out))


def _tour(settings: Settings, passwords: dict[str, str], out: Console) -> None:
    own = settings.server
    site = f"http://{own.host}:{own.site_port}"
    practice = f"http://{own.host}:{own.rehearsal_port}"
    out.print(
        "\n[bold]一稿已经启动[/bold]，一切都在这台机器上，什么也不会发到外面。按 Ctrl+C 结束。\n"
    )
    out.print(_addresses(settings, site, practice))
    out.print(_accounts(passwords))
    out.print(
        "\n[bold]发出第一个通知（约五分钟）[/bold]\n"
        f"  1. 打开 {settings.console_url} ，用林晓登录，“新建稿件”，"
        f"上传 {settings.home / installation.SAMPLE}\n"
        "  2. 选四个发布目标，保存，看各渠道的预览，提交送审\n"
        "  3. 依次用王建国、陈敏、郑涛登录，在“审核”里看过之后通过\n"
        f"  4. 看官网 {site} 、微信 {practice}/wechat/ 、QQ群 {practice}/onebot/ ，"
        f"屏幕 {site}/screen/library\n"
        "  5. 回到稿件页看各渠道状态，再“撤回”，四处都会撤下\n",
        soft_wrap=True,
    )


def _addresses(settings: Settings, site: str, practice: str) -> Table:
    table = Table("页面", "地址", box=None, pad_edge=True)
    table.add_row("控制台", settings.console_url)
    table.add_row("接口说明", f"{settings.console_url}/api/v1/openapi.json")
    table.add_row("信息公开网", site)
    table.add_row("屏幕播放页", f"{site}/screen/library")
    table.add_row("演练平台（微信、QQ）", practice)
    table.add_row("数据文件夹", str(settings.home))
    return table


def _accounts(passwords: dict[str, str]) -> Table:
    table = Table("登录名", "密码", "角色", box=None, pad_edge=True)
    for name, password in passwords.items():
        roles = installation.DEMO_PEOPLE[name]
        table.add_row(name, password, "、".join(ROLES[role] for role in roles))
    return table
