"""What we call an article at WeChat: the job that brought it there, and its place in it. Pure.

A push: "3147494276:2455891298:2:20261127", which are msg_id, msg_data_id, place and the day of the
push. A quiet publication: "p2247483655:ARTICLE:2". A draft in a person's hands: "dMEDIA::2". The
part before the first ":" is what WeChat's events name.
"""

from __future__ import annotations

from dataclasses import dataclass

from publisher.channel import Receipt

PUBLICATION, DRAFT = "p", "d"


@dataclass(frozen=True, kw_only=True)
class Article:
    """One article of a job."""

    job: str  # msg_id, publish_id or the media_id of a draft
    way: str = ""  # "" pushed, PUBLICATION, or DRAFT
    data: str = ""  # msg_data_id of a push, article_id of a publication; empty: not known
    place: int = 0  # from 1; 0: all of the job
    day: str = ""  # of a push, campus time: "20261127"

    def __str__(self) -> str:
        named = f"{self.way}{self.job}:{self.data}:{self.place}"
        return f"{named}:{self.day}" if self.day else named


def article_of(receipt: Receipt | None) -> Article | None:
    """Return what a receipt names, None where a person registered it by hand."""
    parts = (receipt.remote_id if receipt else "").split(":")
    head, way = parts[0], ""
    if head[:1] in (PUBLICATION, DRAFT):
        way, head = head[0], head[1:]
    if not head or (way != DRAFT and not head.isdecimal()):
        return None
    return Article(
        job=head,
        way=way,
        data=parts[1] if len(parts) > 1 else "",
        place=int(parts[2]) if len(parts) > 2 and parts[2].isdecimal() else 0,
        day=parts[3] if len(parts) > 3 else "",
    )
