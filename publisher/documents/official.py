"""The official form of a notice: which line is its title, number, unit, date, attachment list.

The form is that of GB/T 9704-2012; what real offices do to it is told in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from lxml import html

from publisher.documents.forms import OTHER_KIND, date_of, kind_of, normal_number

MAX_TITLE = 120  # characters of a line that may still be a title
MAX_PLAIN_TITLE = 60  # the same for a line that is not centred
MAX_UNIT = 40  # characters of a line that may still be an issuing unit

_SIGNER = re.compile(r"签发人\s*[:：].*")
_URGENCY = re.compile(r"(?:特急|特提|加急|平急|急件|紧急)")
_EMERGENCY = ("特急", "特提")
_SECRET = re.compile(r"(?:绝\s*密|机\s*密|秘\s*密|内部\S{2})(?:\s*[★☆].*)?")
_SEAL = re.compile(r"[（(](?:盖章|公章|印章|章)[)）]")
_UNIT = re.compile(
    r"(?:学院|大学|学校|委员会|处|部|室|中心|小组|组|馆|团委|工会|公司|局|厅|院|系|科|会|站|所|队|党委|支部|总支|基地|办)"
)
_INSTITUTIONS = ("学院", "大学", "学校")
_SENTENCE = re.compile(r"[。；;：:！!？?，,]")
_NOTE = re.compile(r"[（(]\s*此件(.+?)\s*[)）]")
_CAMPUS = re.compile(r"校内|内部|不予?公开|依申请|发至")
_LIST = re.compile(r"附\s*件\s*[0-9一二三四五六七八九十]*\s*[：:]\s*(.*)")
_ITEM = re.compile(r"(\d{1,2})\s*[.．、]\s*(.+)")
_NEXT_ITEM = re.compile(r"\s+(?=\d{1,2}\s*[.．、](?!\d))")
_ANNEX = re.compile(r"附\s*[件表录]\s*\d*\s*[：:]?")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One top-level element of a document."""

    tag: str
    text: str  # without blanks at the ends, "\n" for a <br>
    html: str
    aligned: str = ""  # "center", "right"
    size: int = 0  # half points; 0: not known
    is_red: bool = False
    has_picture: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.text and not self.has_picture

    @property
    def is_line(self) -> bool:
        """Whether this can be a line of the head: not a table, a list, a picture, a sentence."""
        fits = self.tag in ("p", "h1", "h2", "h3", "h4") and not self.has_picture
        ends = self.text.endswith(("。", "；", "：", ":", "！", ";"))
        return fits and 0 < len(self.text) <= MAX_TITLE and not ends


@dataclass(kw_only=True)
class Official:
    """What was recognised; `blocks` is the body that is left."""

    blocks: list[Block]
    title: str = ""
    document_number: str = ""
    department: str = ""
    issued_on: date | None = None
    audience: str = "public"
    urgency: str = "normal"  # or "urgent" 加急, "emergency" 特急
    attachment_names: tuple[str, ...] = ()
    remarks: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """文种, by the end of the title."""
        return kind_of(self.title)


def split(fragment: str) -> list[Block]:
    """Return the top-level elements of a fragment, with the hints that their classes give."""
    if not fragment.strip():
        return []
    root = html.fragment_fromstring(fragment, create_parent="div")
    return [_block(child) for child in root if isinstance(child.tag, str)]


def recognise(blocks: Sequence[Block], *, title: str = "") -> Official:
    """Recognise the official form; `title` is given where the format itself names it."""
    found = Official(blocks=list(blocks), title=title)
    red_head = _take_head(found)
    _take_signature(found, red_head=red_head)
    return found


def _block(element: html.HtmlElement) -> Block:
    classes = element.get("class", "").split()
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    text = re.sub(r"[ \t\u3000\xa0]*\n[ \t\u3000\xa0]*", "\n", element.text_content().strip())
    sizes = [int(name[2:]) for name in classes if re.fullmatch(r"sz\d+", name)]
    for line_break in element.iter("br"):
        line_break.tail = (line_break.tail or "")[1:]
    return Block(
        tag=str(element.tag),
        text=text,
        html=html.tostring(element, encoding="unicode", with_tail=False),
        aligned=next((name[3:] for name in classes if name in ("al-center", "al-right")), ""),
        size=sizes[0] if sizes else 0,
        is_red="red" in classes,
        has_picture=element.find(".//img") is not None,
    )


