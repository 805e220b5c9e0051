"""Word: body, tables, headers and footers, notes, comments, tracked changes, text boxes."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.documents import package
from publisher.documents.contents import parts
from publisher.documents.contents.flow import Flow
from publisher.documents.contents.piece import Piece

SPOKEN = {
    "document": "",
    "hdr": "页眉",
    "ftr": "页脚",
    "footnotes": "脚注",
    "endnotes": "尾注",
    "comments": "批注",
    "glossaryDocument": "文档部件",
}


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a Word file says, also where Word does not show it."""
    with package.opened(file) as archive:
        for name, root in parts.of(archive, "docx"):
            yield from parts.common(name, root)
            kind = parts.local(root)
            if kind in SPOKEN:
                yield from Flow(SPOKEN[kind]).through(root)
            elif not name.startswith("docProps/"):
                yield from parts.loose(name, root)
