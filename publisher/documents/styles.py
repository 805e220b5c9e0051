"""What the styles of a Word document say where a paragraph itself is silent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from publisher.documents.numbering import W

DEFAULT_SIZE = 21  # half points: 五号, what Chinese Word starts with


@dataclass
class Styles:
    """The paragraph styles of one document, by id."""

    by_id: dict[str, etree._Element] = field(default_factory=dict)
    default: str = ""
    size: int = DEFAULT_SIZE

    @classmethod
    def of(cls, root: etree._Element | None) -> Styles:
        """Read word/styles.xml; None where the document has none."""
        styles = cls()
        if root is None:
            return styles
        for style in root.iterfind(f"{W}style"):
            name = style.get(f"{W}styleId", "")
            styles.by_id[name] = style
            if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true"):
                styles.default = name
        size = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}sz")
        styles.size = size_of(size) or DEFAULT_SIZE
        return styles

    def chain(self, name: str) -> Iterator[etree._Element]:
        """Yield a style and those that it is based on, nearest first."""
        seen: set[str] = set()
        while name in self.by_id and name not in seen:
            seen.add(name)
            yield self.by_id[name]
            name = value(self.by_id[name].find(f"{W}basedOn"))

    def find(self, paragraph: etree._Element, path: str) -> etree._Element | None:
        """Return the first element at path ("pPr/jc") in the paragraph or its styles."""
        for place in (paragraph, *self.chain(_style(paragraph) or self.default)):
            found = place.find("/".join(f"{W}{step}" for step in path.split("/")))
            if found is not None:
                return found
        return None


def value(element: etree._Element | None) -> str:
    """Return w:val, empty where there is no element or no value."""
    return "" if element is None else element.get(f"{W}val", "")


def size_of(element: etree._Element | None) -> int:
    """Return w:sz in half points, 0 where there is none."""
    size = value(element)
    return int(size) if re.fullmatch(r"\d{1,3}", size) else 0


def _style(paragraph: etree._Element) -> str:
    return value(paragraph.find(f"{W}pPr/{W}pStyle"))
