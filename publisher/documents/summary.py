"""A summary suggested from the first sentences of a notice."""

from __future__ import annotations

import re

from publisher.documents.html import plain

MAX_SUMMARY = 100  # characters; the field 内容概述 of an information catalogue takes as many
MAX_HEADING = 12  # characters of a heading that the sentence follows on the same line
_SENTENCE = re.compile(r"[^。！？!?]+[。！？!?]+[”』」）)]*")
_ENUMERATOR = re.compile(
    r"(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十\d]+[）)]|\d{1,2}[.．、](?!\d)|第[一二三四五六七八九十百]+条\s*)\s*"
)
_FACT = re.compile(r"[^：:]{2,10}[：:]\s*[^：:\s].*")  # 时间：2026年11月25日
_ASIDE = re.compile(r"[（(].*[)）]")
_FORM = re.compile(r"附\s*件\s*\d*\s*[：:]|[（(]此件|(?:联系|咨询|受理|监督|报名)\S{0,4}[：:]")


def suggest(body: str, *, limit: int = MAX_SUMMARY) -> str:
    """Return whole sentences from the beginning of a clean body, empty where none is short enough.

    Salutations, headings, lead-ins that end with a colon and tables are passed over; a line such
    as 时间：… counts as a sentence.
    """
    words = plain(re.sub(r"<table>.*?</table>", "", body, flags=re.DOTALL))
    summary = ""
    for sentence in (found for line in words.split("\n") for found in _sentences(line)):
        if len(summary) + len(sentence) <= limit:
            summary += sentence
        elif summary:
            break
    return summary


def _sentences(line: str) -> list[str]:
    text = _ENUMERATOR.sub("", line, count=1) if _ENUMERATOR.match(line) else line
    if _FORM.match(text) or _ASIDE.fullmatch(text):
        return []
    found = [match[0] for match in _SENTENCE.finditer(text)]
    if text != line and len(found) > 1 and len(found[0]) <= MAX_HEADING:
        return found[1:]  # a heading that runs on: "一、停课安排。9月8日…"
    if not found and _FACT.fullmatch(text):
        return [text.rstrip("；;，,") + "。"]
    return found
