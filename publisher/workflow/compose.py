"""Writing: drafts, edits, files. Everything that comes in is cleaned, screened and checked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from publisher.disclosure import catalogue
from publisher.documents import html
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.item import Edition, EditionFile, Item, Medium
from publisher.model.note import Note
from publisher.model.people import Person
from publisher.model.states import DeliveryState, EditionState
from publisher.model.urgency import Urgency
from publisher.schedule import display, following, late, plan, times
from publisher.storage import locks, notes
from publisher.workflow import findings, rules
from publisher.workflow.desk import Desk
from publisher.workflow.findings import Screened

MAX_TITLE = 200  # characters; outlets have narrower limits of their own
MAX_KIND = 16
MAX_LINE = 200  # characters of a one-line field
MAX_NUMBER = 64
AUDIENCES = ("public", "campus")
OVERRIDES = {"title", "summary", "publish_at"}
FINAL = {
    DeliveryState.FAILED,
    DeliveryState.MISSED,
    DeliveryState.CANCELLED,
    DeliveryState.WITHDRAWN,
    DeliveryState.EXPIRED,
}


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file of a draft: a medium that is stored already, under the name it has here."""

    digest: str
    name: str  # a picture: its name in the body's media:NAME; an attachment: what readers see
    alt: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an author asks for; moments are aware."""

    title: str
    body: str  # HTML, cleaned here
    summary: str = ""
    kind: str = "通知"
    category: str = ""
    department: str = ""
    document_number: str = ""
    issued_on: date | None = None
    audience: str = "public"
    urgency: str = Urgency.NORMAL
    targets: tuple[str, ...] = ()
    publish_at: datetime | None = None
    not_after: datetime | None = None
    expires_at: datetime | None = None
    late: str = ""  # policy; "": as configured
    display_days: int | None = None  # 公示期
    display_unit: str = "calendar"  # or "working"
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    images: tuple[NamedFile, ...] = ()
    attachments: tuple[NamedFile, ...] = ()
    remarks: tuple[str, ...] = ()
    screened: Screened | None = None  # by `screened`; None: when it is written


def screened(desk: Desk, draft: Draft, *, at: datetime) -> Draft:
    """Return the draft with its words screened. To be called before a transaction begins.

    A hundred pages take half a second, in which nobody else could write.
    """
    edition = Edition(item=Item())
    _put(edition, draft)
    return replace(draft, screened=findings.words(desk, edition, at=at))


def draft(session: Session, desk: Desk, draft: Draft, *, by: Person, at: datetime) -> Item:
    """Make a new item with its first edition."""
    rules.require(rules.may(by, "write"))
    _check(session, desk, draft, now=at)
    item = Item(created_at=at, created_by=by)
    edition = Edition(item=item, number=1, created_at=at, created_by=by)
    _fill(session, edition, desk, draft, by=by, at=at)
    session.add(item)
    session.flush()
    notes.append(session, Note(at=at, who=by.name, verb="draft", item_id=item.id))
    return item


def edit(
    session: Session, desk: Desk, item: Item, draft: Draft, *, by: Person, at: datetime
) -> Edition:
    """Change a draft in place; anything later becomes a new edition that needs new approval.

    Deliveries of the old edition that have not begun are cancelled. An item that is out, or may be,
    cannot be edited: it is withdrawn first.
    """
    locks.item(session, item.id)
    rules.require(rules.may_change(by, item))
    _check(session, desk, draft, now=at)
    edition = item.edition
    with session.no_autoflush:  # a new edition is written when it is whole
        if edition.state != EditionState.DRAFT:
            edition = _next_edition(session, item, by=by, at=at)
        elif edition.files:
            edition.files.clear()
            session.flush()  # a file may keep its name: the old row has to go first
        _fill(session, edition, desk, draft, by=by, at=at)
        item.withdrawn_at, item.withdrawn_by, item.withdrawal_reason = None, None, ""
    session.flush()
    text = f"第 {edition.number} 版"  # no title: notes stay, and it may hold a private number
    notes.append(session, Note(at=at, who=by.name, verb="edit", item_id=item.id, text=text))
    return edition


def _next_edition(session: Session, item: Item, *, by: Person, at: datetime) -> Edition:
    _stop_planned(session, item, by=by, at=at)
    old = item.edition
    old.move(EditionState.REPLACED)
    old.is_newest = False
    edition = Edition(number=old.number + 1, created_at=at, created_by=by)
    session.add(edition)
    item.editions.append(edition)
    return edition


def _stop_planned(session: Session, item: Item, *, by: Person, at: datetime) -> None:
    deliveries = locks.deliveries(session, item.id)
    if any(d.state not in FINAL and d.state != DeliveryState.PLANNED for d in deliveries):
        raise NotAllowedError(
            "这一稿件已经发出或正在发出，不能直接修改；请先撤回，再修改后重新送审",
            code="already_out",
        )
    for delivery in deliveries:
        if delivery.state in FINAL:
            delivery.let_be(at=at)
        if delivery.state == DeliveryState.PLANNED:
            delivery.cancel(at=at)
            notes.append(
                session,
                Note(
                    at=at,
                    who=by.name,
                    verb="cancel",
                    item_id=item.id,
                    delivery_id=delivery.id,
                    target=delivery.target,
                    text="稿件有了新的版次",
                ),
            )


def store(
    session: Session,
    desk: Desk,
    *,
    name: str,
    file: bytes,
    media_type: str,
    by: Person,
    at: datetime,
) -> Medium:
    """Keep a file that has been checked already; the same bytes are kept once."""
    digest = desk.media.put(file)
    medium = Medium(
        digest=digest,
        media_type=media_type,
        name=name[-255:],
        size_bytes=len(file),
        created_at=at,
        created_by_id=by.id,
    )
    return session.get(Medium, digest) or locks.first(session, medium)


def _fill(
    session: Session, edition: Edition, desk: Desk, draft: Draft, *, by: Person, at: datetime
) -> None:
    """Put a checked draft into its item and edition, with what is found in it."""
    _put(edition, draft)
    edition.editor_ids = sorted({*(edition.editor_ids or ()), by.id})
    edition.findings = findings.of(session, desk, edition, at=at, ahead=draft.screened)


def _put(edition: Edition, draft: Draft) -> None:
    item = edition.item
    item.kind, item.category, item.audience = draft.kind, draft.category, draft.audience
    item.department, item.issued_on = draft.department.strip(), draft.issued_on
    item.document_number, item.urgency = draft.document_number.strip(), draft.urgency
    edition.title = " ".join(draft.title.split())
    edition.body = html.clean(draft.body)
    edition.summary = draft.summary.strip()
    edition.targets = list(draft.targets)
    edition.overrides = {target: dict(own) for target, own in draft.overrides.items()}
    edition.publish_at, edition.not_after = draft.publish_at, draft.not_after
    edition.expires_at, edition.late = draft.expires_at, draft.late
    edition.display_days, edition.display_unit = draft.display_days, draft.display_unit
    edition.remarks = list(draft.remarks)
    edition.files = [
        *_files(draft.images, role="image"),
        *_files(draft.attachments, role="attachment"),
    ]


def _files(files: Sequence[NamedFile], *, role: str) -> list[EditionFile]:
    return [
        EditionFile(digest=file.digest, role=role, position=position, name=file.name, alt=file.alt)
        for position, file in enumerate(files)
    ]


def _check(session: Session, desk: Desk, draft: Draft, *, now: datetime) -> None:
    """Refuse what cannot be right, naming the field; nothing has been changed yet."""
    if not draft.title.strip():
        raise InvalidError("标题不能为空，请填写标题", field="title", code="empty")
    if len(draft.title) > MAX_TITLE:
        message = f"标题有 {len(draft.title)} 个字，最多 {MAX_TITLE} 个字，请缩短"
        raise InvalidError(message, field="title", code="too_long")
    if not html.plain(draft.body).strip() and not html.media_names(draft.body):
        raise InvalidError("正文不能为空，请填写正文", field="body", code="empty")
    _check_lines(draft)
    _check_choices(desk, draft)
    _check_targets(desk, draft)
    times.check_all(
        publish_at=draft.publish_at,
        overrides=draft.overrides,
        not_after=draft.not_after,
        expires_at=draft.expires_at,
        now=now,
    )
    late.check(draft.late, not_after=draft.not_after)
    _check_display(desk, draft, now=now)
    _check_files(session, draft)


def _check_lines(draft: Draft) -> None:
    if len(draft.department) > MAX_LINE:
        message = f"落款单位最多 {MAX_LINE} 个字，请缩短"
        raise InvalidError(message, field="department", code="too_long")
    if len(draft.document_number) > MAX_NUMBER:
        message = f"文号最多 {MAX_NUMBER} 个字，请缩短"
        raise InvalidError(message, field="document_number", code="too_long")
    if not draft.kind.strip() or len(draft.kind) > MAX_KIND:
        raise InvalidError(f"文种请写 1 到 {MAX_KIND} 个字", field="kind")


def _check_choices(desk: Desk, draft: Draft) -> None:
    if draft.audience not in AUDIENCES:
        raise InvalidError("公开范围只能是 public（社会）或 campus（校内）", field="audience")
    if draft.urgency not in list(Urgency):
        message = "紧急程度只能是 normal（一般）、urgent（加急）或 emergency（特急）"
        raise InvalidError(message, field="urgency")
    if draft.category and draft.category not in catalogue.items(desk.settings.disclosure_list):
        message = f"清单事项 {draft.category} 不在《高等学校信息公开事项清单》中，请写四位编号"
        raise InvalidError(message, field="category")


def _check_display(desk: Desk, draft: Draft, *, now: datetime) -> None:
    days, unit = draft.display_days, draft.display_unit
    display.check(days=days, unit=unit)
    if days is not None:
        following.check_leader(draft.targets, desk.channels)
        years = desk.settings.working_days
        earliest = display.end(draft.publish_at or now, days=days, unit=unit, years=years)
        display.check_end(earliest, draft.expires_at)


def _check_targets(desk: Desk, draft: Draft) -> None:
    there_are = "、".join(desk.channels) or "（还没有配置）"
    for place, names in (("targets", draft.targets), ("overrides", tuple(draft.overrides))):
        for name in names:
            if name not in desk.channels:
                message = f"没有发布目标 {name}，可用的有：{there_are}"
                raise InvalidError(message, field=place, code="unknown_target")
    if len(set(draft.targets)) != len(draft.targets):
        raise InvalidError("发布目标有重复，请删去一个", field="targets", code="twice")
    plan.check_ways(draft.targets, desk.channels)
    for target, own in draft.overrides.items():
        if unknown := set(own) - OVERRIDES:
            message = f"没有 {'、'.join(sorted(unknown))}，可用的有：{'、'.join(sorted(OVERRIDES))}"
            raise InvalidError(message, field=f"overrides.{target}")


def _check_files(session: Session, draft: Draft) -> None:
    for place, files in (("images", draft.images), ("attachments", draft.attachments)):
        for file in files:
            if session.get(Medium, file.digest) is None:
                message = f"文件 {file.name} 还没有上传，请先上传"
                raise InvalidError(message, field=place, code="unknown_file")
        if len({file.name for file in files}) != len(files):
            raise InvalidError("有两个文件同名，请改名后再上传", field=place, code="twice")
    there = {image.name for image in draft.images}
    for name in html.media_names(draft.body):
        if name not in there:
            raise InvalidError(
                f"正文用到的图片 {name} 没有上传", field="images", code="unknown_file"
            )
