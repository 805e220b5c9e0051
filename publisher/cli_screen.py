"""The command that screens what is public already, after the rules have changed."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from publisher import cli_output as output
from publisher import clock
from publisher.cli_session import NOT_WELL, AsJson, app_at
from publisher.model.words import ACTIONS
from publisher.workflow import backscan

HOW = "：请先撤回（publisher withdraw），改好再发"
SAID_EVERY = 500  # editions between two words of progress
Warnings = Annotated[bool, typer.Option("--warnings", help="也列出“请核对”的，不只是必须处理的。")]


def screen(context: typer.Context, warnings: Warnings = False, as_json: AsJson = False) -> None:
    """按现在的规则把已经公开的稿件和附件再筛查一遍；有必须处理的，退出码是 1。什么也不改。"""
    told = {"block", "warn"} if warnings else {"block"}
    app, count, blocked = app_at(context), 0, 0
    for count, seen in enumerate(backscan.screened(app.desk, at=clock.now()), start=1):
        found = [one for one in seen.findings if one["action"] in told]
        blocked += any(one["action"] == "block" for one in found)
        if as_json and found:
            said = {"item": seen.item_id, "title": seen.title, "edition": seen.number}
            output.line(json.dumps(said | {"findings": found}, ensure_ascii=False))
        elif found:
            output.line(f"稿件 {seen.item_id}（第 {seen.number} 版）")
            for one in found:
                output.line(f"  {ACTIONS[one['action']]}：{one['message']}")
        if not as_json and count % SAID_EVERY == 0:
            output.line(f"已筛查 {count} 篇……")
    if not as_json:
        output.line(f"筛查了 {count} 篇已公开的稿件，{blocked} 篇必须处理" + HOW * bool(blocked))
    if blocked:
        raise typer.Exit(NOT_WELL)
