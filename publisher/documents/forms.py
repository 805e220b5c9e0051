"""Kinds, document numbers and dates, as offices write them."""

from __future__ import annotations

import re
from datetime import date
from unicodedata import normalize

KINDS: tuple[str, ...]
KINDS = ("通知", "公示", "公告", "通告", "通报", "报告", "章程", "决定", "意见", "办法", "规定")
KINDS += ("细则", "方案", "计划", "总结", "简章", "启事", "声明", "函", "纪要")
OTHER_KIND = "其他"

_NUMBER = re.compile(
    r"[（(]?(?P<code>[\u4e00-\u9fff]{2,20})\s*(?P<open>[\[［【﹝〔(（])\s*(?P<year>(?:19|20)\d{2})\s*"
    r"(?P<close>[\]］】﹞〕)）])\s*(?P<ordinal>第?)\s*(?P<serial>\d{1,4})\s*号[）)]?(?:\s*签发人.*)?"
)
_DIGITS = {figure: str(n) for n, figure in enumerate("〇一二三四五六七八九")}
_DIGITS |= {"零": "0", "○": "0", "O": "0", "0": "0"}
_DATE = re.compile(r"((?:19|20)\d{2})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*日?")
_WORDY_DATE = re.compile(
    r"([〇零○O0一二三四五六七八九]{4})\s*年\s*([一二三四五六七八九十]{1,2})\s*月\s*([一二三四五六七八九十]{1,3})\s*日"
)


def kind_of(title: str) -> str:
    """Return the kind of a notice by the end of its title: "…招生章程（节选）" is a 章程."""
    bare = re.sub(r"(?:\s*[（(【\[][^）)】\]]*[）)】\]])+$", "", title.strip())
    return next((kind for kind in KINDS if bare.endswith(kind)), OTHER_KIND)


def normal_number(line: str) -> str | None:
    """Return a document number in its proper form, None where the line is none.

    Proper: 机关代字〔年〕序号号, hexagonal brackets, neither 第 nor leading zero
    (GB/T 9704-2012, 7.2.5).
    """
    match = _NUMBER.fullmatch(normalize("NFKC", line))
    return match and f"{match['code']}〔{match['year']}〕{int(match['serial'])}号"


def date_of(line: str) -> date | None:
    """Return the date that a line consists of, in Arabic or Chinese figures; None for no date."""
    half_width = normalize("NFKC", line)
    match = _DATE.fullmatch(half_width)
    figures = match.groups() if match else _arabic(_WORDY_DATE.fullmatch(half_width))
    try:
        return date(*map(int, figures)) if figures else None
    except ValueError:
        return None


def _arabic(match: re.Match[str] | None) -> tuple[str, ...] | None:
    if match is None:
        return None
    year = "".join(_DIGITS[figure] for figure in match[1])
    return year, _below_hundred(match[2]), _below_hundred(match[3])


def _below_hundred(words: str) -> str:
    tens, ten, ones = words.rpartition("十")
    if not ten:
        return "".join(_DIGITS[figure] for figure in words)
    return _DIGITS.get(tens or "一", "") + _DIGITS.get(ones or "〇", "")
