"""Files on their way in: a notice becomes a draft, a picture or attachment becomes a medium."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from publisher import documents
from publisher.documents import pictures
from publisher.errors import InvalidError
from publisher.model.people import Person
from publisher.workflow import attachments, compose, rules
from publisher.workflow.attachments import Examined
from publisher.workflow.compose import Draft, NamedFile
from publisher.workflow.desk import Desk

MIB = 2**20


def imported(
    session: Session, desk: Desk, *, name: str, file: bytes, by: Person, at: datetime
) -> Draft:
    """Read a Word, Markdown, HTML or text file and return it as a draft without targets.

    Its pictures are stored. A file that cannot be read is an InvalidError of the field "file".
    """
    rules.require(rules.may(by, "write"))
    limit = int(desk.settings.documents.max_word_mb * MIB)
    read = documents.read(name, file, max_bytes=limit)
    images = []
    for image in read.images:
        medium = compose.store(
            session, desk, name=image.name, file=image.file, media_type=image.media_type,
            by=by, at=at,
        )  # fmt: skip
        images.append(NamedFile(digest=medium.digest, name=image.name, alt=image.alt))
    return Draft(
        title=read.title,
        body=read.body,
        summary=read.summary,
        kind=read.kind,
        department=read.department,
        document_number=read.document_number,
        issued_on=read.issued_on,
        audience=read.audience,
        urgency=read.urgency,
        images=tuple(images),
        remarks=read.remarks,
    )


def attached(
    session: Session, desk: Desk, examined: Examined, *, by: Person, at: datetime
) -> NamedFile:
    """Store an attachment with what was found in it."""
    rules.require(rules.may(by, "write"))
    medium = compose.store(
        session, desk, name=examined.name, file=examined.file, media_type=examined.media_type,
        by=by, at=at,
    )  # fmt: skip
    medium.findings, medium.policy = examined.findings, attachments.policy(desk)
    return NamedFile(digest=medium.digest, name=examined.name)


def pictured(
    session: Session, desk: Desk, *, name: str, file: bytes, alt: str, by: Person, at: datetime
) -> NamedFile:
    """Check and store a picture; the body shows it as `media:` and the name returned."""
    rules.require(rules.may(by, "write"))
    limit = int(desk.settings.documents.max_picture_mb * MIB)
    safe, media_type = pictures.as_upload(name, file, max_bytes=limit)
    medium = compose.store(session, desk, name=name, file=safe, media_type=media_type, by=by, at=at)
    suffix = "png" if media_type == "image/png" else "jpg"
    return NamedFile(digest=medium.digest, name=f"{medium.digest[:32]}.{suffix}", alt=alt.strip())


def screenshot(
    session: Session, desk: Desk, *, name: str, file: bytes, by: Person, at: datetime
) -> str:
    """Check and store what a person saw at an outlet; return its digest.

    Who may settle a delivery may show how they know; that is asked where it is settled.
    """
    limit = int(desk.settings.documents.max_picture_mb * MIB)
    try:
        safe, media_type = pictures.as_upload(name, file, max_bytes=limit)
    except InvalidError as error:
        raise InvalidError(error.message, field="picture", code=error.code) from error
    medium = compose.store(session, desk, name=name, file=safe, media_type=media_type, by=by, at=at)
    return medium.digest
