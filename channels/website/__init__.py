"""The college's own public site, written as files and served by us: each notice has one page.

The address comes from the index number, so a repeat writes the same files and does no harm.
A withdrawn notice keeps its address, which then says so (410).
API: none, we are the outlet; columns follow 高等学校信息公开事项清单 (教办函〔2014〕23号),
labels of pages 国办发〔2017〕47号, sitemaps sitemaps.org/protocol.html, the feed RFC 4287.
"""

from __future__ import annotations

import logging
import sqlite3
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import requests

from channels import _http
from channels.website.article import compose
from channels.website.notice import Notice, place_of
from channels.website.pages import GENERATOR, Imprint, Pages
from channels.website.server import PublicSite
from channels.website.site import Site
from publisher.channel import (
    ASGIApp,
    Channel,
    Checks,
    Confirms,
    Content,
    Health,
    Links,
    Receipt,
    Rendition,
    Serves,
    Withdraws,
)
from publisher.errors import (
    ChannelError,
    ConfigError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Website(Channel, Links, Confirms, Withdraws, Checks, Serves):
    """One public site in one folder."""

    base_url: str  # what readers type: "https://xxgk.example.edu.cn"
    folder: Path
    site_name: str = "泉州工程职业技术学院信息公开网"
    college_name: str = "泉州工程职业技术学院"
    icp: str = ""  # 闽ICP备00000000号; empty: not shown
    police_number: str = ""  # 闽公网安备35000000000000号; empty: not shown
    contact: str = ""  # address, telephone, mail of the office; empty: not shown
    timeout_s: float = _http.TIMEOUT_S  # for reading a page back

    label: ClassVar[str] = "官网"
    mount: ClassVar[str] = "/"

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("要写完整的网址，以 http:// 或 https:// 开头", key="base_url")
        if parts.query or parts.fragment:
            raise ConfigError("网址里不能有 ? 或 #", key="base_url")

    def link(self, content: Content) -> str:
        if place_of(content.index_number) is None:
            raise UnfitError(
                "还没有索引号，网址要按索引号来定：请先取得索引号", field="index_number"
            )
        return self._imprint.url(content.index_number)

    def render(self, content: Content) -> Rendition:
        return compose(content, college_name=self.college_name)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        index_number = rendition.facts.get("index_number", "")
        if place_of(index_number) is None:
            raise PermanentError(f"a rendition without an index number: {index_number!r}")
        try:
            self._site.put(rendition, key=key)
        except (OSError, sqlite3.Error) as error:
            raise self._failure(error, index_number, key=key) from error
        return self._receipt(index_number, "已写入网站目录")

    def _failure(self, error: Exception, index_number: str, *, key: str) -> ChannelError:
        """Say what a failed write means: the page is the act, what follows it are lists."""
        message = f"{type(error).__name__} while writing: {error}"
        advice = "网站目录写不进去：检查磁盘空间和目录权限"
        try:
            notice = self._site.tree.notice(index_number)
        except OSError:
            return UnknownOutcomeError(message, advice=advice)
        if notice is not None and notice.key == key and not notice.is_withdrawn:
            return UnknownOutcomeError(message, advice=advice)
        return RetryableError(message, advice=advice)

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        index_number = (receipt and _index_number_in(receipt)) or self._index_number(key)
        if index_number is None:
            return None
        response = self._get(self._imprint.url(index_number))
        if response.status_code in (404, 410):
            return None
        if response.status_code != 200:
            raise UnknownOutcomeError(f"the page answers HTTP {response.status_code}")
        notice = Notice.read(response.content)
        if notice is None:
            raise UnknownOutcomeError(
                "another site answers", advice="这个网址打开的不是本网站的页面：检查 base_url"
            )
        if notice.is_withdrawn or notice.key != key:
            return None
        return self._proved(notice)

    def _index_number(self, key: str) -> str | None:
        try:
            with self._site.catalogue() as catalogue:
                return catalogue.index_number(key)
        except (OSError, sqlite3.Error) as error:
            raise UnknownOutcomeError(f"the catalogue cannot be read: {error}") from error

    def _proved(self, notice: Notice) -> Receipt:
        """Return the proof that the page, its files and the lists are up as approved."""
        if not notice.is_as_approved:
            raise UnknownOutcomeError(
                "the digest differs", advice="网页上的正文与审核通过的不一致：请立即核对该页面"
            )
        folder = self._imprint.url(notice.index_number).removesuffix(".html")
        for name in notice.media:
            status = self._get(f"{folder}/{quote(name)}", method="HEAD").status_code
            if status != 200:
                raise UnknownOutcomeError(f"{name} answers HTTP {status}")
        try:
            with self._site.catalogue() as catalogue:
                if notice.index_number in catalogue.unsettled():
                    raise UnknownOutcomeError("the page is up, the lists are not yet")
        except (OSError, sqlite3.Error) as error:
            raise UnknownOutcomeError(f"the catalogue cannot be read: {error}") from error
        return self._receipt(notice.index_number, "页面返回 200，内容摘要一致")

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        index_number = _index_number_in(receipt)
        if index_number is None:
            raise PermanentError(f"a receipt that names no page of this site: {receipt!r}")
        try:
            self._site.take_down(index_number, reason=reason)
        except (OSError, sqlite3.Error) as error:
            raise RetryableError(
                f"{type(error).__name__} while writing: {error}",
                advice="网站目录写不进去，信息还没有撤下：检查磁盘空间和目录权限",
            ) from error

    def check(self) -> Health:
        try:
            response = self._get(f"{self._imprint.base_url}/")
        except ChannelError as error:
            return Health(
                is_reachable=False,
                note=str(error),
                advice=f"网站 {self.base_url} 打不开：检查网站服务是否在运行、base_url 是否正确",
            )
        return Health(is_reachable=True, advice=self._advice(response))

    def _advice(self, response: requests.Response) -> str:
        if response.status_code != 200:
            return f"网站首页返回 {response.status_code}：检查网站服务"
        if f'content="{GENERATOR}"'.encode() not in response.content:
            return "base_url 打开的不是本网站的首页：检查 base_url"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(b"1")
        except OSError as error:
            return f"网站目录写不进去（{error.strerror}）：检查磁盘空间和目录权限"
        return ""

    def pages(self) -> ASGIApp:
        try:
            self._site.refresh()
        except (OSError, sqlite3.Error):
            # what stands in the folder is still worth reading
            log.exception("the site cannot be written in its present look")
        return PublicSite(self._site)

    def _get(self, url: str, *, method: str = "GET") -> requests.Response:
        # what a cache in between remembers proves nothing
        return _http.send(method, url, timeout_s=self.timeout_s, params={"check": uuid4().hex})

    def _receipt(self, index_number: str, evidence: str) -> Receipt:
        url = self._imprint.url(index_number)
        return Receipt(remote_id=index_number, url=url, evidence=evidence)

    @cached_property
    def _imprint(self) -> Imprint:
        return Imprint(
            base_url=self.base_url.rstrip("/"),
            site_name=self.site_name,
            college_name=self.college_name,
            icp=self.icp,
            police_number=self.police_number,
            contact=self.contact,
        )

    @cached_property
    def _site(self) -> Site:
        return Site(self.folder, Pages(self._imprint))


def _index_number_in(receipt: Receipt) -> str | None:
    """Return the index number; of what a person settled only the address may be known."""
    in_address = PurePosixPath(unquote(urlsplit(receipt.url).path)).stem
    found = (name for name in (receipt.remote_id, in_address) if place_of(name))
    return next(found, None)
