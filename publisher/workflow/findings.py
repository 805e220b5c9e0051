"""What is found in an edition before a person is asked: in its words and in its attachments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy.orm import Session

from publisher.channel import CAMPUS_TIME
from publisher.model.canonical import canonical, sha256
from publisher.model.item import Edition, EditionFile
from publisher.screening import screen
from publisher.screening.wording import Notice, patrol
from publisher.workflow import attachments
from publisher.workflow.attachments import Findings
from publisher.workflow.desk import Desk

GRAVEST_FIRST = ("block", "warn", "inform")


@dataclass(frozen=True, kw_only=True)
class Screened:
    """What was found in the words of a notice, and what stands for exactly these words."""

    key: str
    findings: Findings


def of(
    session: Session,
    desk: Desk,
    edition: Edition,
    *,
    at: datetime,
    ahead: Screened | None = None,
) -> Findings:
    """Return the findings, as the edition keeps them; `at` says which dates are past.

    `ahead` saves reading the words while the write lock is held; where it is about other words,
    another day or other rules, they are read anew.
    """
    if ahead is None or ahead.key != _key(desk, edition, at=at):
        ahead = words(desk, edition, at=at)
    found_in_all = [*ahead.findings, *_beside(session, desk, edition)]
    return sorted(found_in_all, key=lambda one: GRAVEST_FIRST.index(one["action"]))


def words(desk: Desk, edition: Edition, *, at: datetime) -> Screened:
    """Return what is found in the words of an edition, which need not be stored yet."""
    known = desk.settings.screening.office_numbers
    found = (*screen(_fields(edition), known=known), *patrol(_notice(edition, desk, at=at)))
    inside = [
        {"rule": f.rule, "action": f.action, "place": f.place, "message": f.message} for f in found
    ]
    return Screened(key=_key(desk, edition, at=at), findings=inside)


def _key(desk: Desk, edition: Edition, *, at: datetime) -> str:
    notice = _notice(edition, desk, at=at)
    asked: dict[str, object] = {one.name: str(getattr(notice, one.name)) for one in fields(notice)}
    asked |= {"fields": _fields(edition), "policy": attachments.policy(desk)}
    return sha256(canonical(asked))


def _fields(edition: Edition) -> dict[str, str]:
    """Return every text that somebody might read, by its place."""
    texts = {
        "title": edition.title,
        "body": edition.body,
        "summary": edition.summary,
        "department": edition.item.department,
        "document_number": edition.item.document_number,
        "kind": edition.item.kind,
    }
    for number, file in enumerate(_files(edition, role="image")):
        texts[f"images[{number}].alt"] = file.alt
    for number, file in enumerate(_files(edition, role="attachment")):
        texts[f"attachments[{number}].name"] = file.name
    for target, own in edition.overrides.items():
        for key in ("title", "summary"):
            texts[f"overrides.{target}.{key}"] = str(own.get(key) or "")
    return {place: text for place, text in texts.items() if text}


def _files(edition: Edition, *, role: str) -> list[EditionFile]:
    return [file for file in edition.files if file.role == role]


def _notice(edition: Edition, desk: Desk, *, at: datetime) -> Notice:
    return Notice(
        title=edition.title,
        body=edition.body,
        kind=edition.item.kind,
        attachments=tuple(file.name for file in _files(edition, role="attachment")),
        issued_on=edition.item.issued_on,
        today=at.astimezone(CAMPUS_TIME).date(),
        needs_contact=desk.settings.kinds.of(edition.item.kind, edition.title).needs_contact,
    )


def _beside(session: Session, desk: Desk, edition: Edition) -> Iterator[dict[str, str]]:
    """Tell what was found in the attachments, each by the name that readers see."""
    for number, file in enumerate(_files(edition, role="attachment")):
        for found in attachments.findings(session, desk, file.digest):
            yield found | {
                "place": f"attachments[{number}] {found['place']}".strip(),
                "message": f"附件“{file.name}”{found['message']}",
            }
