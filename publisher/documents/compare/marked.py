"""Two bodies as one, with marks where they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from publisher.documents.compare.aligned import aligned
from publisher.documents.compare.pieces import Block, Word, blocks, line

ALIKE = 0.4  # share of pairs of neighbouring characters from which two blocks are one, changed
ALONE = 0.15  # the same, where one block stands in place of one
NEAR = 20  # blocks among which a changed one looks for what it was
SAMPLE = 2000  # characters that are looked at for that
_FAMILIES = {"p": "text", "h2": "text", "h3": "text", "h4": "text", "ul": "list", "ol": "list"}
INS, DEL, SAME = "<ins>", "<del>", ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    html: str
    places: int  # that differ; none: no word does


@dataclass(kw_only=True)
class _Count:
    places: int = 0


@dataclass(kw_only=True)
class _Stretch:
    """Words that are the same, or what was and what is in their place."""

    is_same: bool
    old: list[Word] = field(default_factory=list)
    new: list[Word] = field(default_factory=list)

    @property
    def size(self) -> int:
        return max(sum(word.size for word in side) for side in (self.old, self.new))


def compare(old: str, new: str) -> Comparison:
    """Return the clean body `new` with marks where it differs from the clean body `old`."""
    count = _Count()
    shown = _inside(blocks(old), blocks(new), count)
    return Comparison(html="".join(html for _, html in shown), places=count.places)


def compare_words(old: str, new: str) -> Comparison:
    """Return a plain line as HTML with marks where it differs from another."""
    count = _Count()
    return Comparison(html=_words(line(old), line(new), count), places=count.places)


Shown = tuple[Block, str]  # a block and its HTML, marks and all


def _inside(old: Sequence[Block], new: Sequence[Block], count: _Count) -> Iterator[Shown]:
    for stretch in aligned([block.text for block in old], [block.text for block in new]):
        if stretch.is_same:
            yield from ((block, _whole(block, SAME)) for block in new[stretch.new])
        else:
            yield from _replaced(old[stretch.old], new[stretch.new], count)


def _replaced(old: Sequence[Block], new: Sequence[Block], count: _Count) -> Iterator[Shown]:
    at_old = at_new = 0
    for first, second in [*_partners(old, new), (len(old), len(new))]:
        gone, come = old[at_old:first], new[at_new:second]
        count.places += 1 if gone or come else 0
        yield from ((block, _whole(block, DEL)) for block in gone)
        yield from ((block, _whole(block, INS)) for block in come)
        if first < len(old):
            yield new[second], _both(old[first], new[second], count)
        at_old, at_new = first + 1, second + 1


def _partners(old: Sequence[Block], new: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """Yield which changed block was which, in order."""
    least = ALONE if len(old) == len(new) == 1 else ALIKE
    samples = [_sample(block) for block in new]
    start = 0
    for number, block in enumerate(old):
        mine = _sample(block)
        near = range(start, min(start + NEAR, len(new)))
        likeness = {at: _likeness(mine, samples[at]) for at in near if _kin(block, new[at])}
        best = max(likeness, key=lambda at: likeness[at], default=None)
        if best is not None and likeness[best] >= least:
            yield number, best
            start = best + 1


def _kin(old: Block, new: Block) -> bool:
    return _FAMILIES.get(old.tag, old.tag) == _FAMILIES.get(new.tag, new.tag)


def _sample(block: Block) -> Counter[str]:
    text = block.text[:SAMPLE]
    return Counter(map("".join, pairwise(text)))


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    shared = sum(min(number, other[pair]) for pair, number in one.items() if pair in other)
    return 2 * shared / total if total else 0.0


def _both(old: Block, new: Block, count: _Count) -> str:
    """Return a block that has changed inside."""
    words = _words(old.words, new.words, count)
    if new.tag == "tr" and len(old.inner) == len(new.inner):
        cells = zip(old.inner, new.inner, strict=True)
        return _wrapped(new, words, [(b, _both(a, b, count)) for a, b in cells])
    return _wrapped(new, words, list(_inside(old.inner, new.inner, count)))


def _whole(block: Block, mark: str) -> str:
    words = _run((mark, word) for word in block.words)
    return _wrapped(block, words, [(inner, _whole(inner, mark)) for inner in block.inner])


def _wrapped(block: Block, words: str, inner: Sequence[Shown]) -> str:
    if block.tag == "hr":
        return block.opening
    held = "".join(html for _, html in inner)
    if block.tag == "table":
        held = _rows(inner)
    return f"{block.opening}{words}{held}</{block.tag}>"


def _rows(inner: Sequence[Shown]) -> str:
    """Return captions and rows; a row that is gone stands in the section of the one before."""
    captions = [html for block, html in inner if block.tag != "tr"]
    rows = [(block.section or "tbody", html) for block, html in inner if block.tag == "tr"]
    order = ["thead", "tbody", "tfoot"]
    sections: list[tuple[str, str]] = []
    for section, html in rows:
        last = sections[-1][0] if sections else section
        sections.append((max(last, section, key=order.index), html))
    parts = groupby(sections, key=lambda row: row[0])
    return "".join(captions) + "".join(
        f"<{name}>{''.join(html for _, html in group)}</{name}>" for name, group in parts
    )


def _words(old: Sequence[Word], new: Sequence[Word], count: _Count) -> str:
    marked: list[tuple[str, Word]] = []
    for stretch in _sensible(_by_clause(old, new)):
        if stretch.is_same:
            marked += [(SAME, word) for word in stretch.new]
        else:
            count.places += 1
            marked += [(DEL, word) for word in stretch.old]
            marked += [(INS, word) for word in stretch.new]
    return _run(marked)


def _by_clause(old: Sequence[Word], new: Sequence[Word]) -> Iterator[_Stretch]:
    olds, news = _clauses(old), _clauses(new)
    keys = [tuple(word.key for word in clause) for clause in olds]
    for stretch in aligned(keys, [tuple(word.key for word in clause) for clause in news]):
        before = [word for clause in olds[stretch.old] for word in clause]
        after = [word for clause in news[stretch.new] for word in clause]
        if stretch.is_same:
            yield _Stretch(is_same=True, old=before, new=after)
        else:
            yield from _by_word(before, after)


def _clauses(words: Sequence[Word]) -> list[list[Word]]:
    clauses: list[list[Word]] = [[]]
    for word in words:
        clauses[-1].append(word)
        if word.html in "，。；：！？、,;!?":
            clauses.append([])
    return [clause for clause in clauses if clause]


def _by_word(old: Sequence[Word], new: Sequence[Word]) -> Iterator[_Stretch]:
    for stretch in aligned([word.key for word in old], [word.key for word in new]):
        before, after = list(old[stretch.old]), list(new[stretch.new])
        yield _Stretch(is_same=stretch.is_same, old=before, new=after)


def _sensible(stretches: Iterable[_Stretch]) -> list[_Stretch]:
    """Join changes that are parted by less than what changed on either side."""
    joined: list[_Stretch] = []
    for stretch in stretches:
        joined.append(stretch)
        while _is_scattered(joined):
            first, between, last = joined[-3:]
            joined[-3:] = [
                _Stretch(
                    is_same=False,
                    old=[*first.old, *between.old, *last.old],
                    new=[*first.new, *between.new, *last.new],
                )
            ]
        if len(joined) > 1 and joined[-1].is_same == joined[-2].is_same:
            last = joined.pop()
            joined[-1].old += last.old
            joined[-1].new += last.new
    return joined


def _is_scattered(joined: Sequence[_Stretch]) -> bool:
    if len(joined) < 3 or joined[-1].is_same or not joined[-2].is_same:
        return False
    return joined[-2].size <= min(joined[-3].size, joined[-1].size)


def _run(marked: Iterable[tuple[str, Word]]) -> str:
    """Return words as HTML, each tag opened and closed as seldom as can be."""
    pieces: list[str] = []
    standing: tuple[str, ...] = ()
    for mark, word in marked:
        wanted = (mark, *word.form) if mark else word.form
        shared = 0
        while standing[shared : shared + 1] and standing[shared] == (*wanted, "")[shared]:
            shared += 1
        pieces += [_closing(tag) for tag in reversed(standing[shared:])]
        pieces += [*wanted[shared:], word.html]
        standing = wanted
    pieces += [_closing(tag) for tag in reversed(standing)]
    return "".join(pieces)


def _closing(opening: str) -> str:
    return f"</{opening[1:].partition(' ')[0].rstrip('>')}>"
