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
from publisher.model.urgency import Urgency
from publisher.model.words import VERDICTS
from publisher.schedule import display, plan, times
from publisher.settings import Stage
from publisher.storage import locks, notes, renditions
from publisher.workflow import freeze, rules, withdraw
from publisher.workflow.desk import Desk

AFTER = {
    Verdict.SEND_BACK: EditionState.SENT_BACK,
    Verdict.REJECT: EditionState.REJECTED,
}
MAX_OPINION = 2000  # characters
OLD_DIGEST = "您看到的不是最新的版本，请重新打开稿件，看过之后再审核"
NOT_PASSED = "事后审核未通过"  # readers see it


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
        _seal(edition, frozen, desk)
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


def _check_display(edition: Edition, desk: Desk, *, at: datetime) -> None:
    """Refuse a display that is shorter than the kind of the notice must have."""
    display.check_least(
        desk.settings.kinds.of(edition.item.kind, edition.title),
        days=edition.display_days,
        unit=edition.display_unit,
        expires_at=edition.expires_at,
        begins_at=edition.publish_at or at,
        years=desk.settings.working_days,
    )


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
    _check_display(edition, desk, at=at)
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


def _seal(edition: Edition, frozen: list[FrozenRendition], desk: Desk) -> None:
    edition.renditions = frozen
    edition.risk = risk_of(edition, desk)
    edition.chain = list(desk.settings.reviewing.chain(edition.risk))
    edition.manifest = freeze.manifest(edition)
    edition.digest = sha256(edition.manifest)
    edition.move(EditionState.IN_REVIEW)


def risk_of(edition: Edition, desk: Desk) -> str:
    """Return the class of risk of an edition: of an emergency, or else of its kind."""
    if edition.item.urgency == Urgency.EMERGENCY:
        return "emergency"
    return desk.settings.kinds.of(edition.item.kind, edition.title).risk


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
    stage = next(s for s in desk.settings.stages if s.name == judgement.stage)
    given = _give(session, edition, judgement, stage=stage, by=by, at=at)
    if edition.expedited_at is not None:
        _later(session, desk, edition, judgement, by=by, at=at)
    elif judgement.verdict in AFTER:
        edition.move(AFTER[judgement.verdict])
    elif rules.is_through(edition, desk.settings.stages):
        edition.reviewed_at = at
        _approve(session, desk, edition, at=at)
    return given


def _give(
    session: Session,
    edition: Edition,
    judgement: Judgement,
    *,
    stage: Stage,
    by: Person,
    at: datetime,
) -> Review:
    given = Review(
        edition=edition,
        stage=stage.name,
        person=by,
        verdict=judgement.verdict,
        digest=judgement.digest,
        opinion=judgement.opinion.strip(),
        at=at,
    )
    session.add(given)
    later = "（事后补审）" if edition.expedited_at is not None else ""
    text = f"{stage.label}{later}：{VERDICTS[judgement.verdict]}，摘要 {judgement.digest[:12]}"
    note = Note(at=at, who=by.name, verb=judgement.verdict, item_id=edition.item_id, text=text)
    notes.append(session, note)
    return given


def _later(
    session: Session,
    desk: Desk,
    edition: Edition,
    judgement: Judgement,
    *,
    by: Person,
    at: datetime,
) -> None:
    """Take a verdict on what is out already: a rejection takes it back everywhere."""
    if judgement.verdict == Verdict.REJECT:
        edition.reviewed_at = at
        withdraw.take_all_back(
            session, desk, edition.item, reason=NOT_PASSED, note=judgement.opinion, by=by, at=at
        )
    elif rules.is_through(edition, desk.settings.stages):
        edition.reviewed_at = at


def expedite(
    session: Session,
    desk: Desk,
    edition: Edition,
    *,
    digest: str,
    reason: str,
    by: Person,
    at: datetime,
) -> Review:
    """Let an emergency out on one senior approval; the stages that are missing review it later.

    Source: colleges keep a fast path for emergencies, with the review made up afterwards
    (应急信息先发后审); which role decides is in config/review.toml.
    """
    locks.item(session, edition.item_id)
    reviewing = desk.settings.reviewing
    rules.require(rules.may_expedite(by, edition, reviewing), code="may_not_expedite")
    stage = rules.senior_stage(by, edition, reviewing)
    if not reason.strip() or len(reason) > MAX_OPINION:
        message = f"请写明为什么要先发，最多 {MAX_OPINION} 个字"
        code = "too_long" if reason.strip() else "empty"
        raise InvalidError(message, field="reason", code=code)
    if stage is None or digest != edition.digest:
        raise NotAllowedError(OLD_DIGEST, code="old_digest")
    said = Judgement(stage=stage.name, verdict=Verdict.APPROVE, digest=digest, opinion=reason)
    given = _give(session, edition, said, stage=stage, by=by, at=at)
    edition.expedited_at, edition.expedited_by = at, by
    edition.expedited_because = reason.strip()
    note = Note(at=at, who=by.name, verb="expedite", item_id=edition.item_id, text=reason.strip())
    notes.append(session, note)
    _approve(session, desk, edition, at=at)
    if rules.is_through(edition, reviewing.stages):
        edition.reviewed_at = at
    return given


def _check(edition: Edition, judgement: Judgement, stages: tuple[Stage, ...]) -> None:
    if judgement.stage not in {s.name for s in stages}:
        there_are = "、".join(s.name for s in stages)
        raise InvalidError(f"没有审核环节 {judgement.stage}，可用的有：{there_are}", field="stage")
    if len(judgement.opinion) > MAX_OPINION:
        raise InvalidError(f"意见最多 {MAX_OPINION} 个字", field="opinion", code="too_long")
    if judgement.verdict != Verdict.APPROVE and not judgement.opinion.strip():
        raise InvalidError("退回或否决请写明意见", field="opinion", code="empty")
    if judgement.verdict == Verdict.SEND_BACK and edition.expedited_at is not None:
        message = "已经先行发布，不能退回；请通过，或者否决（会从各渠道撤回）"
        raise NotAllowedError(message, code="is_out")
    open_stage = rules.open_stage(edition, stages)
    if open_stage is None:
        message = rules.STAGES_CHANGED if edition.awaits_verdicts else "这一稿件不在审核中"
        raise NotAllowedError(message, code="wrong_state")
    if open_stage.name != judgement.stage:
        raise NotAllowedError(f"现在轮到“{open_stage.label}”", code="not_this_stage")
    if judgement.digest != edition.digest:
        raise NotAllowedError(OLD_DIGEST, code="old_digest")


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
