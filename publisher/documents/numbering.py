"""Automatic numbers of Word paragraphs as words, because the text does not have them.

Counting follows ECMA-376 part 1, 17.9: a level starts anew after a higher one, lists that share
an abstract definition count on, a start override begins again once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BULLET = "bullet"
_DIGITS = "〇一二三四五六七八九"
_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_CHINESE = {"chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting"}
_CHINESE |= {"taiwaneseCountingThousand", "ideographDigital", "japaneseDigitalTenThousand"}
_CIRCLED = {"decimalEnclosedCircle", "decimalEnclosedCircleChinese"}
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = {1000: "m", 900: "cm", 500: "d", 400: "cd", 100: "c", 90: "xc", 50: "l", 40: "xl"}
_ROMAN |= {10: "x", 9: "ix", 5: "v", 4: "iv", 1: "i"}


@dataclass(frozen=True, kw_only=True)
class Level:
    start: int
    shape: str  # w:numFmt: "chineseCounting", "bullet" …
    pattern: str  # w:lvlText: "第%1条"
    is_legal: bool  # all numbers in Arabic digits
    is_close: bool  # nothing stands between number and words


@dataclass
class Numbering:
    """The list definitions of one document and how far each has counted."""

    levels: dict[tuple[str, int], Level] = field(default_factory=dict)  # by abstract definition
    abstract: dict[str, str] = field(default_factory=dict)  # by list
    restarts: dict[tuple[str, int], int] = field(default_factory=dict)  # by list
    _counts: dict[str, list[int | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: etree._Element | None) -> Numbering:
        """Read word/numbering.xml; None where the document has none."""
        numbering = cls()
        for definition in () if root is None else root.iterfind(f"{W}abstractNum"):
            name = definition.get(f"{W}abstractNumId", "")
            for level in definition.iterfind(f"{W}lvl"):
                numbering.levels[name, _number(level.get(f"{W}ilvl"))] = _level(level)
        for entry in () if root is None else root.iterfind(f"{W}num"):
            name = entry.get(f"{W}numId", "")
            numbering.abstract[name] = _value(entry, "abstractNumId")
            for override in entry.iterfind(f"{W}lvlOverride"):
                if override.find(f"{W}startOverride") is not None:
                    level_number = _number(override.get(f"{W}ilvl"))
                    start = _number(_value(override, "startOverride"))
                    numbering.restarts[name, level_number] = start
        return numbering

    def level(self, list_id: str, depth: int) -> Level | None:
        """Return the definition of one level; None where the list is not defined."""
        return self.levels.get((self.abstract.get(list_id, ""), depth))

    def next_label(self, list_id: str, depth: int) -> str:
        """Count one paragraph of a list, `depth` 0 to 8; return its number as it reads: "一、"."""
        level = self.level(list_id, depth)
        if level is None:
            return ""
        counts = self._counts.setdefault(self.abstract[list_id], [None] * 9)
        restart = self.restarts.pop((list_id, depth), None)
        before = counts[depth]
        if restart is not None:
            counts[depth] = restart
        else:
            counts[depth] = level.start if before is None else before + 1
        counts[depth + 1 :] = [None] * (8 - depth)
        label = self._spelled(list_id, level, counts)
        return label + _gap(label, level)

    def _spelled(self, list_id: str, level: Level, counts: list[int | None]) -> str:
        label = level.pattern
        for depth in range(9):
            own = self.level(list_id, depth)
            if own is not None and f"%{depth + 1}" in label:
                count = counts[depth]
                value = own.start if count is None else count
                shape = "decimal" if level.is_legal else own.shape
                label = label.replace(f"%{depth + 1}", spelled(value, shape))
        return label


def spelled(value: int, shape: str) -> str:
    """Return a number as w:numFmt asks; shapes that are not known as Arabic digits."""
    if shape in _CHINESE:
        return chinese(value)
    if shape == "chineseLegalSimplified":
        return chinese(value, digits=_FORMAL, units=("", "拾", "佰", "仟"))
    if shape in _CIRCLED and 1 <= value <= 20:
        return chr(0x2460 + value - 1)
    if shape in ("upperLetter", "lowerLetter") and value > 0:
        letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter.upper() if shape == "upperLetter" else letter
    if shape in ("upperRoman", "lowerRoman"):
        return _roman(value).upper() if shape == "upperRoman" else _roman(value)
    if shape == "decimalZero":
        return f"{value:02d}"
    if shape == "ideographTraditional":
        return _STEMS[(value - 1) % len(_STEMS)]
    if shape == "ideographZodiac":
        return _BRANCHES[(value - 1) % len(_BRANCHES)]
    if shape == "decimalFullWidth":
        return "".join(chr(0xFF10 + int(digit)) for digit in str(value))
    return "" if shape == "none" else str(value)


def chinese(
    value: int, *, digits: str = _DIGITS, units: tuple[str, ...] = ("", "十", "百", "千")
) -> str:
    """Return a number below 10,000 as it is read: 21 is 二十一; larger ones in Arabic digits."""
    if not 0 < value < 10_000:
        return str(value) if value else digits[0]
    words = ""
    figures = [int(figure) for figure in str(value)]
    for place, figure in zip(range(len(figures) - 1, -1, -1), figures, strict=True):
        if figure:
            words += digits[figure] + units[place]
        elif not words.endswith("零"):
            words += "零"
    words = words.rstrip("零")
    return words[1:] if words.startswith("一十") else words


def _roman(value: int) -> str:
    words = ""
    for size, letters in _ROMAN.items():
        words += letters * (value // size)
        value %= size
    return words


def _gap(label: str, level: Level) -> str:
    if level.is_close or not label or label[-1] in "、）】．：":
        return ""
    return " " if label[-1].isascii() else "\u3000"


def _level(element: etree._Element) -> Level:
    legal = element.find(f"{W}isLgl")
    return Level(
        start=_number(_value(element, "start") or "1"),
        shape=_value(element, "numFmt") or "decimal",
        pattern=_value(element, "lvlText"),
        is_legal=legal is not None and legal.get(f"{W}val") not in ("0", "false"),
        is_close=_value(element, "suff") == "nothing",
    )


def _value(element: etree._Element, name: str) -> str:
    child = element.find(f"{W}{name}")
    return "" if child is None else child.get(f"{W}val", "")


def _number(text: str | None) -> int:
    """Return a number of the file, 0 where it is none; a level is at most the ninth."""
    return min(int(text), 1_000_000) if text and text.isascii() and text.isdigit() else 0
