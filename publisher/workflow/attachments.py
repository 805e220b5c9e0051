"""Attachments: checked and read before they are kept, and read again when the rules change.

Reading takes a second, and never holds the write lock. What was found is kept with the file, the
words are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.orm import Session

from publisher.documents import attachments
from publisher.documents.apart import pieces_apart
from publisher.documents.contents import Piece, UnreadableError
from publisher.model.item import Medium
from publisher.screening import POLICY, Passage, normalised, screen
from publisher.workflow.desk import Desk

MIB = 2**20
PICTURE = "是图片，程序看不到里面的字，请逐张看过，确认没有个人信息和密级标志。"
Findings = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Examined:
    """An attachment that may be kept."""

    name: str
    file: bytes
    media_type: str
    findings: Findings


def examine(desk: Desk, *, name: str, file: bytes) -> Examined:
    """Check and read an attachment; InvalidError for the field "file". No session is open."""
    limit = int(desk.settings.documents.max_attachment_mb * MIB)
    media_type = attachments.as_attachment(name, file, max_bytes=limit)
    findings = _read(desk, name=name, media_type=media_type, file=file)
    return Examined(name=name, file=file, media_type=media_type, findings=findings)


def policy(desk: Desk) -> str:
    """Return what stands for the rules of today, with the numbers that they let pass."""
    known = "\n".join(sorted(desk.settings.screening.office_numbers))
    return sha256(f"{POLICY}\n{known}".encode()).hexdigest()[:16]


def findings(session: Session, desk: Desk, digest: str) -> Findings:
    """Return what is found in an attachment by the rules of today; reads it anew where needed."""
    medium = session.get_one(Medium, digest)
    if medium.findings is None or medium.policy != policy(desk):
        file = desk.media.read(digest)
        found = _read(desk, name=medium.name, media_type=medium.media_type, file=file)
        medium.findings, medium.policy = found, policy(desk)
    return medium.findings


def _read(desk: Desk, *, name: str, media_type: str, file: bytes) -> Findings:
    try:
        pieces = pieces_apart(name, media_type, file)
    except UnreadableError as error:
        message = f"读不出内容，不能发布：{error}"
        return [{"rule": "unreadable", "action": "block", "place": "", "message": message}]
    return [*_screened(desk, pieces), *_pictures(pieces)]


def _screened(desk: Desk, pieces: Sequence[Piece]) -> Findings:
    known = desk.settings.screening.office_numbers
    return [
        {"rule": f.rule, "action": f.action, "place": f.place, "message": f.message}
        for f in screen({}, files=map(_passage, pieces), known=known)
    ]


def _passage(piece: Piece) -> Passage:
    return Passage(
        place=piece.place,
        spoken=piece.place,
        text=normalised(piece.text),
        heading=normalised(piece.heading),
        is_cell=piece.is_cell,
    )


def _pictures(pieces: Sequence[Piece]) -> Iterator[dict[str, str]]:
    for piece in pieces:
        if piece.is_picture:
            message = f"{piece.place}{PICTURE}"
            yield {"rule": "picture", "action": "warn", "place": piece.place, "message": message}
