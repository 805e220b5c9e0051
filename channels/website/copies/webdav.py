"""WebDAV (RFC 4918): PUT under another name, then MOVE over the old one."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, unquote, urlsplit

from lxml import etree

from channels import _http
from channels.website.copies.place import SLOWEST, Place
from channels.website.kinds import kind_of_page
from publisher.errors import (
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)

AWAY = "副本的服务器连不上或没有答复：检查网络和地址"
ADDRESS = "副本的地址或证书不对，或者那里不能写：检查 address"
DAV = "{DAV:}"
XML = {"Content-Type": "application/xml; charset=utf-8"}
LISTED = b'<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
REFUSED = "副本的服务器不认这个账号：检查用户名和密码"


@dataclass(frozen=True, kw_only=True)
class WebDav(Place):
    """One collection of one server."""

    url: str  # of the collection, with "/" at its end
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = _http.TIMEOUT_S

    def write(self, name: str, content: bytes) -> None:
        self._make_folder(posixpath.dirname(name))
        folder, last = posixpath.split(name)
        unfinished = posixpath.join(folder, f".{last}.part")
        kind = {"Content-Type": kind_of_page(name).media_type}
        self._require(self._call("PUT", unfinished, content, kind), name)
        moved = {"Destination": self._address(name), "Overwrite": "T"}
        self._require(self._call("MOVE", unfinished, None, moved), name)

    def _make_folder(self, folder: str) -> None:
        if not folder or folder in self._known:
            return
        self._make_folder(posixpath.dirname(folder))
        answer = self._call("MKCOL", f"{folder}/", None, {})
        if answer.status_code != 405:  # there already
            self._require(answer, folder)
        self._known.add(folder)

    def remove(self, name: str) -> None:
        answer = self._call("DELETE", name, None, {})
        if answer.status_code not in (404, 410):
            self._require(answer, name)

    def read(self, name: str) -> bytes | None:
        answer = self._call("GET", name, None, {"Cache-Control": "no-cache"})
        if answer.status_code in (404, 410):
            return None
        self._require(answer, name)
        return answer.content

    def names(self, folder: str) -> list[str]:
        found: list[str] = []
        folders = [folder]
        while folders:
            inner = folders.pop()
            answer = self._call("PROPFIND", f"{inner}/", LISTED, {"Depth": "1"} | XML)
            if answer.status_code in (404, 410):
                continue
            self._require(answer, inner)
            for name, is_folder in self._entries(answer.content):
                if is_folder and name != inner:
                    folders.append(name)
                elif not is_folder:
                    found.append(name)
        return found

    def _entries(self, answer: bytes) -> Iterator[tuple[str, bool]]:
        """Go through a multistatus: names, and whether it is a folder (RFC 4918, 14.16)."""
        beginning = urlsplit(self.url).path
        try:
            root = etree.fromstring(answer, etree.XMLParser(resolve_entities=False))
        except etree.XMLSyntaxError as error:
            raise RetryableError("an unreadable list of files", advice=AWAY) from error
        for each in root.iter(f"{DAV}response"):
            path = urlsplit(each.findtext(f"{DAV}href") or "").path
            if unquote(path).startswith(unquote(beginning)):
                name = unquote(path)[len(unquote(beginning)) :].rstrip("/")
                yield name, each.find(f".//{DAV}collection") is not None

    @cached_property
    def _known(self) -> set[str]:
        return set()

    def _address(self, name: str) -> str:
        return f"{self.url}{quote(name)}"

    def _call(
        self, method: str, name: str, content: bytes | None, more: dict[str, str]
    ) -> _http.Answer:
        headers = dict(more)
        if self.user:
            signed = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {signed}"
        timeout_s = self.timeout_s + len(content or b"") / SLOWEST
        try:
            return _http.send(
                method, self._address(name), timeout_s=timeout_s, data=content, headers=headers
            )
        except UnknownOutcomeError as error:  # the same file twice does no harm
            raise RetryableError(str(error), after_s=10, advice=AWAY) from error
        except RetryableError as error:
            raise RetryableError(str(error), after_s=error.after_s, advice=AWAY) from error
        except PermanentError as error:  # a certificate, an address
            raise PermanentError(str(error), advice=ADDRESS) from error

    def _require(self, answer: _http.Answer, name: str) -> None:
        status = answer.status_code
        if status < 300:
            return
        message = f"{name}: HTTP {status}"
        if status in (401, 403):
            raise CredentialsError(message, advice=REFUSED)
        if status == 507:
            raise RetryableError(message, advice="副本的服务器空间满了", after_s=600)
        if status in (408, 423, 425, 429) or status >= 500:
            raise RetryableError(message, after_s=30, advice="副本的服务器暂时不收：稍后会再试")
        raise PermanentError(message, advice=ADDRESS)  # a redirect too: we follow none
