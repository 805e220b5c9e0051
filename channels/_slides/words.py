"""The words of a slide: tidied, glued where a line must not break, and an excerpt of the body."""

from __future__ import annotations

import re

from lxml import html

from channels import _text

INVISIBLE = dict.fromkeys(map(ord, "\u200b\ufeff\u2060"))  # left behind by word processors
SENTENCE = re.compile(r"[^。！？!?；]*[。！？!?；]+[”’」』）)]*|[^。！？!?；]+")
HEADING = re.compile(
    r"[（(]?[一二三四五六七八九十0-9]{1,3}[、.．）)][^，；。]{1,16}。"
)  # 一、时间。
RANGE = re.compile(r"(?<=[0-9])[—–~～-](?=[0-9])")
MEASURE = re.compile(r"(第?)([0-9]+)([年月日时分号届期讲次级个名项元人])")
WORD_JOINER = "\u2060"  # draws nothing and forbids a line break


def tidy(text: str) -> str:
    """Return the text on one line, with single spaces and nothing invisible."""
    return " ".join(text.translate(INVISIBLE).split())


def glued(text: str) -> str:
    """Return the text with 第18号 and 14:30—16:30 tied together, each to stay on one line."""
    ranges = RANGE.sub(lambda found: WORD_JOINER + found[0] + WORD_JOINER, text)
    return MEASURE.sub(lambda found: WORD_JOINER.join(filter(None, found.groups())), ranges)


def paragraphs(body: str) -> list[str]:
    """Return the lines of a body; tables, which no slide can carry, are left out."""
    if not body.strip():
        return []
    root = html.fragment_fromstring(body, create_parent="div")
    for table in list(root.iter("table")):
        table.drop_tree()
    lines = _text.plain_text(html.tostring(root, encoding="unicode")).split("\n")
    return [line for line in map(tidy, lines) if line]


def openings(lines: list[str], *, most_chars: int) -> list[list[str]]:
    """Return the beginnings of a body, from the longest of at most so many characters down.

    Each is whole sentences, on the lines where they stood. The line that addresses the readers is
    left out, and so is a last sentence that leads over to what follows: a colon, or a heading.
    """
    sentences = [(n, piece) for n, line in enumerate(lines) for piece in SENTENCE.findall(line)]
    while sentences and _leads_over(sentences[0][1]):
        sentences.pop(0)
    found = []
    for end in range(1, len(sentences) + 1):
        taken = sentences[:end]
        if sum(len(sentence) for _, sentence in taken) > most_chars:
            break
        if not _leads_over(taken[-1][1]) and not HEADING.fullmatch(taken[-1][1]):
            found.append(_on_their_lines(taken))
    return found[::-1]


def _on_their_lines(sentences: list[tuple[int, str]]) -> list[str]:
    numbers = dict.fromkeys(number for number, _ in sentences)
    return ["".join(text for number, text in sentences if number == line) for line in numbers]


def _leads_over(sentence: str) -> bool:
    return sentence.rstrip().endswith(("：", ":"))
