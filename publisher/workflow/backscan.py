"""What is public, screened anew: by the rules of today, which may know more than those of then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from publisher.storage import published
from publisher.workflow import findings
from publisher.workflow.desk import Desk

AT_ONCE = 100  # editions in one session


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One edition that readers can see, or may."""

    item_id: int
    title: str
    number: int  # of the edition
    findings: list[dict[str, str]]


def screened(desk: Desk, *, at: datetime) -> Iterator[Seen]:
    """Yield each edition that is out with what is found in it; nothing is changed."""
    after = 0
    while True:
        # what is read anew is not kept: a scan may take hours, and holds no lock
        with desk.database.reads() as session, session.no_autoflush:
            editions = published.editions(session, after=after, limit=AT_ONCE)
            for edition in editions:
                yield Seen(
                    item_id=edition.item_id,
                    title=edition.title,
                    number=edition.number,
                    findings=findings.of(session, desk, edition, at=at),
                )
        if len(editions) < AT_ONCE:
            return
        after = editions[-1].id
