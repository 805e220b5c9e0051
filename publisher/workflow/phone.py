"""Showing a frozen rendition to a reviewer on their phone, through the outlet itself."""

from __future__ import annotations

from datetime import datetime

from publisher.channel import Previews
from publisher.errors import ChannelError, InvalidError, NotAllowedError
from publisher.model.item import Edition, FrozenRendition
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import EditionState
from publisher.settings import Stage
from publisher.storage import notes, queries, renditions
from publisher.workflow import rules
from publisher.workflow.desk import Desk

SHOWN = (EditionState.IN_REVIEW, EditionState.APPROVED)
MAX_NAME = 64  # characters of what an outlet calls a person


def may_preview(person: Person, edition: Edition, stages: tuple[Stage, ...]) -> str | None:
    """Say why this person may not have an edition shown on a phone; reviewers may.

    What is not approved yet leaves the office by it, if only for one phone.
    """
    if edition.state not in SHOWN or edition.item.withdrawn_at is not None:
        return "只有送审中或已通过的稿件可以发手机预览"
    if rules.may_review(person, edition, stages) is None:
        return None
    if person.is_active and person.roles & rules.REVIEWERS:
        return None
    return f"{person.name} 不是审核人，不能发手机预览"


def preview(desk: Desk, rendition_id: int, *, to: str, by: int, at: datetime) -> None:
    """Have the outlet show a rendition to one person, and note who asked for it.

    The outlet is called outside of any transaction: it may take a while.
    """
    name = to.strip()
    if not name or len(name) > MAX_NAME or any(letter.isspace() for letter in name):
        message = f"请填微信号（不是昵称），中间没有空格，最多 {MAX_NAME} 个字"
        raise InvalidError(message, field="to", code="invalid")
    with desk.database.reads() as session:
        frozen = queries.rendition(session, rendition_id)
        person = session.get_one(Person, by)
        rules.require(may_preview(person, frozen.edition, desk.settings.stages))
        channel = _channel(desk, frozen)
        rendition = renditions.thaw(frozen, desk.media)
    try:
        channel.preview([rendition], to=name)
    except ChannelError as error:
        message = error.advice or "平台没有发出预览，请稍后再试"
        raise NotAllowedError(message, code="outlet_refused") from error
    with desk.database.sessions.begin() as session:
        edition = queries.rendition(session, rendition_id).edition
        note = Note(
            at=at,
            who=session.get_one(Person, by).name,
            verb="phone_preview",
            item_id=edition.item_id,
            target=frozen.target,
            text=f"第 {edition.number} 版，发给 {name}",
        )
        notes.append(session, note)


def _channel(desk: Desk, frozen: FrozenRendition) -> Previews:
    channel = desk.channels.get(frozen.target)
    if not isinstance(channel, Previews):
        raise NotAllowedError("这个发布目标不能发手机预览", code="no_preview")
    return channel
