"""What the site shows over HTTP, as any reader would get it."""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

from channels import _http
from channels.website.catalogue import Delivery
from channels.website.imprint import Imprint
from channels.website.notice import Notice, place_of
from channels.website.site import Site
from channels.website.words import GENERATOR
from publisher.channel import Health, Receipt
from publisher.errors import ChannelError, UnknownOutcomeError


def index_number_in(receipt: Receipt) -> str | None:
    """Return the index number; of what a person settled only the address may be known."""
    in_address = PurePosixPath(unquote(urlsplit(receipt.url).path)).stem
    found = (name for name in (receipt.remote_id, in_address) if place_of(name))
    return next(found, None)


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """The public side of one site."""

    site: Site
    timeout_s: float

    @property
    def imprint(self) -> Imprint:
        return self.site.pages.imprint

    def confirm(self, key: str, index_number: str | None) -> Receipt | None:
        """Prove that the page of a delivery is up as approved; None: certainly not.

        Without an index number the catalogue says where to look.
        """
        known = self._known(key)
        index_number = index_number or (known.index_number if known else None)
        if index_number is None:
            return None
        notice = self._notice(index_number)
        if notice is None or notice.is_withdrawn or notice.key != key:
            return None
        if not notice.is_as_approved or (known and notice.digest != known.digest):
            raise UnknownOutcomeError(
                "the digest differs", advice="网页上的正文与审核通过的不一致：请立即核对该页面"
            )
        self._require_files(notice)
        if index_number in self._unsettled():
            raise UnknownOutcomeError("the page is up, the lists are not yet")
        return Receipt(
            remote_id=index_number,
            url=self.imprint.url(index_number),
            evidence="页面返回 200，内容摘要一致",
        )

    def _notice(self, index_number: str) -> Notice | None:
        """Return what a reader gets at the address; None: there is no page."""
        response = self._ask("GET", self.imprint.url(index_number))
        if response.status_code in (404, 410):
            return None
        if response.status_code != 200:
            raise UnknownOutcomeError(f"the page answers HTTP {response.status_code}")
        notice = Notice.read(response.content)
        if notice is None or notice.index_number != index_number:
            raise UnknownOutcomeError(
                "another page answers", advice="这个网址打开的不是本网站的页面：检查 base_url"
            )
        return notice

    def _require_files(self, notice: Notice) -> None:
        folder = self.imprint.url(notice.index_number).removesuffix(".html")
        for name in notice.media:
            status = self._ask("HEAD", f"{folder}/{quote(name)}").status_code
            if status != 200:
                raise UnknownOutcomeError(f"{name} answers HTTP {status}")

    def _known(self, key: str) -> Delivery | None:
        try:
            with self.site.catalogue() as catalogue:
                return catalogue.delivery(key)
        except (OSError, sqlite3.Error) as error:
            raise UnknownOutcomeError(f"the catalogue cannot be read: {error}") from error

    def _unsettled(self) -> list[str]:
        try:
            with self.site.catalogue() as catalogue:
                return catalogue.unsettled()
        except (OSError, sqlite3.Error) as error:
            raise UnknownOutcomeError(f"the catalogue cannot be read: {error}") from error

    def health(self) -> Health:
        """Say whether readers reach the site, whether it is ours, and whether we can write."""
        try:
            response = self._ask("GET", f"{self.imprint.base_url}/")
        except ChannelError as error:
            return Health(
                is_reachable=False,
                note=str(error),
                advice=f"网站 {self.imprint.base_url} 打不开："
                "检查网站服务是否在运行、base_url 是否正确",
            )
        return Health(is_reachable=True, advice=_advice(response) or self._advice_on_folder())

    def _advice_on_folder(self) -> str:
        try:
            self.site.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.site.folder) as file:
                file.write(b"1")
        except OSError as error:
            return f"网站目录写不进去（{error.strerror}）：检查磁盘空间和目录权限"
        return ""

    def _ask(self, method: str, url: str) -> _http.Answer:
        # what a cache in between remembers proves nothing
        return _http.send(method, url, timeout_s=self.timeout_s, params={"check": uuid4().hex})


def _advice(home: _http.Answer) -> str:
    if home.status_code != 200:
        return f"网站首页返回 {home.status_code}：检查网站服务"
    if f'content="{GENERATOR}"'.encode() not in home.content:
        return "base_url 打开的不是本网站的首页：检查 base_url"
    return ""
