"""What is checked before a person is asked: personal data and marks of secrecy.

Pure: words in, findings out. A rule is a module with `RULE` and `find`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from publisher.screening import office, personal, secrecy
from publisher.screening.finding import Action, Finding
from publisher.screening.passage import Passage, normalised, passages, whole_column

__all__ = ["POLICY", "Action", "Finding", "Passage", "normalised", "screen"]

POLICY = 3  # counted up whenever a rule changes, so that what was read before is read again

_RULES = (secrecy, *personal.RULES)


def screen(
    fields: Mapping[str, str], *, files: Iterable[Passage] = (), known: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Return what the rules find in the fields of a notice and in its files, in reading order.

    Keys are places ("title", "summary", "attachments[0].name", "images[0].alt",
    "overrides.wechat.title"); what is called "body" is clean HTML, everything else plain text.
    `known` are telephone numbers, mailboxes and accounts of offices, which may be published.
    """
    hidden = office.hider(known)
    found: dict[_Key, dict[str, Passage]] = {}
    for passage in map(hidden, chain(passages(fields), files)):
        for rule in _RULES:
            for action, advice in rule.find(passage):
                where = whole_column(passage) if passage.is_cell else passage
                key = _Key(rule.RULE, action, advice, where.place, hasattr(rule, "BY_COLUMN"))
                found.setdefault(key, {})[passage.place] = passage
    return tuple(_finding(key, list(cells.values())) for key, cells in found.items())


class _Key(NamedTuple):
    """What is told once, though it stands in many cells of a column."""

    rule: str
    action: Action
    advice: str
    where: str
    is_of_column: bool


def _finding(key: _Key, cells: list[Passage]) -> Finding:
    first = whole_column(cells[0]) if key.is_of_column else cells[0]
    more = f"等 {len(cells)} 处" if len(cells) > 1 and not key.is_of_column else ""
    return Finding(
        rule=key.rule,
        action=key.action,
        place=first.place,
        message=f"{first.spoken}{more}{key.advice}",
    )
