"""What an Office file says of itself: who wrote it, where, under which title."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from publisher.documents.contents.piece import Piece

SPOKEN = {
    "creator": "作者",
    "lastModifiedBy": "最后修改者",
    "title": "标题",
    "subject": "主题",
    "keywords": "关键词",
    "description": "备注",
    "category": "类别",
    "Company": "单位",
    "Manager": "主管",
}


def pieces(root: etree._Element) -> Iterator[Piece]:
    """Yield the properties of one part; of one's own the name is told, too."""
    for element in root.iter(tag=etree.Element):
        words = (element.text or "").strip()
        if words and len(element) == 0:
            above = element.getparent()
            own = above.get("name") if above is not None else None
            name = etree.QName(element).localname
            label = own or SPOKEN.get(name, name)
            yield Piece(place=f"文件属性“{label}”", text=f"{own}：{words}" if own else words)
