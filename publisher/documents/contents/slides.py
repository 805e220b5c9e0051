"""PowerPoint: slides, hidden ones too, with their notes, comments and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.documents import package
from publisher.documents.contents import properties
from publisher.documents.contents.piece import Piece

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_PARTS = re.compile(
    r"ppt/(slides/slide|notesSlides/notesSlide|comments/\w*?[cC]omment\w*?"
    r"|slideLayouts/slideLayout|slideMasters/slideMaster|charts/chart|diagrams/data)(\d*)\.xml"
)
SPOKEN = {
    "slides/slide": "第 {} 张幻灯片",
    "notesSlides/notesSlide": "第 {} 页备注",
    "slideLayouts/slideLayout": "版式 {}",
    "slideMasters/slideMaster": "母版 {}",
    "charts/chart": "图表 {}",
    "diagrams/data": "图示 {}",
}


def pieces(file: bytes) -> Iterator[Piece]:
    """Yield what a presentation says."""
    with package.opened(file) as archive:
        for name in archive.namelist():
            if match := _PARTS.fullmatch(name):
                spoken = SPOKEN.get(match[1], "批注 {}").format(match[2])
                yield from _part(package.part(archive, name) or b"", spoken)
        yield from properties.linked(archive, "ppt/")
        yield from properties.pieces(archive)
        if any(name.startswith("ppt/media/") for name in archive.namelist()):
            yield Piece(place="里的图片", is_picture=True)


def _part(part: bytes, spoken: str) -> Iterator[Piece]:
    root = package.parsed(part)
    place = f"{spoken}（隐藏）" if root.get("show") == "0" else spoken
    for paragraph in root.iter(f"{A}p"):
        text = "".join(run.text or "" for run in paragraph.iter(f"{A}t"))
        if text.strip():
            yield Piece(place=place, text=text)
    for element in root.iter("{*}text", "{*}v"):
        if element.text:
            yield Piece(place=place, text=element.text)
    for shown in root.iter("{*}cNvPr"):
        if shown.get("descr"):
            yield Piece(place=f"{place}图片的替代文字", text=shown.get("descr", ""))
