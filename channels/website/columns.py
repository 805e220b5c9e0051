"""The columns of the site: the official list's ten classes, 通知公告, and those of the college."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import TypedDict

from publisher.errors import ConfigError

GENERAL = "00"  # the column of notices without a place on the official list
OFFICIAL: Mapping[str, str] = {
    GENERAL: "通知公告",
    # the ten classes of 高等学校信息公开事项清单 (教办函〔2014〕23号), by their two digits
    "01": "基本信息",
    "02": "招生考试信息",
    "03": "财务、资产及收费信息",
    "04": "人事师资信息",
    "05": "教学质量信息",
    "06": "学生管理服务信息",
    "07": "学风建设信息",
    "08": "学位、学科信息",
    "09": "对外交流与合作信息",
    "10": "其他",
}
CODE = re.compile(r"[a-z][a-z0-9-]{0,29}")


class OwnColumn(TypedDict):
    """A column that the college adds, as it stands in the settings."""

    name: str  # "招标采购"
    kinds: list[str]  # notices of these kinds, unless the official list has a place for them


# a key that is misspelt is named instead of dropped (pydantic reads this of a TypedDict)
OwnColumn.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """All columns of one site, in the order in which they are shown."""

    own: Mapping[str, OwnColumn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, column in self.own.items():
            if not CODE.fullmatch(code):
                raise ConfigError(
                    f"栏目代号 {code} 要用小写字母开头，只用小写字母、数字和连字符",
                    key="own_columns",
                )
            if not column["name"].strip() or not column["kinds"]:
                raise ConfigError(f"栏目 {code} 要有名称和至少一个文种", key="own_columns")

    @property
    def names(self) -> Mapping[str, str]:
        """The name of each column, by its code."""
        return {**OFFICIAL, **{code: column["name"] for code, column in self.own.items()}}

    def of(self, category: str, kind: str) -> str:
        """Return the code of the column: "03" for "0307"; else the college's own for the kind."""
        if category[:2] in OFFICIAL and category[:2] != GENERAL:
            return category[:2]
        return next((code for code, column in self.own.items() if kind in column["kinds"]), GENERAL)
