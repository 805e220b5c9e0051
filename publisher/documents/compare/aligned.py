"""Two sequences side by side: which of one are which of the other, in order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

SMALL = 250_000  # pairs that are compared one by one, in less than half a second
DEEPEST = 12  # anchors between anchors between anchors …


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Positions `old` of one sequence beside `new` of the other."""

    is_same: bool
    old: slice
    new: slice


def aligned(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Stretch]:
    """Yield stretches that are the same and stretches that are not, covering both sequences.

    What occurs once on both sides is an anchor; only short stretches between anchors are compared
    each with each, and a long one without any counts as changed (patience diff, Bram Cohen).
    """
    at_old = at_new = 0
    for first, second, length in _runs(_pairs(old, new)):
        if at_old < first or at_new < second:
            yield Stretch(is_same=False, old=slice(at_old, first), new=slice(at_new, second))
        at_old, at_new = first + length, second + length
        yield Stretch(is_same=True, old=slice(first, at_old), new=slice(second, at_new))
    if at_old < len(old) or at_new < len(new):
        yield Stretch(is_same=False, old=slice(at_old, len(old)), new=slice(at_new, len(new)))


def _runs(pairs: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    start: tuple[int, int] | None = None
    length = 0
    for first, second in pairs:
        if start is not None and (first, second) == (start[0] + length, start[1] + length):
            length += 1
            continue
        if start is not None:
            yield (*start, length)
        start, length = (first, second), 1
    if start is not None:
        yield (*start, length)


def _pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    return _between(old, new, (0, len(old)), (0, len(new)), depth=DEEPEST)


def _between(
    old: Sequence[Hashable],
    new: Sequence[Hashable],
    left: tuple[int, int],
    right: tuple[int, int],
    *,
    depth: int,
) -> Iterator[tuple[int, int]]:
    """Yield the pairs within two ranges, in order."""
    (a, a_end), (b, b_end) = left, right
    while a < a_end and b < b_end and old[a] == new[b]:
        yield a, b
        a, b = a + 1, b + 1
    tail = 0
    while a < a_end - tail and b < b_end - tail and old[a_end - tail - 1] == new[b_end - tail - 1]:
        tail += 1
    a_stop, b_stop = a_end - tail, b_end - tail
    anchors = _anchors(old[a:a_stop], new[b:b_stop]) if depth else []
    if anchors:
        at, other = a, b
        for first, second in [*anchors, (a_stop - a, b_stop - b)]:
            gap = (at, a + first), (other, b + second)
            yield from _between(old, new, *gap, depth=depth - 1)
            at, other = a + first, b + second
    elif (a_stop - a) * (b_stop - b) <= SMALL:
        yield from _each_with_each(old[a:a_stop], new[b:b_stop], at=(a, b))
    yield from zip(range(a_stop, a_end), range(b_stop, b_end), strict=True)


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return where what occurs once on both sides stands, as many as keep their order."""
    once, counts = Counter(old), Counter(new)
    places = {word: at for at, word in enumerate(new) if counts[word] == 1}
    both = [(at, places[word]) for at, word in enumerate(old) if once[word] == 1 and word in places]
    return _longest_rising(both)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    ends: list[int] = []  # the least second number that a chain of each length ends with
    last: list[int] = []  # which pair that is
    before: list[int] = []
    for number, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [second]
        last[length : length + 1] = [number]
    chain: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _each_with_each(
    old: Sequence[Hashable], new: Sequence[Hashable], *, at: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    if not old or not new:
        return
    for match in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        for step in range(match.size):
            yield at[0] + match.a + step, at[1] + match.b + step
