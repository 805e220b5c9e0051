"""What is checked before a person is asked: personal data and marks of secrecy.

Pure: words in, findings out. A rule is a module with `RULE` and `find`.
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.screening import identity, mobile, secrecy
from publisher.screening.finding import Action, Finding
from publisher.screening.passage import passages

__all__ = ["Action", "Finding", "screen"]

_RULES = (secrecy, identity, mobile)


def screen(fields: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return what the rules find in the fields of a notice, in reading order.

    Keys are places ("title", "summary", "attachments[0].name", "images[0].alt",
    "overrides.wechat.title"); what is called "body" is clean HTML, everything else plain text.
    """
    found = (
        Finding(
            rule=rule.RULE,
            action=action,
            place=passage.place,
            message=f"{passage.spoken}{advice}",
        )
        for passage in passages(fields)
        for rule in _RULES
        for action, advice in rule.find(passage)
    )
    return tuple(dict.fromkeys(found))
