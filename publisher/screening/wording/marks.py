"""Signs: brackets of a document number, width, pairs, doubles.

Source: GB/T 9704-2012, 7.2.5 (document number); GB/T 15834-2011 (punctuation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Finding
from publisher.screening.wording.reading import Line, Page

_HAN = "\u4e00-\u9fff"
_NUMBER = re.compile(
    rf"(?<=[{_HAN}])(?P<open>[\[［【﹝〔（(])(?:19|20)\d\d[\]］】﹞〕）)]\s*(?P<nth>第?)\s*\d{{1,4}}\s*号"
)
_HALF = re.compile(
    rf"(?<=[{_HAN}》”）])(?:[,;?!](?=[{_HAN}《“（])|[:](?=[{_HAN}《“（]|\s*$))", re.M
)
_DOT = re.compile(rf"(?<=[{_HAN}])\.(?=[{_HAN}])")
_WIDE = re.compile(r"[０-９]")
_WIDTHS = (
    ("half_width", _HALF, "的中文之间有半角标点，请改为全角。"),
    ("half_width", _DOT, "的中文之间有半角圆点，请改为句号；人名中请用“·”。"),
    ("full_width", _WIDE, "有全角数字，请改为半角。"),
)
_DOUBLE = re.compile(r"[，、；：][，。、；：]|。[。，、；：]")
_ITEM = re.compile(r"(?:^|(?<=[\s；，。;,、])|(?<=[^\d\s][：:]))(?:\d{1,2}|[a-zA-Z①-⑳])[)）]")
_OPENING = {"（": "）", "(": ")", "《": "》", "“": "”"}
_CLOSING = {closing: opening for opening, closing in _OPENING.items()}
_ROUND = "（()）"


def find(page: Page) -> Iterator[Finding]:
    """Yield the wrong signs; those of the wrong width once for the notice."""
    quotes = "".join(line.text for line in page.lines)
    is_quoted_evenly = quotes.count("“") == quotes.count("”")
    for line in page.lines:
        yield from _numbers(line)
        if double := _DOUBLE.search(line.text):
            advice = f"有重复的标点“{double[0]}”，请删去一个。"
            yield line.finding("doubled_mark", "warn", advice)
        yield from _pairs(line, without="“”" if is_quoted_evenly else "")
    yield from _widths(page)


def _numbers(line: Line) -> Iterator[Finding]:
    found = list(_NUMBER.finditer(line.text))
    if any(match["open"] != "〔" for match in found):
        yield line.finding("document_number", "warn", "发文字号的年份请用六角括号，如“〔2026〕”。")
    if any(match["nth"] for match in found):
        yield line.finding("document_number", "warn", "发文字号的序号不加“第”，如“7号”。")


def _widths(page: Page) -> Iterator[Finding]:
    for rule, pattern, advice in _WIDTHS:
        lines = [line for line in page.lines if pattern.search(line.text)]
        if lines:
            many = f"等 {len(lines)} 处" if len(lines) > 1 else ""
            yield lines[0].finding(rule, "inform", f"{many}{advice}")


def _pairs(line: Line, *, without: str) -> Iterator[Finding]:
    readings = (line.text, _ITEM.sub("", line.text))
    judged = [_unmatched(text, without=without) for text in readings]
    mixed, unpaired = min(judged, key=lambda found: len(found[1]) + found[0])
    if mixed:
        yield line.finding("mixed_brackets", "inform", "有一对括号一全角一半角，请统一为全角。")
    for sign in dict.fromkeys(unpaired):
        advice = f"的“{sign}”没有配对，请补上另一半或删去。"
        yield line.finding("unpaired_mark", "warn", advice)


def _unmatched(text: str, *, without: str) -> tuple[bool, list[str]]:
    """Return whether a pair of round brackets is mixed, and the signs left alone."""
    waiting: dict[str, list[str]] = {}
    mixed, alone = False, []
    for sign in text:
        family = "（" if sign in _ROUND else _CLOSING.get(sign, sign)
        if sign in without or family not in _OPENING:
            continue
        if sign in _OPENING:
            waiting.setdefault(family, []).append(sign)
        elif opened := waiting.get(family):
            mixed |= _OPENING[opened.pop()] != sign
        else:
            alone.append(sign)
    return mixed, alone + [sign for opened in waiting.values() for sign in opened]
