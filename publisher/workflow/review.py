"""Submitting and reviewing: from here on the bytes stand, and approvals name their digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from publisher.channel import Rendition
from publisher.disclosure import catalogue
from publisher.errors import InvalidError, NotAllowedError, NotFoundError
from publisher.model.canonical import sha256
from publisher.model.item import Edition, FrozenRendition, Item, Serial
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.review import Review, Verdict
from publisher.model.states import EditionState
from publisher.schedule import plan, times
from publisher.settings import Stage
from publisher.storage import locks, notes, renditions
from publisher.workflow import freeze, rules
from publisher.workflow.desk import Desk

VERDICTS = {Verdict.APPROVE: "通过", Verdict.SEND_BACK: "退回", Verdict.REJECT: "否决"}
AFTER = {
    Verdict.SEND_BACK: EditionState.SENT_BACK,
    Verdict.REJECT: EditionState.REJECTED,
}
MAX_OPINION = 2000  # characters


def submit(desk: Desk, item_id: int, *, by: int, at: datetime) -> Edition:
    """Freeze the newest edition: number it, render it for every target, store the bytes, seal it.

    Three transactions of its own: rendering takes a second and must not hold the write lock. What
    was rendered is stored only if nobody has changed the wording meanwhile.
    """
    with desk.database.sessions.begin() as session:
        locks.item(session, item_id)
        _number(session, desk, _submittable(session, item_id, by=by, at=at).item)
    with desk.database.reads() as session:
        edition = _submittable(session, item_id, by=by, at=at)
        rendered_from = freeze.wording(edition)
        frozen = _render(edition, desk, at=at)
    with desk.database.sessions.begin() as session:
        locks.item(session, item_id)
        edition = _submittable(session, item_id, by=by, at=at)
        if freeze.wording(edition) != rendered_from:
            raise NotAllowedError("稿件刚刚被改过，请看过之后再提交", code="changed_meanwhile")
        _seal(edition, frozen)
        edition.submitted_at, edition.submitted_by_id = at, by
        text = f"第 {edition.number} 版，摘要 {(edition.digest or '')[:12]}"
        who = session.get_one(Person, by).name
        notes.append(session, Note(at=at, who=who, verb="submit", item_id=item_id, text=text))
    return edition


def _submittable(session: Session, item_id: int, *, by: int, at: datetime) -> Edition:
    """Return the newest edition of the item, if it may be submitted now."""
    item = session.get(Item, item_id)
    if item is None:
        raise NotFoundError(f"没有编号为 {item_id} 的稿件")
    edition = item.edition
    rules.require(rules.may_change(session.get_one(Person, by), item))
    if edition.state != EditionState.DRAFT:
        raise NotAllowedError("这一版已经提交过，修改后才能再提交", code="wrong_state")
    if item.withdrawn_at is not None:
        raise NotAllowedError("稿件已撤回，修改后才能再提交", code="withdrawn")
    if not edition.targets:
        raise InvalidError("请至少选一个发布目标", field="targets", code="empty")
    blocked = [finding["message"] for finding in edition.findings if finding["action"] == "block"]
    if blocked:
        raise NotAllowedError(f"筛查未通过：{'；'.join(blocked)}", code="blocked_by_screening")
    times.check_all(
        publish_at=edition.publish_at,
        overrides=edition.overrides,
        not_after=edition.not_after,
        expires_at=edition.expires_at,
        now=at,
    )
    return edition


def _number(session: Session, desk: Desk, item: Item) -> None:
    """Give the item its 索引号, once; a number is never used again, not even after a rejection."""
    if item.index_number is not None:
        return
    series = catalogue.series(
        college_code=desk.settings.college.code, category=item.category, year=item.created_at.year
    )
    serial = locks.row(session, Serial(series=series, last=0))
    serial.last += 1
    item.index_number = catalogue.index_number(series, serial.last)


def check(session: Session, desk: Desk, item_id: int, *, by: int, at: datetime) -> None:
    """Refuse what `submit` would refuse, and change nothing."""
    _carried(_submittable(session, item_id, by=by, at=at), desk, at=at)


def _render(edition: Edition, desk: Desk, *, at: datetime) -> list[FrozenRendition]:
    """Shape it for every target and store the bytes."""
    return [
        renditions.freeze(target, rendition, desk.media)
        for target, rendition in _carried(edition, desk, at=at)
    ]


def _carried(edition: Edition, desk: Desk, *, at: datetime) -> list[tuple[str, Rendition]]:
    """Return the rendition for every target; one that cannot carry it stops the submission."""
    if missing := [target for target in edition.targets if target not in desk.channels]:
        message = f"没有发布目标 {'、'.join(missing)}"
        raise InvalidError(message, field="targets", code="unknown_target")
    plan.check(edition, channels=desk.channels, at=at)
    shaped = freeze.shape(edition, desk)
    problems = [
        (field, f"{desk.channels[one.target].label}（{one.target}）：{sentence}")
        for one in shaped
        for field, sentence in one.problems
    ]
    if problems:
        sentences = "；".join(sentence for _, sentence in problems)
        raise InvalidError(sentences, field=problems[0][0], code="unfit")
    return [(one.target, one.rendition) for one in shaped if one.rendition is not None]


def _seal(edition: Edition, frozen: list[FrozenRendition]) -> None:
    edition.renditions = frozen
    edition.manifest = freeze.manifest(edition)
    edition.digest = sha256(edition.manifest)
    edition.move(EditionState.IN_REVIEW)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a reviewer says, and the digest that they were shown when they said it."""

    stage: str
    verdict: Verdict
    digest: str
    opinion: str = ""


