"""The record of a review, to be printed and filed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from publisher import clock
from publisher.api import fields
from publisher.api.people import Called
from publisher.storage import records
from publisher.workflow import record

router = APIRouter(tags=["稿件"], default_response_class=Response)
Number = Annotated[
    int | None, Query(ge=1, le=fields.MAX_ID, description="第几版，空为最后提交的那一版")
]


@router.get("/items/{item_id}/record.pdf", summary="审核记录（PDF）")
def one(item_id: fields.Id, caller: Called, edition: Number = None) -> Response:
    """Give the record of an edition, the newest submitted one unless another is named."""
    with caller.app.database.reads() as session:
        edition_id = records.edition_id(session, item_id, edition)
    made = record.make(caller.app.desk, edition_id, by=caller.person_id, at=clock.now())
    return Response(made.file, media_type="application/pdf")
