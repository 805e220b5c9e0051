"""What is the same on all pages of one site: whose it is, where it is and how it looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from typing_extensions import TypedDict

from channels import _colour
from channels.website.columns import Columns
from channels.website.kinds import KINDS
from channels.website.notice import place_of
from publisher.errors import ConfigError

LOGO_SUFFIXES = (".svg", ".png", ".jpg", ".jpeg", ".webp")


class Office(TypedDict, total=False):
    """Who answers for the disclosure of information (教育部令第29号, article 11)."""

    name: str  # "党政办公室"
    head: str
    address: str
    post_code: str
    hours: str  # "工作日 8:30–11:30，14:30–17:30"
    telephone: str
    fax: str
    email: str
    supervision: str  # who takes complaints, with telephone


# a key that is misspelt is named instead of dropped (pydantic reads this of a TypedDict)
Office.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class Imprint:
    """Name, address, look and links of one site."""

    base_url: str  # without a slash at its end
    site_name: str
    college_name: str
    icp: str = ""
    police_number: str = ""
    contact: str = ""
    site_code: str = ""  # 网站标识码
    colour: str = "#1c3f6e"
    logo: Path | None = None
    theme: Path | None = None  # templates/ and static/ in it stand before ours
    links: Mapping[str, str] = field(default_factory=dict)  # name -> address
    office: Office = field(default_factory=Office)
    request_url: str = ""  # of an online form for 依申请公开
    columns: Columns = field(default_factory=Columns)
    report_categories: tuple[str, ...] = ("0106",)  # on the official list: yearly reports

    def __post_init__(self) -> None:
        if not _colour.COLOUR.fullmatch(self.colour):
            raise ConfigError("颜色写成 #1c3f6e 的样子", key="colour")
        if (ratio := _colour.contrast("#ffffff", self.colour)) < _colour.LEAST:
            raise ConfigError(
                f"白字在这个颜色上的对比度只有 {ratio:.1f}:1，至少要 4.5:1，请换深一些的颜色",
                key="colour",
            )
        for name, address in [*self.links.items(), ("request_url", self.request_url)]:
            if address and not address.startswith(("https://", "http://", "/")):
                key = "request_url" if name == "request_url" else "links"
                raise ConfigError(f"{name}的网址要以 https://、http:// 或 / 开头", key=key)
        if self.logo is not None and self.logo.suffix.lower() not in LOGO_SUFFIXES:
            raise ConfigError("校徽用 SVG、PNG、JPEG 或 WebP 图片", key="logo")
        for key in ("logo", "theme"):
            path = getattr(self, key)
            if path is not None and not path.exists():
                raise ConfigError(f"没有 {path}", key=key)

    @property
    def root(self) -> str:
        """The path of the site on its host, empty where it has the host to itself."""
        return urlsplit(self.base_url).path

    @property
    def domain(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def police_digits(self) -> str:
        """The number in 闽公网安备35000000000000号, which the register is asked for."""
        return "".join(re.findall("[0-9]", self.police_number))

    @property
    def logo_name(self) -> str:
        """The name of the logo among the assets; empty: there is none."""
        return f"logo{self.logo.suffix.lower()}" if self.logo else ""

    @property
    def logo_type(self) -> str:
        return KINDS[self.logo.suffix.lower()].media_type if self.logo else ""

    def url(self, index_number: str) -> str:
        """Return the permalink of a notice."""
        return f"{self.base_url}/{quote(place_of(index_number) or '')}.html"
