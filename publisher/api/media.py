"""Pictures and attachments, uploaded before the item that uses them."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session

from publisher import clock
from publisher.api import answers, shapes
from publisher.api.people import Called
from publisher.documents import pictures
from publisher.model.item import Medium
from publisher.workflow import attachments, intake
from publisher.workflow.compose import NamedFile

router = APIRouter(tags=["文件"])

PICTURES = {ending for endings in pictures.FORMATS.values() for ending in endings}


@router.post("/media", status_code=201, summary="上传图片或附件")
def store(
    asked: Annotated[shapes.MediaForm, Form(media_type="multipart/form-data")], caller: Called
) -> answers.Medium:
    """Check and keep a file; the same bytes are kept once."""
    at, desk = clock.now(), caller.app.desk
    name, file = asked.file.filename or "", asked.file.file.read()
    is_picture = (asked.role or _role(name)) == "image"
    examined = None if is_picture else attachments.examine(desk, name=name, file=file)
    with caller.acting() as (session, by):
        if examined is None:
            stored = intake.pictured(
                session, desk, name=name, file=file, alt=asked.alt, by=by, at=at
            )
        else:
            stored = intake.attached(session, desk, examined, by=by, at=at)
        return _told(session, stored)


def _role(name: str) -> str:
    return "image" if PurePath(name).suffix.lower() in PICTURES else "attachment"


def _told(session: Session, stored: NamedFile) -> answers.Medium:
    medium = session.get_one(Medium, stored.digest)
    return answers.Medium(
        digest=stored.digest,
        name=stored.name,
        alt=stored.alt,
        media_type=medium.media_type,
        size_bytes=medium.size_bytes,
    )