def _take_head(found: Official) -> str:
    """Take title, number, red head and urgency off the top; return the name in the red head."""
    blocks = found.blocks
    end = next((n for n, b in enumerate(blocks) if not (b.is_blank or b.is_line)), len(blocks))
    head = [number for number in range(end) if not blocks[number].is_blank]
    taken: set[int] = set()
    lines: list[int] = []
    for number in head:
        if _take_formality(found, blocks[number].text):
            taken.add(number)
        elif not _SECRET.fullmatch(blocks[number].text):
            lines.append(number)  # a mark of secrecy stays where the screening sees it
    red = _red_head(blocks, lines)
    if not found.title:
        run = _title_run(blocks, [number for number in lines if number not in red])
        found.title = _joined(blocks[number].text for number in run)
        taken.update(run)
    last = max(taken, default=-1)
    taken.update(number for number in red if number <= last or found.title)
    found.blocks = [block for number, block in enumerate(blocks) if number not in taken]
    name = _joined(blocks[number].text for number in sorted(red))
    return name.removesuffix("文件")


def _take_formality(found: Official, line: str) -> bool:
    """Whether a line of the head is a number, an urgency or a signer, which leave the body."""
    proper = normal_number(line)
    if proper and not found.document_number:
        found.document_number = proper
        if proper not in line:
            found.remarks.append(f"发文字号已按规范写成“{proper}”，请核对。")
        return True
    if _URGENCY.fullmatch(line):
        found.urgency = "emergency" if line in _EMERGENCY else "urgent"
        word = "特急" if line in _EMERGENCY else "加急"
        found.remarks.append(f"文件标有“{line}”，已从正文移出，紧急程度记为{word}，请核对。")
        return True
    return _SIGNER.fullmatch(line) is not None


def _red_head(blocks: Sequence[Block], lines: Sequence[int]) -> set[int]:
    """Return the lines of the red head: printed red or "…文件", with a title still to come."""
    red = {
        number
        for number in lines
        if blocks[number].is_red or re.fullmatch(r"\S{4,30}文\s*件", blocks[number].text)
    }
    return red if len(red) < len(lines) else set()


def _title_run(blocks: Sequence[Block], lines: Sequence[int]) -> list[int]:
    """Return the lines that make up the title: what is centred, in the size of its first line."""
    centred = [number for number in lines if blocks[number].aligned == "center"]
    plain = [number for number in lines[:1] if _reads_as_title(blocks[number])]
    start = next(iter(centred or plain), None)
    if start is None:
        return []
    run, first = [start], blocks[start]
    for number in range(start + 1, len(blocks)):
        block = blocks[number]
        joined = _joined(blocks[n].text for n in run)
        goes_on = block.aligned == first.aligned == "center" or _is_name_and_kind(joined, block)
        same = number in lines and goes_on and (block.tag, block.size) == (first.tag, first.size)
        whole = kind_of(joined) != OTHER_KIND and not block.text.startswith(("（", "(", "—"))
        if not same or whole or date_of(block.text.strip("（）()")):
            break
        run.append(number)
    return run


def _is_name_and_kind(above: str, block: Block) -> bool:
    """Whether a line without alignment completes a title that begins with the institution."""
    return above.endswith(_INSTITUTIONS) and kind_of(block.text) != OTHER_KIND


def _reads_as_title(block: Block) -> bool:
    """Whether a line that is not centred can be the title: a heading, or words without a pause."""
    short = len(block.text) <= MAX_PLAIN_TITLE and not re.search(r"[，,。；;！!？?]", block.text)
    return block.tag.startswith("h") or short


def _joined(lines: Iterable[str]) -> str:
    """Return lines as one; a blank only between two Latin words."""
    words = " ".join(" ".join(lines).split())
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", words)


def _take_signature(found: Official, *, red_head: str) -> None:
    """Find unit, date, audience and attachments; all of them stay in the body."""
    blocks = found.blocks
    at, day = _dated(blocks)
    found.issued_on = day
    units, first = _units(blocks, at)
    found.department = "、".join(units) or red_head
    for block in blocks:
        note = _NOTE.fullmatch(block.text)
        if note and _CAMPUS.search(note[1]):
            found.audience = "campus"
    end = first if units or day else len(blocks)
    names = _attachments(blocks[:end]) or _attachments(blocks)
    found.attachment_names = tuple(names)
    _remark(found, supplied=_has_annex(blocks[end:], names))


def _remark(found: Official, *, supplied: bool) -> None:
    if not found.department:
        found.remarks.append("发文单位没有识别到，请补填。")
    if found.issued_on is None:
        found.remarks.append("成文日期没有识别到，请补填。")
    names = found.attachment_names
    if names and not supplied:
        listed = "、".join(names)
        found.remarks.append(f"正文列有 {len(names)} 个附件（{listed}），没有随文件提供，请补传。")


