"""Practice outlets: servers that behave like WeChat and like QQ, to rehearse and test against.

Nothing that is sent here leaves this machine. The API of the account is below `/wechat`, that of
the QQ account below `/onebot`, that of the official QQ bot below `/qq_bot`, that of a screen
below `/anthias`, that of LED cards below `/huidu`, that
of a signage CMS below `/xibo`; `/` is for people.
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from channels.rehearsal import control, pages
from channels.rehearsal.anthias import Anthias
from channels.rehearsal.huidu import Huidu
from channels.rehearsal.onebot import OneBot
from channels.rehearsal.onebot import pages as onebot_pages
from channels.rehearsal.onebot import standing as onebot_standing
from channels.rehearsal.outlet import Outlet
from channels.rehearsal.qq_bot import QQBot
from channels.rehearsal.qq_bot import pages as qq_bot_pages
from channels.rehearsal.wechat import WeChat
from channels.rehearsal.wechat import acts as wechat_acts
from channels.rehearsal.wechat import pages as wechat_pages
from channels.rehearsal.xibo import Xibo
from publisher.channel import ASGIApp


def build(folder: Path) -> ASGIApp:
    """Return the practice outlets, which keep their records below folder."""
    return Rehearsal(
        wechat=WeChat(folder),
        onebot=OneBot(folder),
        qq_bot=QQBot(folder),
        anthias=Anthias(folder),
        huidu=Huidu(folder),
        xibo=Xibo(folder),
    )


class Rehearsal:
    """Sends calls of an API straight to their outlet, everything else to the pages.

    Nothing may stand between the server and a line: it has to reach the socket.
    """

    def __init__(
        self,
        *,
        wechat: WeChat,
        onebot: OneBot,
        qq_bot: QQBot,
        anthias: Anthias,
        huidu: Huidu,
        xibo: Xibo,
    ) -> None:
        self._outlets: tuple[Outlet, ...] = (wechat, onebot, qq_bot, anthias, huidu, xibo)
        self._pages = Starlette(
            routes=[
                Route("/", pages.front),
                Mount("/static", StaticFiles(directory=pages.STATIC)),
                *(route for outlet in self._outlets for route in control.routes(outlet)),
                *wechat_acts.routes(wechat),
                *wechat_pages.routes(wechat),
                *onebot_standing.routes(onebot),
                *onebot_pages.routes(onebot),
                *qq_bot_pages.routes(qq_bot),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for outlet in self._outlets if scope["type"] == "http" else ():
            place = f"/{outlet.name}/"
            path = scope["path"]
            call = outlet.call_of(path[len(place) - 1 :]) if path.startswith(place) else None
            if call is not None:
                await outlet.line.carry(call, scope, receive, send)
                return
        await self._pages(scope, receive, send)
