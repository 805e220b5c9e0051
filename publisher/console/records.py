"""The record of a review, to be printed and filed."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from publisher import clock
from publisher.console.media import file_response
from publisher.console.visitor import Id, Signed
from publisher.workflow import record

router = APIRouter()


@router.get("/editions/{edition_id}/record.pdf")
def one(edition_id: Id, visitor: Signed) -> Response:
    """Give the record of an edition as a PDF."""
    made = record.make(visitor.app.desk, edition_id, by=visitor.person_id, at=clock.now())
    return file_response(made.file, media_type="application/pdf", name=made.name)
