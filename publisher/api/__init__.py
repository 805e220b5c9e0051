"""Door 3: programs. JSON in and out, each token acts as a person, every refusal is a problem.

The server mounts it at /api/v1; what it must not let in is stopped in `gate`.
"""

from __future__ import annotations

from fastapi import FastAPI

from publisher.api import (
    alarms,
    deliveries,
    items,
    media,
    pauses,
    plans,
    problems,
    records,
    renditions,
    targets,
)
from publisher.api.gate import Gate
from publisher.app import App

ABOUT = """\
一稿多发的程序接口。请求头写 `Authorization: Bearer 令牌`，令牌代表一个人办事，
用 `publisher tokens create` 生成。

时间写 ISO 8601，或 `2026-11-24 08:30` 这样的北京时间；回答里的时间都带时区。

出错时回答 RFC 9457 的问题说明：`code` 不会改变，`detail` 是给人看的话，`field` 是出错的那一项。
"""


def build(app: App) -> FastAPI:
    """Return the API of one installation; no pages, because those would load foreign scripts."""
    api = FastAPI(
        title="一稿",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        responses={"4XX": problems.DESCRIBED},
    )
    api.state.installation = app
    problems.install(api)
    api.add_middleware(Gate, installation=app)
    for module in (items, records, renditions, media, deliveries, targets, plans, pauses, alarms):
        api.include_router(module.router)
    return api
