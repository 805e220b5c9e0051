"""The XML parts of an Office file: none is passed over for its name, or for being there twice."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

from publisher.documents import package
from publisher.documents.contents import properties
from publisher.documents.contents.piece import Piece, UnreadableError

MOST_XML_BYTES = 64 * 2**20  # of all parts; parsed it takes some ten times as much
MOST_TAGS = {"xlsx": 3_000_000}  # a cell takes four; see MOST_CELLS in `sheets`
MOST_TAGS_ELSEWHERE = 1_500_000  # read in some 5 s; a page of text has about 400
TOO_LARGE = "内容太多，程序读不完，请拆成几个小的文件"
NOT_THIS_KIND = "文件名与内容不符，请用原来的程序打开，另存后再上传"
XML = (".xml", ".rels", ".vml", ".svg")
VALUES = 500  # loose words of one piece
SPOKEN = {
    "/charts/": "图表",
    "/media/": "图形",
    "/diagrams/": "图示",
    "/drawings/": "图形",
    "/pivotCache/": "透视表留存的数据",
    "/externalLinks/": "外部链接留存的数据",
    "omments": "批注",
    "customXml/": "附带的数据",
}
_PICTURE = "图片的替代文字"
WORDED = {  # attributes that hold words, by the local name of their element
    "docPr": (_PICTURE, ("title", "descr")),
    "cNvPr": (_PICTURE, ("title", "descr")),
    "shape": (_PICTURE, ("title", "alt")),
    "textpath": ("艺术字", ("string",)),
    "hlinkClick": ("链接的提示", ("tooltip",)),
    "hyperlink": ("链接的提示", ("tooltip", "display", "location")),
    "fldSimple": ("域代码", ("instr",)),
    "listItem": ("下拉选项", ("displayText", "value")),
    "listEntry": ("下拉选项", ("val",)),
    "alias": ("控件的标题", ("val",)),
    "tag": ("控件的标记", ("val",)),
    "default": ("控件的默认文字", ("val",)),
    "helpText": ("控件的提示", ("val",)),
    "statusText": ("控件的提示", ("val",)),
    "docVar": ("文档变量", ("name", "val")),
    "lvlText": ("编号", ("val",)),
    "comment": ("批注的作者", ("author",)),
    "dataValidation": ("输入提示", ("promptTitle", "prompt", "errorTitle", "error")),
    "numFmt": ("数字格式", ("formatCode",)),
    "s": ("透视表留存的数据", ("v",)),
    "n": ("透视表留存的数据", ("v",)),
}
SHORT = 4  # characters of such an attribute that nobody is found by


def of(archive: ZipFile, kind: str) -> Iterator[tuple[str, etree._Element]]:
    """Yield name and root of each part; UnreadableError for a package of another kind."""
    package.refuse_macros(archive)
    if package.office_kind(archive) != kind:
        raise UnreadableError(NOT_THIS_KIND)
    entries = [one for one in archive.infolist() if one.filename.lower().endswith(XML)]
    if sum(entry.file_size for entry in entries) > MOST_XML_BYTES:
        raise UnreadableError(TOO_LARGE)
    room = MOST_TAGS.get(kind, MOST_TAGS_ELSEWHERE)
    for entry in entries:
        xml = archive.read(entry)
        room -= xml.count(b"<")
        if room < 0:
            raise UnreadableError(TOO_LARGE)
        if not xml.strip():
            continue
        is_loose = entry.filename.lower().endswith(".vml")
        yield entry.filename, _mended(xml) if is_loose else package.parsed(xml)


def _mended(xml: bytes) -> etree._Element:
    """Return the drawing of an old Excel, which leaves its <br> open."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(xml, parser)
    if root is None:
        raise package.broken()
    return root


def local(element: etree._Element) -> str:
    """Return the name without its namespace: strict and ordinary Office files differ in it."""
    return str(element.tag).rpartition("}")[2]


def common(name: str, root: etree._Element) -> Iterator[Piece]:
    """Yield what every kind of part may hold: properties, links and words in attributes."""
    if name.startswith("docProps/"):
        yield from properties.pieces(root)
    elif name.lower().endswith(".rels"):
        yield from _links(root)
    else:
        yield from _worded(root)


def _links(root: etree._Element) -> Iterator[Piece]:
    for link in root.iter("{*}Relationship"):
        if link.get("TargetMode") == "External":
            target = unquote(link.get("Target", ""))
            yield Piece(place="链接", text=target.partition(":")[2] or target)


def _worded(root: etree._Element) -> Iterator[Piece]:
    seen: dict[tuple[str, str], None] = {}
    for element in root.iter(tag=etree.Element):
        place, names = WORDED.get(local(element), ("", ()))
        if not names:
            continue
        held = {str(key).rpartition("}")[2]: str(value) for key, value in element.items()}
        words = " ".join(held[one] for one in names if held.get(one))
        if len(words) >= SHORT:
            seen[place, words] = None
    for place, words in seen:
        yield Piece(place=place, text=words)


def loose(name: str, root: etree._Element) -> Iterator[Piece]:
    """Yield the words of a part that is neither text nor table, some at a time."""
    place = next((said for sign, said in SPOKEN.items() if sign in name), f"文件内部“{name}”")
    words = [text for text in map(str.strip, map(str, root.itertext(tag=etree.Element))) if text]
    for start in range(0, len(words), VALUES):
        yield Piece(place=place, text="\n".join(words[start : start + VALUES]))
