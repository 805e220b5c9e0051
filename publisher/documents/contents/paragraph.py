"""One paragraph of Word or PowerPoint, told apart: what is seen, hidden, struck out or code.

A number must not be missed because deleted or hidden characters stand in the middle of it, nor
because it is hidden between others; so each of these is read by itself, and all in one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from publisher.documents.contents.parts import local

WORDS = {"t", "delText"}
CODES = {"instrText", "delInstrText"}
BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-", "p": "\n"}
STRUCK = {"del", "moveFrom"}
ADDED = {"ins", "moveTo"}
BOXES = {"txbxContent", "txBody", "tbl"}
PICTURES = {"blip", "imagedata"}
HIDING = {"vanish", "specVanish", "webHidden"}
NO = {"0", "false", "off"}


@dataclass
class Paragraph:
    seen: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)  # with what is hidden and struck, not added
    codes: list[str] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)
    copies: list[etree._Element] = field(default_factory=list)  # of boxes, for older programs
    has_picture: bool = False

    @classmethod
    def of(cls, element: etree._Element) -> Paragraph:
        made = cls()
        made._take(element, way="")
        return made

    def _take(self, element: etree._Element, *, way: str) -> None:
        for child in element.iterchildren(tag=etree.Element):
            name = local(child)
            if name in WORDS:
                self._say("".join(map(str, child.itertext())), way)
            elif name in CODES:
                self.codes.append("".join(map(str, child.itertext())))
            elif name in BOXES:
                self.boxes.append(child)
            elif name == "Fallback":
                self.copies.append(child)
            elif name not in ("pPr", "rPr"):
                self.has_picture |= name in PICTURES
                self._say(BREAKS.get(name, ""), way)
                self._take(child, way=_way(child, name, way))

    def _say(self, words: str, way: str) -> None:
        strand = {"hidden": self.hidden, "struck": self.struck}.get(way, self.seen)
        strand.append(words)
        if way != "added":
            self.earlier.append(words)

    def texts(self) -> dict[str, str]:
        """Return the texts by what to say after the place; what is seen comes under ""."""
        aside = self.hidden or self.struck
        found = {
            "": "".join(self.seen),
            "（隐藏文字）": "".join(self.hidden),
            "（修订中删去的文字）": "".join(self.struck),
            "（连同隐藏和删去的文字）": "".join(self.earlier) if aside else "",
            "的域代码": "".join(self.codes),
        }
        unlike: dict[str, str] = {}
        for said, text in found.items():
            if text.strip() and text not in unlike.values():
                unlike[said] = text
        return unlike


def _way(element: etree._Element, name: str, way: str) -> str:
    """Return how the words in an element stand: hidden beats struck, which beats added."""
    if name in STRUCK:
        return way if way == "hidden" else "struck"
    if name in ADDED:
        return way or "added"
    return "hidden" if name == "r" and _is_hidden(element) else way


def _is_hidden(run: etree._Element) -> bool:
    marks = run.find("{*}rPr")
    for mark in () if marks is None else marks.iterchildren(tag=etree.Element):
        if local(mark) in HIDING:
            values = [str(v) for k, v in mark.items() if str(k).endswith("val")]
            return not (values and values[0] in NO)
    return False
