"""The Word body before conversion: what the converter would drop or misread is made plain.

Tracked changes are accepted, hidden words leave, automatic numbers become words, header rows are
marked, and every paragraph gets a style of its own whose classes say how it looks: `al-center`,
`al-right`, `noindent` for the reader, and the hints `sz44` (half points) and `red` for the
recognition of the official form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy

from lxml import etree

from publisher.documents.numbering import BULLET, Numbering, W
from publisher.documents.styles import Styles, size_of, value

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
OLE_OBJECT = "{urn:schemas-microsoft-com:office:office}OLEObject"

_OFF = ("0", "false", "off", "none")
_ALIGNED = {"center": "al-center", "right": "al-right", "end": "al-right"}
_RED = re.compile(r"[c-f][0-9a-f][0-4][0-9a-f][0-4][0-9a-f]", re.IGNORECASE)


def prepare(root: etree._Element, *, styles: Styles, numbering: Numbering) -> tuple[str, list[str]]:
    """Rework the document in place; return a style map for the converter, and remarks."""
    remarks = [remark for step in _STEPS if (remark := step(root))]
    for table in root.iter(f"{W}tbl"):
        _mark_header_rows(table)
    return _style_paragraphs(root, styles=styles, numbering=numbering), remarks


def _accept_changes(root: etree._Element) -> str:
    gone = [f"{W}del", f"{W}moveFrom", f"{W}rPrChange", f"{W}pPrChange", f"{W}tblPrChange"]
    gone += [f"{W}trPrChange", f"{W}tcPrChange", f"{W}sectPrChange"]
    deleted = [
        *root.iterfind(f".//{W}tr[{W}trPr]/{W}trPr/{W}del/../.."),
        *root.iterfind(f".//{W}tc[{W}tcPr]/{W}tcPr/{W}cellDel/../.."),
    ]
    changed = bool(deleted) or _has(root, *gone, f"{W}ins", f"{W}moveTo")
    for element in deleted:
        _remove(element)
    for element in list(root.iter(*gone)):
        parent = element.getparent()
        if parent is not None and parent.tag != f"{W}rPr":  # there it is a paragraph mark
            _remove(element)
    return "文件里有修订记录，已按“接受所有修订”导入，请核对。" if changed else ""


def _drop_hidden(root: etree._Element) -> str:
    hidden = [
        run
        for run in root.iter(f"{W}r")
        if (mark := run.find(f"{W}rPr/{W}vanish")) is not None and value(mark) not in _OFF
    ]
    had_words = any(words.text for run in hidden for words in run.iter(f"{W}t"))
    for run in hidden:
        _remove(run)
    return "文件里有隐藏文字，没有导入。" if had_words else ""


def _spell_formulas(root: etree._Element) -> str:
    for paragraph in list(root.iter(f"{MATH}oMathPara")):
        _replace(paragraph, *paragraph.findall(f"{MATH}oMath"))
    found = list(root.iter(f"{MATH}oMath"))
    for formula in found:
        words = "".join(part.text or "" for part in formula.iter(f"{MATH}t"))
        _replace(formula, _run(words))
    return "公式已转成普通文字，请核对，必要时改用图片。" if found else ""


def _unfold_alternatives(root: etree._Element) -> str:
    """Keep the fallback of each drawing; where there is none, at least the words of its box."""
    boxed = _has(root, f"{W}txbxContent")
    for choice in list(root.iter(f"{MC}AlternateContent")):
        if choice.find(f"{MC}Fallback") is None and choice.getparent() is not None:
            box = etree.Element(f"{W}pict")
            box.extend(choice.findall(f".//{W}txbxContent"))
            _replace(choice, *([box] if len(box) else choice.findall(f"{MC}Choice/*")))
    return "文件里有文本框，文字已移到它所在的段落之后，请核对位置。" if boxed else ""


def _note_losses(root: etree._Element) -> str:
    uris = {data.get("uri") for data in root.iter("{*}graphicData")}
    losses = [
        name
        for name, is_there in (
            ("图表", CHART in uris),
            ("SmartArt 图形", DIAGRAM in uris),
            ("嵌入的对象", _has(root, OLE_OBJECT)),
            ("插入的子文档", _has(root, f"{W}altChunk")),
        )
        if is_there
    ]
    return f"文件里有{'、'.join(losses)}，没有导入，请改用图片或附件。" if losses else ""


_STEPS: tuple[Callable[[etree._Element], str], ...] = (
    _accept_changes,
    _drop_hidden,
    _spell_formulas,
    _note_losses,
    _unfold_alternatives,
)


def _mark_header_rows(table: etree._Element) -> None:
    """Mark the header rows of a table that the author did not mark.

    The first row is one when the table has more rows below it and all its cells are filled with
    short words; cells that reach further down take their rows along.
    """
    rows = table.findall(f"{W}tr")
    if any(row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows):
        return
    heads = _first_body_row(rows)
    if heads >= len(rows) or not all(_reads_as_header(cell) for cell in rows[0].iter(f"{W}tc")):
        return
    for row in rows[:heads]:
        properties = row.find(f"{W}trPr")
        if properties is None:
            properties = etree.Element(f"{W}trPr")
            row.insert(0, properties)
        etree.SubElement(properties, f"{W}tblHeader")


def _first_body_row(rows: list[etree._Element]) -> int:
    for number, row in enumerate(rows[1:], start=1):
        merges = [cell.find(f"{W}tcPr/{W}vMerge") for cell in row.iterfind(f"{W}tc")]
        if not any(m is not None and value(m) in ("", "continue") for m in merges):
            return number
    return len(rows)


def _reads_as_header(cell: etree._Element) -> bool:
    words = "".join(part.text or "" for part in cell.iter(f"{W}t")).strip()
    return 0 < len(words) <= 20 and not re.fullmatch(r"[\d,.%\s—\-]+", words)


def _style_paragraphs(root: etree._Element, *, styles: Styles, numbering: Numbering) -> str:
    """Give every paragraph outside bulleted lists the style that says how it looks."""
    paragraphs = list(root.iter(f"{W}p"))
    indents = any(_is_indented(paragraph, styles) for paragraph in paragraphs)
    looks: dict[str, str] = {}
    for paragraph in paragraphs:
        look = _look(paragraph, styles=styles, indents=indents)
        bulleted = _number(paragraph, styles=styles, numbering=numbering)
        properties = _properties(paragraph)
        for old in properties.findall(f"{W}pStyle"):
            properties.remove(old)
        if not bulleted:
            style = etree.Element(f"{W}pStyle")
            style.set(f"{W}val", looks.setdefault(look, f"look{len(looks)}"))
            properties.insert(0, style)
    return "\n".join(["u => u", *(f"p.{name} => {look}:fresh" for look, name in looks.items())])


def _look(paragraph: etree._Element, *, styles: Styles, indents: bool) -> str:
    """Return tag and classes of a paragraph as the style map spells them: "p.al-center.sz44"."""
    aligned = _ALIGNED.get(value(styles.find(paragraph, "pPr/jc")), "")
    if _is_in_cell(paragraph):
        return f"p.{aligned}" if aligned else "p"
    outline = value(styles.find(paragraph, "pPr/outlineLvl"))
    tag = f"h{int(outline) + 1}" if outline in ("0", "1", "2", "3") else "p"
    classes = [aligned] if aligned else []
    if indents and tag == "p" and not aligned and not _is_indented(paragraph, styles):
        classes.append("noindent")
    runs = [run for run in _runs(paragraph) if _words(run).strip()]
    if runs:
        classes.append(f"sz{max(_runsize_of(run, paragraph, styles) for run in runs)}")
        classes += ["red"] if all(_is_red(run, paragraph, styles) for run in runs) else []
    return ".".join([tag, *classes])


def _number(paragraph: etree._Element, *, styles: Styles, numbering: Numbering) -> bool:
    """Put the automatic number of a paragraph into words; whether it has a bullet instead."""
    asked = styles.find(paragraph, "pPr/numPr")
    if asked is None:
        return False
    list_id, depth = value(asked.find(f"{W}numId")), value(asked.find(f"{W}ilvl"))
    level = int(depth) if depth in tuple("012345678") and depth else 0
    definition = numbering.level(list_id, level)
    properties = _properties(paragraph)
    if definition is not None and definition.shape == BULLET:
        if asked.getparent() is not properties:
            properties.append(deepcopy(asked))
        return True
    for own in properties.findall(f"{W}numPr"):
        properties.remove(own)
    label = numbering.next_label(list_id, level)
    if label and any(_words(run).strip() for run in _runs(paragraph)):
        paragraph.insert(paragraph.index(properties) + 1, _run(label))
    return False


def _is_indented(paragraph: etree._Element, styles: Styles) -> bool:
    if _is_in_cell(paragraph):
        return False
    indent = styles.find(paragraph, "pPr/ind")
    asked = {} if indent is None else {str(k).rpartition("}")[2]: v for k, v in indent.items()}
    amounts = (asked.get(k, "0") for k in ("firstLine", "firstLineChars", "left", "leftChars"))
    if any(amount not in ("0", "") and not str(amount).startswith("-") for amount in amounts):
        return True
    numbered = paragraph.find(f"{W}pPr/{W}numPr") is not None
    return numbered or "".join(map(_words, _runs(paragraph))).startswith(("\u3000", "  "))


def _is_in_cell(paragraph: etree._Element) -> bool:
    return next(paragraph.iterancestors(f"{W}tc"), None) is not None


def _runs(paragraph: etree._Element) -> Iterator[etree._Element]:
    """Yield the runs of a paragraph, without those of a text box that is anchored in it."""
    for run in paragraph.iter(f"{W}r"):
        if next(run.iterancestors(f"{W}p"), None) is paragraph:
            yield run


def _words(run: etree._Element) -> str:
    return "".join(part.text or "" for part in run.findall(f"{W}t"))


def _runsize_of(run: etree._Element, paragraph: etree._Element, styles: Styles) -> int:
    own = size_of(run.find(f"{W}rPr/{W}sz"))
    return own or size_of(styles.find(paragraph, "rPr/sz")) or styles.size


def _is_red(run: etree._Element, paragraph: etree._Element, styles: Styles) -> bool:
    own = run.find(f"{W}rPr/{W}color")
    color = value(own if own is not None else styles.find(paragraph, "rPr/color"))
    return _RED.fullmatch(color) is not None


def _properties(paragraph: etree._Element) -> etree._Element:
    properties = paragraph.find(f"{W}pPr")
    if properties is None:
        properties = etree.Element(f"{W}pPr")
        paragraph.insert(0, properties)
    return properties


def _run(words: str) -> etree._Element:
    run = etree.Element(f"{W}r")
    text = etree.SubElement(run, f"{W}t")
    text.text = words
    text.set(XML_SPACE, "preserve")
    return run


def _has(root: etree._Element, *tags: str) -> bool:
    return next(root.iter(*tags), None) is not None


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _replace(element: etree._Element, *others: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        place = parent.index(element)
        parent[place : place + 1] = others
