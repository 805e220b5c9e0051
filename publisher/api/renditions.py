"""What each target will show: the frozen bytes, or those a draft would have now."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from publisher.api import fields
from publisher.api.people import Called, Caller
from publisher.channel import Rendition
from publisher.errors import NotFoundError
from publisher.model.item import Edition
from publisher.storage import queries, renditions
from publisher.workflow import freeze

router = APIRouter(tags=["渠道稿"], default_response_class=Response)

# Words of an author below our own address: no script, no form, no foreign host.
POLICY = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"


@router.get("/items/{item_id}/renditions/{target}", summary="渠道稿")
def one(item_id: fields.Id, target: str, caller: Called) -> Response:
    """Give the bytes that one target gets; `media:NAME` in them stands for `parts/NAME`."""
    found = _rendition(caller, item_id, target)
    return _sandboxed(found.body, found.media_type)


@router.get("/items/{item_id}/renditions/{target}/parts/{name}", summary="渠道稿的图片和附件")
def part(item_id: fields.Id, target: str, name: str, caller: Called) -> Response:
    """Give a file that travels beside a rendition."""
    parts = {part.name: part for part in _rendition(caller, item_id, target).parts}
    if name not in parts:
        raise NotFoundError(f"{target} 的渠道稿里没有文件 {name}")
    return _sandboxed(parts[name].file, parts[name].media_type)


def _rendition(caller: Caller, item_id: int, target: str) -> Rendition:
    with caller.app.database.reads() as session:
        edition = queries.item(session, item_id).edition
        found = (_shaped if edition.digest is None else _frozen)(edition, target, caller)
    if found is None:
        raise NotFoundError(f"稿件 {item_id} 没有给 {target} 的渠道稿")
    return found


def _shaped(edition: Edition, target: str, caller: Caller) -> Rendition | None:
    shaped = freeze.shape(edition, caller.app.desk)
    return next((one.rendition for one in shaped if one.target == target), None)


def _frozen(edition: Edition, target: str, caller: Caller) -> Rendition | None:
    frozen = next((one for one in edition.renditions if one.target == target), None)
    return renditions.thaw(frozen, caller.app.media) if frozen else None


def _sandboxed(file: bytes, media_type: str) -> Response:
    return Response(file, media_type=media_type, headers={"Content-Security-Policy": POLICY})