def review(
    session: Session,
    desk: Desk,
    edition: Edition,
    judgement: Judgement,
    *,
    by: Person,
    at: datetime,
) -> Review:
    """Give one verdict on the digest that was seen; the last approval plans the deliveries."""
    locks.item(session, edition.item_id)
    _check(edition, judgement, desk.settings.stages)
    rules.require(rules.may_review(by, edition, desk.settings.stages), code="may_not_review")
    given = Review(
        edition=edition,
        stage=judgement.stage,
        person=by,
        verdict=judgement.verdict,
        digest=judgement.digest,
        opinion=judgement.opinion.strip(),
        at=at,
    )
    session.add(given)
    label = next(s.label for s in desk.settings.stages if s.name == judgement.stage)
    text = f"{label}：{VERDICTS[judgement.verdict]}，摘要 {judgement.digest[:12]}"
    note = Note(at=at, who=by.name, verb=judgement.verdict, item_id=edition.item_id, text=text)
    notes.append(session, note)
    if judgement.verdict in AFTER:
        edition.move(AFTER[judgement.verdict])
    elif rules.open_stage(edition, desk.settings.stages) is None:
        _approve(session, desk, edition, at=at)
    return given


def _check(edition: Edition, judgement: Judgement, stages: tuple[Stage, ...]) -> None:
    if judgement.stage not in {s.name for s in stages}:
        there_are = "、".join(s.name for s in stages)
        raise InvalidError(f"没有审核环节 {judgement.stage}，可用的有：{there_are}", field="stage")
    if len(judgement.opinion) > MAX_OPINION:
        raise InvalidError(f"意见最多 {MAX_OPINION} 个字", field="opinion", code="too_long")
    if judgement.verdict != Verdict.APPROVE and not judgement.opinion.strip():
        raise InvalidError("退回或否决请写明意见", field="opinion", code="empty")
    open_stage = rules.open_stage(edition, stages)
    if open_stage is None:
        is_waiting = edition.state == EditionState.IN_REVIEW
        message = rules.STAGES_CHANGED if is_waiting else "这一稿件不在审核中"
        raise NotAllowedError(message, code="wrong_state")
    if open_stage.name != judgement.stage:
        raise NotAllowedError(f"现在轮到“{open_stage.label}”", code="not_this_stage")
    if judgement.digest != edition.digest:
        message = "您看到的不是最新的版本，请重新打开稿件，看过之后再审核"
        raise NotAllowedError(message, code="old_digest")


def _approve(session: Session, desk: Desk, edition: Edition, *, at: datetime) -> None:
    for moment, words in ((edition.not_after, "最晚发布时间"), (edition.expires_at, "结束时间")):
        if moment is not None and moment <= at:
            message = f"{words} {times.say(moment)} 已过，请退回作者修改时间"
            raise NotAllowedError(message, code="too_late")
    if gone := [name for name in edition.targets if name not in desk.channels]:
        message = f"发布目标 {'、'.join(gone)} 已不在配置中，请恢复配置，或退回作者修改"
        raise NotAllowedError(message, code="unknown_target")
    edition.move(EditionState.APPROVED)
    edition.approved_at = at
    plan.plan(
        session,
        edition,
        channels=desk.channels,
        limits=desk.settings.delivery,
        at=at,
    )
