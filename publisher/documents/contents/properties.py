"""What an Office file says of itself: who wrote it, where, under which title."""

from __future__ import annotations

from collections.abc import Iterator
from zipfile import ZipFile

from lxml import etree

from publisher.documents import package
from publisher.documents.contents.piece import Piece

PARTS = ("docProps/core.xml", "docProps/app.xml", "docProps/custom.xml")


def pieces(archive: ZipFile) -> Iterator[Piece]:
    """Yield the properties; of one's own the name is told, too."""
    for name in PARTS:
        part = package.part(archive, name)
        if part is None:
            continue
        for element in package.parsed(part).iter(tag=etree.Element):
            words = (element.text or "").strip()
            if words and len(element) == 0:
                above = element.getparent()
                own = above.get("name") if above is not None else None
                label = own or etree.QName(element).localname
                yield Piece(place=f"文件属性“{label}”", text=f"{own}：{words}" if own else words)


def linked(archive: ZipFile, folder: str) -> Iterator[Piece]:
    """Yield the addresses that the parts of a folder link to: mailto:, tel: and others."""
    for name in archive.namelist():
        if not (name.startswith(folder) and name.endswith(".rels")):
            continue
        for link in package.parsed(package.part(archive, name) or b"<a/>").iter("{*}Relationship"):
            if link.get("TargetMode") == "External":
                target = link.get("Target", "")
                yield Piece(place="链接", text=target.partition(":")[2] or target)
