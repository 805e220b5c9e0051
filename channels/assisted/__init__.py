"""Where no program may post: a person gets text, picture and a checklist, and ticks it off.

It is planned, approved, counted and looked after like any other delivery; only the last step is a
person's. Nothing is ever sent by this channel.
API: none; the person acts in the application itself (QQ, WeChat groups, any other outlet)
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from channels import _group_words, _quiet_hours
from publisher.channel import (
    Assists,
    Channel,
    Content,
    Receipt,
    Rendition,
    Slots,
    Splits,
    Withdraws,
)
from publisher.errors import ConfigError, PermanentError


@dataclass(frozen=True, kw_only=True)
class Assisted(Channel, Assists, Splits, Slots, Withdraws):
    """One person, and the places in which they post for us."""

    label = "人工代发"

    person: str  # the name under which they sign in to the console
    places: tuple[str, ...]  # as the person knows them: "2026级新生QQ群"
    application: str = "QQ"  # in which the places are
    how: str = ""  # one more step that this place needs: "发完后设为群公告"
    quiet_hours: tuple[str, ...] = ("22:30-07:00",)  # campus time; nobody is asked
    max_chars: int = 600

    def __post_init__(self) -> None:
        if not self.person.strip():
            raise ConfigError("请写明由谁代发，名字和登录名一样", key="person")
        names = [place.strip() for place in self.places]
        if not names or not all(names) or len(set(names)) < len(names):
            raise ConfigError("至少写一个群名，不能为空或重复", key="places")
        if any(len(name) > MAX_PLACE for name in names):
            raise ConfigError(f"群名最多 {MAX_PLACE} 个字", key="places")
        if self.max_chars <= 0:
            raise ConfigError("应大于 0", key="max_chars")
        _quiet_hours.spans(self.quiet_hours)

    def parts(self) -> tuple[str, ...]:
        return self.places

    def part(self, name: str) -> Assisted:
        return dataclasses.replace(self, places=(name,))

    def slot(self, moment: datetime) -> datetime:
        return _quiet_hours.rest_until(moment, _quiet_hours.spans(self.quiet_hours))

    def render(self, content: Content) -> Rendition:
        """Shape content as words to paste and one picture; never attachments."""
        text = _group_words.text(content, max_chars=self.max_chars, name="代发的文字")
        return Rendition(
            body=text.encode(),
            media_type="text/plain",
            title=content.title,
            parts=tuple(_group_words.picture(image) for image in content.images[:1]),
        )

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Hand it over; what the person does is theirs to say."""
        where = "、".join(self.places)
        awaits = f"请{self.person}在{self.application}“{where}”里代发，照清单逐项做完后登记"
        return Receipt(remote_id=key, awaits=awaits)

    def assignee(self) -> str:
        return self.person

    def steps(self, rendition: Rendition) -> tuple[str, ...]:
        where = "、".join(self.places)
        picture = ("保存下面的图片，和文字一起发",) if rendition.parts else ()
        extra = (self.how.strip(),) if self.how.strip() else ()
        return (
            f"打开{self.application}，进入“{where}”，核对群名",
            "复制上面的文字，原样粘贴，不要改动",
            *picture,
            "发送，并看一眼确已发出",
            *extra,
            "截一张图，在下面提交",
        )

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Nobody but the person can take it back."""
        where = "、".join(self.places)
        raise PermanentError(
            "a person posted it, and only a person can take it back",
            advice=f"请{self.person}到{self.application}“{where}”里撤回或删除，再到这里登记",
        )


MAX_PLACE = 64  # characters; the ledger's column for the name of a place
