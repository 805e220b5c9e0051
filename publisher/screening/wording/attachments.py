"""What a notice says of its attachments, beside the attachments that are there.

Silent about attachments of something else: "《办法》附件2", "以邮件附件形式发送".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from publisher.screening.finding import Finding
from publisher.screening.passage import normalised
from publisher.screening.wording.reading import Line, Page

_LIKE = 0.7  # of SequenceMatcher: a name with a year more or a 表 less is the same
_CONTAINED, _SAID = 2, 4  # characters that make a name, in a longer one or in the body
_LONGEST = 200  # characters of a name that are compared
_FIGURES = {figure: n for n, figure in enumerate("一二三四五六七八九十", start=1)}
_N = r"(\d{1,2}|[一二三四五六七八九十])(?![\d年月日份个条张页套种件％%万千百十])"
_FOREIGN = r"(?<![》号件的其该知同议程法案告])"  # 《办法》附件, 合同附件
_NUMBERED = re.compile(
    rf"{_FOREIGN}附件\s{{0,4}}{_N}(?P<more>(?:\s{{0,4}}[、和及与至~—–]+\s{{0,4}}(?:附件)?\s{{0,4}}{_N})*)"
)
_SEE = r"(?:见|如|对照|按照?|填写|填报|参照)"
_ELSE = r"(?!\s{0,4}[\d一二三四五六七八九十形格大名要])"  # a numbered one, or 附件形式, 附件大小
_PLAIN = re.compile(rf"{_FOREIGN}(?:{_SEE}附件{_ELSE}|[(]附件[)])|^附件[:：]", re.MULTILINE)
_HEADING = re.compile(rf"附件\s{{0,4}}(?:{_N})?\s{{0,4}}[:：]?")
_LIST = re.compile(r"附件[:：]\s{0,4}(?:(?P<n>\d{1,2})\s{0,4}[.、．]\s{0,4})?(?P<name>\S.*)?")
_ENTRY = re.compile(r"(?:附件\s{0,4})?(?P<n>\d{1,2})\s{0,4}[.、．:：]\s{0,4}(?P<name>\S.*)")
_NAMED = re.compile(r"附件\s{0,4}(?P<n>\d{1,2})\s{0,4}[:：.、．]\s{0,4}(?P<name>[^。]{2,60})")
_FILE = re.compile(r"\.[A-Za-z0-9]{2,5}$")
_PACKED = re.compile(r"\.(?:zip|rar|7z|tar|gz)$", re.IGNORECASE)
_LEAD = re.compile(
    r"^\s{0,4}(?:附件\s{0,4}(?:\d{1,2}|[一二三四五六七八九十])?|\d{1,2}(?=[.、．:：_\s-]))[.、．:：_\s-]*"
)
_SIGNS = re.compile(r"[\s\W_]+")


@dataclass(frozen=True, kw_only=True)
class _Entry:
    line: Line
    number: int | None
    name: str


def find(page: Page) -> Iterator[Finding]:
    """Yield what is missing on either side."""
    names = page.notice.attachments
    entries = list(_entries(page))
    if not names:
        yield from _absent(page)
    elif _mentions(page, names):
        if not any(_PACKED.search(name) for name in names):
            yield from _missing_numbers(page, entries)
            yield from _missing_names(entries, names)
    else:
        yield Finding(
            rule="attachment_unmentioned",
            action="inform",
            place="body",
            message="正文没有提到附件，请在正文末写明“附件：”和名称，或删去多余的附件。",
        )


def _absent(page: Page) -> Iterator[Finding]:
    inside = _inside(page)
    for line in page.paragraphs:
        text = normalised(line.text)
        mentioned = {n for n, _ in _numbers(text)} - inside
        if mentioned or (_PLAIN.search(text) and not inside):
            yield line.finding(
                "attachment_absent", "warn", "提到附件，但没有附件，请上传或改写这一句。"
            )
            return


def _inside(page: Page) -> set[int]:
    """Return the numbers of attachments that are printed in the body; 0 for one without."""
    found = set()
    for line in page.paragraphs:
        first = normalised(line.text).split("\n")[0].strip()
        match = _HEADING.fullmatch(first)
        if match and not (first.endswith((":", "："))):
            found.add(_figure(match[1]) if match[1] else 0)
    return found


def _mentions(page: Page, names: tuple[str, ...]) -> bool:
    text = normalised("\n".join(line.text for line in page.body))
    stems = (_stem(name) for name in names)
    said = _SIGNS.sub("", text)
    return "附件" in text or any(len(stem) >= _SAID and stem in said for stem in stems)


def _missing_numbers(page: Page, entries: list[_Entry]) -> Iterator[Finding]:
    names = page.notice.attachments
    there = set(range(1, len(names) + 1)) | _inside(page)
    there |= {n for name in names for n, _ in _numbers(normalised(name))}
    listed = {id(entry.line) for entry in entries}
    for line in page.paragraphs:
        missing = sorted({n for n, _ in _numbers(normalised(line.text))} - there)
        if missing and id(line) not in listed:
            advice = f"提到附件{missing[0]}，但没有这个附件，请上传或改正编号。"
            yield line.finding("attachment_number", "warn", advice)


def _missing_names(entries: list[_Entry], names: tuple[str, ...]) -> Iterator[Finding]:
    stems = [_stem(name) for name in names]
    numbered = {n for name in names for n, _ in _numbers(normalised(name))}
    bare = {n for name in names if not _stem(name) for n, _ in _numbers(normalised(name))}
    for entry in entries:
        wanted = _stem(entry.name)
        is_there = (entry.number in bare) if entry.number in numbered else False
        if wanted and not is_there and not any(_same(wanted, stem) for stem in stems):
            yield entry.line.finding(
                "attachment_name", "inform", "列出的附件名称与已上传的附件对不上，请核对。"
            )


def _entries(page: Page) -> Iterator[_Entry]:
    """Yield the entries of the list below the body, and lines like 附件1：名称."""
    is_open = False
    for line in page.paragraphs:
        for raw in normalised(line.text).split("\n"):
            text = raw.strip()
            first = _LIST.fullmatch(text)
            match = first or _NAMED.fullmatch(text) or (is_open and _ENTRY.fullmatch(text))
            is_open = bool(match)
            if match and match["name"] and not match["name"].endswith(("。", ":", "：")):
                number = int(match["n"]) if match["n"] else None
                yield _Entry(line=line, number=number, name=match["name"])


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    """Yield number and place of each numbered attachment; 附件1至3 are three."""
    for match in _NUMBERED.finditer(text):
        last = _figure(match[1])
        yield last, match.start()
        for sign, figure in re.findall(
            r"([、和及与至~—–])\s*(?:附件)?\s*(\d+|[一二三四五六七八九十])", match["more"]
        ):
            number = _figure(figure)
            for n in range(last + 1 if sign in "至~—–" else number, number + 1):
                yield n, match.start()
            last = number


def _figure(figure: str) -> int:
    return _FIGURES.get(figure) or int(figure)


def _stem(name: str) -> str:
    """Return what identifies a name: neither number nor ending, neither signs nor spaces."""
    bare = _FILE.sub("", normalised(name).strip())
    return _SIGNS.sub("", _LEAD.sub("", bare)).lower()[:_LONGEST]


def _same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if not short:
        return False
    if short in long and (len(short) >= _CONTAINED or short == long):
        return True
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _LIKE
