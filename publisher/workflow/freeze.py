"""From an edition to the bytes that are approved and sent, and the digest that names them all."""

from __future__ import annotations

import dataclasses
import traceback
from dataclasses import dataclass
from datetime import datetime

import structlog

from publisher.channel import Attachment, Content, Image, Links, Rendition
from publisher.disclosure import catalogue
from publisher.errors import UnfitError
from publisher.model.canonical import canonical
from publisher.model.item import Edition, EditionFile
from publisher.storage.media import MediaStore
from publisher.storage.renditions import sealed
from publisher.workflow.desk import Desk

log = structlog.get_logger()

BROKEN = "这个渠道的稿件生成出错，请暂时不选它，并把日志交给维护人员"


@dataclass(frozen=True, kw_only=True)
class Shaped:
    """What one target will show: the rendition, or the sentences why it cannot."""

    target: str
    rendition: Rendition | None
    problems: tuple[tuple[str, str], ...] = ()  # (field, sentence)


def shape(edition: Edition, desk: Desk) -> list[Shaped]:
    """Render an edition for each of its targets, in their order. No network, nothing is written."""
    content = content_of(edition, desk)
    link = _link(edition, content, desk)
    return [
        _shaped(target, _for_target(content, edition, target, link), desk)
        for target in edition.targets
        if target in desk.channels
    ]


def content_of(edition: Edition, desk: Desk) -> Content:
    """Return the words and files of an edition, as channels take them."""
    item = edition.item
    listed = catalogue.items(desk.settings.disclosure_list).get(item.category)
    series = catalogue.series(
        college_code=desk.settings.college.code, category=item.category, year=item.created_at.year
    )
    return Content(
        title=edition.title,
        body=edition.body,
        summary=edition.summary,
        kind=item.kind,
        category=item.category,
        category_name=listed.category if listed else "",
        department=item.department,
        document_number=item.document_number,
        index_number=item.index_number or catalogue.index_number(series, 0),
        issued_on=item.issued_on,
        audience=item.audience,
        publish_at=edition.publish_at,
        expires_at=edition.expires_at,
        images=tuple(_image(file, desk.media) for file in edition.files if file.role == "image"),
        attachments=tuple(
            _attachment(file, desk.media) for file in edition.files if file.role == "attachment"
        ),
    )


def _image(file: EditionFile, media: MediaStore) -> Image:
    return Image(
        name=file.name,
        file=media.read(file.digest),
        media_type=file.medium.media_type,
        alt=file.alt,
    )


def _attachment(file: EditionFile, media: MediaStore) -> Attachment:
    return Attachment(
        name=file.name, file=media.read(file.digest), media_type=file.medium.media_type
    )


def _link(edition: Edition, content: Content, desk: Desk) -> str:
    """Return the address of the full text: that of the first target that knows it beforehand."""
    for target in edition.targets:
        channel = desk.channels.get(target)
        if isinstance(channel, Links):
            return channel.link(content)
    return ""


def _for_target(content: Content, edition: Edition, target: str, link: str) -> Content:
    own = edition.overrides.get(target, {})
    return dataclasses.replace(
        content,
        link=link,
        title=own.get("title") or content.title,
        summary=own.get("summary") or content.summary,
    )


def _shaped(target: str, content: Content, desk: Desk) -> Shaped:
    try:
        return Shaped(target=target, rendition=desk.channels[target].render(content))
    except UnfitError as error:
        return Shaped(target=target, rendition=None, problems=((error.field, str(error)),))
    except Exception:  # noqa: BLE001  # a bug in one channel must not take the others' previews
        log.error("a channel cannot render", target=target, traceback=traceback.format_exc())
        return Shaped(target=target, rendition=None, problems=(("targets", BROKEN),))


def manifest(edition: Edition) -> str:
    """Return everything an approval is about, as canonical JSON; its SHA-256 is the digest."""
    return canonical(
        {
            "wording": wording(edition),
            "review": {"risk": edition.risk, "chain": edition.chain},
            "renditions": {frozen.target: sealed(frozen) for frozen in edition.renditions},
        }
    )


def wording(edition: Edition) -> dict[str, object]:
    """Return all that people wrote or chose, before any channel has shaped it."""
    item = edition.item
    return {
        "title": edition.title,
        "body": edition.body,
        "summary": edition.summary,
        "kind": item.kind,
        "category": item.category,
        "department": item.department,
        "document_number": item.document_number,
        "index_number": item.index_number,
        "issued_on": item.issued_on.isoformat() if item.issued_on else None,
        "audience": item.audience,
        "urgency": item.urgency,
        "targets": edition.targets,
        "overrides": edition.overrides,
        "publish_at": _iso(edition.publish_at),
        "not_after": _iso(edition.not_after),
        "expires_at": _iso(edition.expires_at),
        "late": edition.late,
        "display_days": edition.display_days,
        "display_unit": edition.display_unit,
        "files": [
            {"role": file.role, "name": file.name, "alt": file.alt, "digest": file.digest}
            for file in edition.files
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