def _dated(blocks: Sequence[Block]) -> tuple[int | None, date | None]:
    """Return where the date of issue stands, and the date; None, None where there is none."""
    dates = [(n, day) for n, block in enumerate(blocks) if (day := _day(block)) is not None]
    right = [(n, day) for n, day in dates if blocks[n].aligned == "right"]
    signed = [(n, day) for n, day in dates if _units(blocks, n)[0]]
    last = [(n, day) for n, day in dates if all(_follows(block) for block in blocks[n + 1 :])]
    in_head = [(n, day) for n, day in dates if n <= 1 and blocks[n].text[0] in "（("]
    return next(
        ((n, day) for some in (right, signed, last, in_head) for n, day in some[-1:]), (None, None)
    )


def _day(block: Block) -> date | None:
    if not block.is_line:
        return None
    whole = date_of(block.text.strip("（）()"))
    return whole or _unit_and_day(block.text)[1]


def _unit_and_day(text: str) -> tuple[str, date | None]:
    """Return the two halves of "后勤管理处 2026年11月20日"; empty and None where it is not so."""
    unit, _, rest = (re.sub(r"\s+", " ", text)).partition(" ")
    day = date_of(rest) if _UNIT.search(unit[-3:]) else None
    return (unit, day) if day else ("", None)


def _follows(block: Block) -> bool:
    """Whether a block may stand below the date."""
    return block.is_blank or bool(_NOTE.fullmatch(block.text) or _ANNEX.fullmatch(block.text))


def _units(blocks: Sequence[Block], at: int | None) -> tuple[list[str], int]:
    """Return the issuing units, and where they begin; `at` is where the date stands."""
    if at is None:
        at = _undated(blocks)
        if at is None:
            return [], len(blocks)
        return _unit_names(blocks[at].text), at
    inline, _ = _unit_and_day(blocks[at].text)
    if inline:
        return _unit_names(inline), at
    names: list[str] = []
    first = at
    for number in range(at - 1, -1, -1):
        block = blocks[number]
        if block.is_blank and not names:
            continue
        if not _is_unit(block, aligned=blocks[at].aligned):
            break
        names[:0] = _unit_names(block.text)
        first = number
    return list(dict.fromkeys(names)), first


def _undated(blocks: Sequence[Block]) -> int | None:
    """Return where the unit stands in a document without a date."""
    lines = [n for n, block in enumerate(blocks) if _is_unit(block, aligned=block.aligned)]
    right = [n for n in lines if blocks[n].aligned == "right"]
    bottom = [n for n in lines if all(map(_follows, blocks[n + 1 :]))]
    return next(iter(right[-1:] or bottom[-1:]), None)


def _is_unit(block: Block, *, aligned: str) -> bool:
    name = _SEAL.sub("", block.text).strip()
    plain = block.is_line and len(name) <= 2 * MAX_UNIT and not _SENTENCE.search(name)
    if not plain or date_of(name) or normal_number(name) or _NOTE.fullmatch(name):
        return False
    if block.aligned == "right" == aligned:
        return True
    return block.aligned == aligned and len(name) <= MAX_UNIT and bool(_UNIT.search(name[-3:]))


def _unit_names(text: str) -> list[str]:
    """Return the names in one or two lines of units: "财务处　党委组织部" is two of them."""
    parts = re.split(r"[\s、]+", _SEAL.sub("", text).strip())
    are_names = all(len(part) > 2 for part in parts)
    return parts if are_names else ["".join(parts)]


def _attachments(blocks: Sequence[Block]) -> list[str]:
    """Return the names in the attachment list, which may run over several lines."""
    names: list[str] = []
    is_open = False
    for line in (line for block in blocks if block.tag == "p" for line in block.text.split("\n")):
        head = _LIST.fullmatch(line)
        if head:
            is_open = True
            names += [_attachment(part) for part in _NEXT_ITEM.split(head[1]) if part]
        elif is_open and line:
            item = _ITEM.fullmatch(line)
            is_open = item is not None and int(item[1]) == len(names) + 1
            names += [_attachment(part) for part in _NEXT_ITEM.split(line) if is_open]
    return list(dict.fromkeys(name for name in names if name))


def _attachment(text: str) -> str:
    item = _ITEM.fullmatch(text.strip())
    return (item[2] if item else text).strip().rstrip("。；;，,")


def _has_annex(blocks: Sequence[Block], names: Sequence[str]) -> bool:
    return any(
        _ANNEX.fullmatch(block.text) or block.text in names for block in blocks if block.text
    )


def fragment(blocks: Sequence[Block]) -> str:
    """Return blocks as one piece of HTML again."""
    return "".join(block.html for block in blocks)
