"""PowerPoint: slides, hidden ones too, with their notes, comments and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from publisher.documents import package
from publisher.documents.contents import parts
from publisher.documents.contents.flow import Flow
from publisher.documents.contents.piece import Piece

SPOKEN = {
    "sld": "第 {} 张幻灯片",
    "notes": "第 {} 页备注",
    "sldLayout": "版式 {}",
    "sldMaster": "母版 {}",
    "notesMaster": "备注母版 {}",
    "handoutMaster": "讲义母版 {}",
}
_NUMBER = re.compile(r"(\d*)\.xml$")


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a presentation says."""
    with package.opened(file) as archive:
        for name, root in parts.of(archive, "pptx"):
            yield from parts.common(name, root)
            if parts.local(root) in SPOKEN:
                yield from _slide(name, root)
            elif not name.startswith("docProps/"):
                yield from parts.loose(name, root)
        if any(name.startswith("ppt/media/") for name in archive.namelist()):
            yield Piece(place="里的图片", is_picture=True)


def _slide(name: str, root: etree._Element) -> Iterator[Piece]:
    number = _NUMBER.search(name)
    spoken = SPOKEN[parts.local(root)].format(number[1] if number else "")
    is_hidden = root.get("show") in ("0", "false")
    for piece in Flow(f"{spoken}（隐藏）" if is_hidden else spoken).through(root):
        if not piece.is_picture:  # all pictures are told at once
            yield piece
