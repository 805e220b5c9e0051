"""A fifth channel, complete: what a newcomer writes."""

from __future__ import annotations

TOY = '''
"""A toy outlet.

API: none
"""

from __future__ import annotations

from dataclasses import dataclass, field

from publisher.channel import Channel, Content, Receipt, Rendition


@dataclass(frozen=True, kw_only=True)
class Toy(Channel):
    label = "玩具"

    url: str
    secret: str = field(repr=False)
    groups: tuple[int, ...] = (1,)
    gap_s: float = 1.0

    def render(self, content: Content) -> Rendition:
        return Rendition(body=content.title.encode(), media_type="text/plain")

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        return Receipt(remote_id=key)
'''
