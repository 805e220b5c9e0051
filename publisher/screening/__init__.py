"""What is checked before a person is asked: personal data and marks of secrecy.

Pure: words in, findings out. A rule is a module with `RULE` and `find`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from publisher.screening import office, personal, secrecy
from publisher.screening.finding import Action, Finding
from publisher.screening.passage import Passage, normalised, passages, whole_column

__all__ = ["POLICY", "Action", "Finding", "Passage", "normalised", "screen"]

POLICY = 2  # counted up whenever a rule changes, so that what was read before is read again

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
    read = map(hidden, chain(passages(fields), files))
    return tuple(dict.fromkeys(found for passage in read for found in _findings(passage)))


def _findings(passage: Passage) -> Iterator[Finding]:
    for rule in _RULES:
        is_of_column = getattr(rule, "BY_COLUMN", False)
        where = whole_column(passage) if is_of_column else passage
        for action, advice in rule.find(passage):
            yield Finding(
                rule=rule.RULE,
                action=action,
                place=where.place,
                message=f"{where.spoken}{advice}",
            )
