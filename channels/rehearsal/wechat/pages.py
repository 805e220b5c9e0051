"""What a follower of the practice account sees, and its draft box."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.rehearsal import pages, records
from channels.rehearsal.pages import HEADERS, Knob
from channels.rehearsal.wechat import WeChat, callbacks, confirmation, media, sent
from channels.rehearsal.wechat.desk import Settings, day_of
from channels.rehearsal.wechat.look import Look

KNOBS = (
    Knob(name="daily_pushes", label="每天可群发次数", hint="真实订阅号是每天 1 次"),
    Knob(name="job_delay_s", label="群发耗时（秒）", hint="从受理到送达"),
)
DRAFTS_SHOWN = 50


def routes(outlet: WeChat) -> list[Route]:
    """Return the pages of the practice account."""
    view = _Pages(outlet)
    return [
        Route("/wechat/", view.account),
        Route("/wechat/s/{token}.css", view.style),
        Route("/wechat/s/{token}", view.article),
        Route("/wechat/drafts/{media_id}/{index:int}.css", view.draft_style),
        Route("/wechat/drafts/{media_id}/{index:int}", view.draft),
        Route("/wechat/media/{picture}", view.picture),
        *pages.switch_routes(outlet, knobs=KNOBS, again=view.account_with),
    ]


class _Pages:
    def __init__(self, outlet: WeChat) -> None:
        self._outlet = outlet

    async def account(self, request: Request) -> Response:
        return await run_in_threadpool(self.account_with, "")

    def account_with(self, error: str) -> Response:
        """Show the account; `error` is what was wrong with a form, "" for nothing."""
        with self._outlet.records.transaction() as connection:
            settings = records.settings(connection, Settings)
            now = time.time() + settings.clock_offset_s
            sent.settle(connection, now)
            rows = sent.visible(connection, now)
            drafts = connection.execute(
                "SELECT * FROM draft ORDER BY updated_at DESC LIMIT ?", (DRAFTS_SHOWN,)
            ).fetchall()
            told = callbacks.latest(connection)
            waits = _waiting(connection, now=now)
            used = connection.execute(
                "SELECT count(*) FROM push WHERE day = ?", (day_of(now),)
            ).fetchone()[0]
        return pages.page(
            "wechat.html",
            status=400 if error else 200,
            error=error,
            settings=settings,
            pushes=_jobs([row for row in rows if row["is_push"]]),
            links=[_card(row) for row in rows if not row["is_push"]],
            drafts=[_draft(row) for row in drafts],
            used=used,
            told=told,
            waits=waits,
            **pages.switches(self._outlet, KNOBS),
        )

    async def article(self, request: Request) -> Response:
        row = await run_in_threadpool(self._row, request.path_params["token"])
        if row is None:
            return pages.not_found()
        if row["deleted_at"] is not None:
            return pages.page("deleted.html", status=200)
        name = (await run_in_threadpool(self._outlet.settings)).account_name
        return _shown(sent.article(row), at=row["visible_at"], path=request.url.path, account=name)

    async def style(self, request: Request) -> Response:
        row = await run_in_threadpool(self._row, request.path_params["token"])
        return pages.not_found() if row is None else _style(sent.article(row))

    async def draft(self, request: Request) -> Response:
        found = await run_in_threadpool(self._draft, request)
        if found is None:
            return pages.not_found()
        name = (await run_in_threadpool(self._outlet.settings)).account_name
        return _shown(found, at=None, path=request.url.path, account=name)

    async def draft_style(self, request: Request) -> Response:
        found = await run_in_threadpool(self._draft, request)
        return pages.not_found() if found is None else _style(found)

    async def picture(self, request: Request) -> Response:
        found = await run_in_threadpool(self._file, request.path_params["picture"])
        if found is None:
            return pages.not_found()
        return Response(found[0], media_type=found[1], headers=HEADERS)

    def _row(self, token: str) -> sqlite3.Row | None:
        with self._outlet.records.transaction() as connection:
            now = time.time() + records.settings(connection, Settings).clock_offset_s
            return sent.by_token(connection, token, now=now)

    def _draft(self, request: Request) -> dict[str, Any] | None:
        with self._outlet.records.transaction() as connection:
            row = connection.execute(
                "SELECT articles FROM draft WHERE media_id = ?", (request.path_params["media_id"],)
            ).fetchone()
        articles: list[dict[str, Any]] = json.loads(row["articles"]) if row else []
        index = request.path_params["index"]
        return articles[index] if index < len(articles) else None

    def _file(self, picture: str) -> tuple[bytes, str] | None:
        with self._outlet.records.transaction() as connection:
            return media.file_of(connection, picture)


def local(url: str) -> str:
    """Return where the rehearsal itself serves a picture of the platform."""
    found = media.ADDRESS.match(url)
    return f"/wechat/media/{found[1]}" if found else ""


def _shown(article: dict[str, Any], *, at: float | None, path: str, account: str) -> Response:
    look = Look(article["content"], local=local)
    return pages.page(
        "article.html",
        article=article,
        pictures=[local(url) for url in article.get("image_urls", [])],
        body=look.body,
        style_path=f"{path}.css",
        at=at,
        account=account,
    )


def _style(article: dict[str, Any]) -> Response:
    look = Look(article["content"], local=local)
    return Response(look.style, media_type="text/css", headers=HEADERS)


def _jobs(rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    return [
        {"at": at, "job": job, "cards": [_card(row) for row in group]}
        for (job, at), group in itertools.groupby(
            rows, key=lambda row: (row["job"], row["visible_at"])
        )
    ]


def _waiting(connection: sqlite3.Connection, *, now: float) -> list[int]:
    """Return the pushes that wait for the administrator."""
    since = now - confirmation.WITHIN_S
    rows = connection.execute(
        "SELECT msg_id FROM confirmation WHERE verdict = '' AND asked_at > ?", (since,)
    )
    return [row["msg_id"] for row in rows]


def _card(row: sqlite3.Row) -> dict[str, Any]:
    article = sent.article(row)
    return {
        "title": article["title"],
        "digest": article["digest"],
        "cover": local(article["thumb_url"]),
        "href": f"/wechat/s/{row['token']}",
        "is_deleted": row["deleted_at"] is not None,
        "at": row["visible_at"],
        "job": row["job"],
    }


def _draft(row: sqlite3.Row) -> dict[str, Any]:
    titles = [article["title"] for article in json.loads(row["articles"])]
    links = [f"/wechat/drafts/{row['media_id']}/{index}" for index in range(len(titles))]
    return {"at": row["updated_at"], "articles": list(zip(titles, links, strict=True))}
