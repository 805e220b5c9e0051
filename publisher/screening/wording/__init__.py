"""Slips of wording, found before a person is asked: it warns or informs, and blocks a 公示 without
the contact that its kind must have.

Pure: a notice in, findings out. A rule is a module with `find`; each rather keeps silent than
raises a false alarm, because a patrol that cries wolf is not read.
"""

from __future__ import annotations

from publisher.screening.finding import Finding
from publisher.screening.wording import (
    attachments,
    closing,
    deadlines,
    display,
    marks,
    pictures,
    slips,
    sums,
    titles,
    weekdays,
)
from publisher.screening.wording.reading import Notice, open_page

__all__ = ["Notice", "patrol"]

_RULES = (titles, slips, marks, weekdays, deadlines, closing, sums, attachments, pictures, display)


def patrol(notice: Notice) -> tuple[Finding, ...]:
    """Return the slips of a notice, rule by rule, each once."""
    page = open_page(notice)
    return tuple(dict.fromkeys(found for rule in _RULES for found in rule.find(page)))
