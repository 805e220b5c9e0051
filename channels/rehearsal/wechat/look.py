"""An article as a browser shows it under a policy that allows no inline style."""

from __future__ import annotations

import re
from collections.abc import Callable

import nh3
from lxml import html

TAGS = nh3.ALLOWED_TAGS | {"section", "u", "s"}
ATTRIBUTES = {
    "*": {"class"},
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
PROPERTY = re.compile(r"[a-z-]+")
VALUE = re.compile(r"[^{}<>@\\;]+")
FORBIDDEN = ("url(", "expression(", "fixed", "absolute")


class Look:
    """Splits a kept body into markup and the style sheet that its inline styles become."""

    def __init__(self, content: str, *, local: Callable[[str], str]) -> None:
        self._classes: dict[str, str] = {}
        root = html.fragment_fromstring(content or "<p></p>", create_parent="div")
        for element in root.iter("*"):
            element.attrib.pop("class", None)
            declarations = _declarations(element.attrib.pop("style", ""))
            if declarations:
                element.set("class", self._class_of(declarations))
            if element.tag == "img":
                element.set("src", local(element.attrib.pop("data-src", "")))
                element.set("alt", element.get("alt", ""))
        inner = html.tostring(root, encoding="unicode")
        self.body = nh3.clean(inner, tags=TAGS, attributes=ATTRIBUTES, link_rel="noopener")

    def _class_of(self, declarations: str) -> str:
        return self._classes.setdefault(declarations, f"x{len(self._classes)}")

    @property
    def style(self) -> str:
        """The style sheet; its rules hold inside `.article` only."""
        return "\n".join(
            f".article .{name} {{ {declarations} }}" for declarations, name in self._classes.items()
        )


def _declarations(style: str) -> str:
    """Return the harmless declarations of an inline style."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        is_harmless = not any(word in value.lower() for word in FORBIDDEN)
        is_closed = value.count('"') % 2 == 0 and value.count("'") % 2 == 0
        if PROPERTY.fullmatch(name) and VALUE.fullmatch(value) and is_harmless and is_closed:
            kept.append(f"{name}: {value}")
    return "; ".join(kept)
