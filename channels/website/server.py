"""The public site over HTTP: the files of the tree, and nothing else of the machine."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from channels.website import search
from channels.website.kinds import kind_of, kind_of_page
from channels.website.notice import INDEX_NUMBER, Notice
from channels.website.site import Site

log = logging.getLogger(__name__)

HTML = "text/html; charset=utf-8"
ALWAYS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-cache",  # ask each time; the answer is mostly 304
}


@dataclass
class PublicSite:
    """The ASGI application of one site."""

    site: Site
    _healed: object = None  # how the catalogue's files were when nothing was left half done

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        if scope["type"] != "http":
            return
        response = await asyncio.to_thread(self.answer, Request(scope))
        response.headers.update(ALWAYS)
        await response(scope, receive, send)

    def answer(self, request: Request) -> Response:
        """Return the answer to one request; every fault of the asker is a 4xx."""
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("只能读取", 405, {"Allow": "GET, HEAD"})
        self._heal()
        parts = _parts(request)
        if parts in (["search", ""], ["search"]):
            question = search.Question.of(request.scope["query_string"].decode("latin-1"))
            if question is not None:
                page, status = search.answer(self.site, question)
                return Response(page, status, {"X-Robots-Tag": "noindex"}, HTML)
        try:
            return self._found(parts, request) or self._not_found()
        except OSError:  # a name too long, or the file has just been taken down
            return self._not_found()

    def _heal(self) -> None:
        """Finish a half done change before anybody reads of it.

        Where the catalogue's files are as they were, nobody has changed anything since.
        """
        now = self._stamps()
        if now == self._healed:
            return
        try:
            if self.site.finish():
                self._healed = now
        except (OSError, sqlite3.Error):
            log.exception("a change that was left half done cannot be finished")

    def _stamps(self) -> object:
        found = []
        for name in ("catalogue.db", "catalogue.db-wal"):
            try:
                status = (self.site.folder / name).stat()
            except OSError:
                continue
            found.append((name, status.st_ino, status.st_size, status.st_mtime_ns))
        return found

    def _found(self, parts: list[str], request: Request) -> Response | None:
        root = self.site.tree.root
        if any(_is_private(part) for part in parts[:-1]) or _is_private(parts[-1] or "index"):
            return None
        path = root.joinpath(*parts)
        if not f"{os.path.realpath(path)}{os.sep}".startswith(f"{os.path.realpath(root)}{os.sep}"):
            return None  # a link that leads out of the tree
        if path.is_dir() and (path / "index.html").is_file():
            if parts[-1]:
                return RedirectResponse(quote(f"{request.scope['path']}/"), 307)
            return _page(path / "index.html", request)
        if not path.is_file() or not parts[-1]:
            return None
        is_media = len(parts) == 4 and parts[0] == "info"
        return self._media(path, request) if is_media else _page(path, request)

    def _media(self, path: Path, request: Request) -> Response | None:
        """Return a picture or an attachment, as long as the page of its notice names it."""
        index_number = path.parent.name
        if not INDEX_NUMBER.fullmatch(index_number):
            return None
        notice = self.site.tree.notice(index_number)
        if notice is None or path.name not in notice.media:
            return None
        kind, headers = kind_of(path.name), {"ETag": _etag(path)}
        if unchanged := _unchanged(request, headers):
            return unchanged
        if kind.is_picture:
            return FileResponse(path, headers=headers, media_type=kind.media_type)
        label = notice.labels.get(path.name, path.name)
        return FileResponse(path, headers=headers, media_type=kind.media_type, filename=label)

    def _not_found(self) -> Response:
        path = self.site.tree.root / "404.html"
        page = path.read_bytes() if path.is_file() else "没有这一页".encode()
        return Response(page, 404, media_type=kind_of_page(path.name).media_type)


def _parts(request: Request) -> list[str]:
    """Return the names in the path below the mount; the last is empty for a folder."""
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    return path.removeprefix("/").split("/")


def _is_private(name: str) -> bool:
    return not name or name.startswith(".") or "\\" in name or "\0" in name


def _page(path: Path, request: Request) -> Response:
    """Return a file that the site wrote; what was withdrawn is gone (410)."""
    headers = {"ETag": _etag(path)}
    content = path.read_bytes()
    media_type = kind_of_page(path.name).media_type
    if b'<section class="withdrawn" data-key' in content:
        notice = Notice.read(content) if INDEX_NUMBER.fullmatch(path.stem) else None
        if notice is not None and notice.is_withdrawn:
            return Response(content, 410, {"X-Robots-Tag": "noindex"}, media_type)
    return _unchanged(request, headers) or Response(content, 200, headers, media_type)


def _etag(path: Path) -> str:
    status = path.stat()
    return f'"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}"'


def _unchanged(request: Request, headers: dict[str, str]) -> Response | None:
    known = request.headers.get("If-None-Match", "").split(",")
    same = headers["ETag"] in (tag.strip().removeprefix("W/") for tag in known)
    return Response(status_code=304, headers=headers) if same else None
