"""The college's own public site, written as files and served by us: each notice has one page.

The address comes from the index number, so a repeat writes the same files and does no harm.
A withdrawn notice keeps its address, which then says so (410).
API: none, we are the outlet; columns follow 高等学校信息公开事项清单 (教办函〔2014〕23号),
labels of pages 国办发〔2017〕47号, sitemaps sitemaps.org/protocol.html, the feed RFC 4287.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from channels import _http
from channels.website.article import compose
from channels.website.columns import Columns, OwnColumn
from channels.website.copies.address import CopyTable
from channels.website.copies.address import place_of as copy_place
from channels.website.copies.mirror import Mirror
from channels.website.imprint import Imprint, Office
from channels.website.notice import place_of
from channels.website.pages import Pages
from channels.website.readback import ReadBack, index_number_in
from channels.website.server import PublicSite
from channels.website.site import Site
from publisher.channel import (
    ASGIApp,
    Channel,
    Checks,
    Confirms,
    Content,
    Finds,
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

LARGE = 2_000  # notices: writing all of them anew takes longer than a start should


@dataclass(frozen=True, kw_only=True)
class Website(Channel, Links, Confirms, Finds, Withdraws, Checks, Serves):
    """One public site in one folder."""

    base_url: str  # what readers type: "https://xxgk.example.edu.cn"
    folder: Path
    site_name: str = "泉州工程职业技术学院信息公开网"
    college_name: str = "泉州工程职业技术学院"
    icp: str = ""  # 闽ICP备00000000号; empty: not shown
    police_number: str = ""  # 闽公网安备35000000000000号; empty: not shown
    site_code: str = ""  # 网站标识码; empty: not shown
    contact: str = ""  # address, telephone, mail of the office; empty: not shown
    office: Office = field(default_factory=Office)  # who answers, for the guide
    colour: str = "#1c3f6e"  # white words on it must be readable
    logo: Path | None = None  # SVG, PNG, JPEG or WebP, square
    theme: Path | None = None  # folder: templates/ and static/ in it stand before ours
    links: dict[str, str] = field(default_factory=dict)  # name in the bar -> address
    request_url: str = ""  # of an online form for 依申请公开; empty: by mail and by hand
    own_columns: dict[str, OwnColumn] = field(default_factory=dict)
    report_categories: tuple[str, ...] = ("0106",)  # whose notices are the yearly reports
    copies: tuple[CopyTable, ...] = field(default=(), repr=False)  # other places of the files
    timeout_s: float = _http.TIMEOUT_S  # for reading a page back

    label: ClassVar[str] = "官网"
    mount: ClassVar[str] = "/"

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("要写完整的网址，以 http:// 或 https:// 开头", key="base_url")
        if parts.query or parts.fragment:
            raise ConfigError("网址里不能有 ? 或 #", key="base_url")
        _ = self._imprint  # refuses what is wrong with the look
        for table in self.copies:
            copy_place(table)

    def link(self, content: Content) -> str:
        if place_of(content.index_number) is None:
            raise UnfitError(
                "还没有索引号，网址要按索引号来定：请先取得索引号", field="index_number"
            )
        return self._imprint.url(content.index_number)

    def render(self, content: Content) -> Rendition:
        return compose(content, college_name=self.college_name, columns=self._imprint.columns)

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        index_number = rendition.facts.get("index_number", "")
        if place_of(index_number) is None:
            raise PermanentError(f"a rendition without an index number: {index_number!r}")
        try:
            self._site.put(rendition, key=key)
        except (OSError, sqlite3.Error, ConfigError) as error:
            raise self._failure(error, index_number, key=key) from error
        self._copy()  # the page is up: what a copy still lacks, `confirm` waits for
        url = self._imprint.url(index_number)
        return Receipt(remote_id=index_number, url=url, evidence="已写入网站目录")

    def _failure(self, error: Exception, index_number: str, *, key: str) -> ChannelError:
        """Say what a failed write means: the page is the act, what follows it are lists."""
        message = f"{type(error).__name__} while writing: {error}"
        advice = "网站目录写不进去：检查磁盘空间和目录权限"
        if isinstance(error, ConfigError):
            advice = f"{error}，请改正 theme 里的模板"
        try:
            notice = self._site.tree.notice(index_number)
        except OSError:
            return UnknownOutcomeError(message, advice=advice)
        if notice is not None and notice.key == key and not notice.is_withdrawn:
            return UnknownOutcomeError(message, advice=advice)
        return RetryableError(message, advice=advice)

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        self._catch_up()
        index_number = index_number_in(receipt) if receipt else None
        return self._read_back.confirm(key, index_number)

    def _catch_up(self) -> None:
        """Bring the copies up to date, before anybody looks at what readers see."""
        try:
            if self._site.behind():
                self._site.copy()
        except (ChannelError, OSError, sqlite3.Error) as error:
            advice = getattr(error, "advice", "")
            raise UnknownOutcomeError(f"a copy is behind: {error}", advice=advice) from error

    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Look at the address that its index number gives it, whatever the catalogue knows."""
        index_number = rendition.facts.get("index_number", "")
        if place_of(index_number) is None:
            raise UnknownOutcomeError(f"a rendition without an index number: {index_number!r}")
        return self._read_back.confirm(key, index_number)

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        index_number = index_number_in(receipt)
        if index_number is None:
            raise PermanentError(f"a receipt that names no page of this site: {receipt!r}")
        try:
            self._site.take_down(index_number, reason=reason)
        except (OSError, sqlite3.Error, ConfigError) as error:
            raise RetryableError(
                f"{type(error).__name__} while writing: {error}",
                advice="网站目录写不进去，信息还没有撤下：检查磁盘空间、目录权限和 theme 里的模板",
            ) from error

    def check(self) -> Health:
        health = self._read_back.health()
        behind = self._site.behind() if self.copies else 0
        if behind and not health.advice:
            advice = f"网站的副本还差 {behind} 个文件：检查副本的服务器"
            return replace(health, advice=advice)
        return health

    def pages(self) -> ASGIApp:
        """Return the site; a large one is served as it is while a new look is being written."""
        if self._site.is_large(LARGE):
            threading.Thread(target=self._refresh, name="website-look", daemon=True).start()
        else:
            self._refresh()
        return PublicSite(self._site)

    def _refresh(self) -> None:
        try:
            self._site.refresh()
        except (OSError, sqlite3.Error, ConfigError):
            # what stands in the folder is still worth reading
            log.exception("the site cannot be written in its present look")
        if self.copies:
            threading.Thread(target=self._copy, name="website-copies", daemon=True).start()

    def _copy(self) -> None:
        try:
            self._site.copy()
        except (ChannelError, OSError, sqlite3.Error) as error:
            log.warning("a copy is behind: %s", error)  # the next delivery or look goes on

    @cached_property
    def _imprint(self) -> Imprint:
        return Imprint(
            base_url=self.base_url.rstrip("/"),
            site_name=self.site_name,
            college_name=self.college_name,
            icp=self.icp,
            police_number=self.police_number,
            site_code=self.site_code,
            contact=self.contact,
            office=self.office,
            colour=self.colour,
            logo=self.logo,
            theme=self.theme,
            links=self.links,
            request_url=self.request_url,
            columns=Columns(own=self.own_columns),
            report_categories=self.report_categories,
        )

    @cached_property
    def _site(self) -> Site:
        mirrors = tuple(
            Mirror(
                opened=partial(copy_place, table),
                journal=self.folder / "copies" / f"{_name_of(table)}.db",
                site=self._imprint.base_url,
            )
            for table in self.copies
        )
        return Site(self.folder, Pages(self._imprint), mirrors)

    @cached_property
    def _read_back(self) -> ReadBack:
        return ReadBack(site=self._site, timeout_s=self.timeout_s)


def _name_of(table: CopyTable) -> str:
    """Return a name for the journal of a copy: another address is another copy."""
    return sha256(table.get("address", "").encode()).hexdigest()[:16]
