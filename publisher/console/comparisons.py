"""Two editions of an item side by side: what the newer one changed."""

from __future__ import annotations

import html
import re
from typing import Annotated

from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.responses import Response

from publisher.console.visitor import MAX_ID, Id, Signed
from publisher.errors import NotFoundError
from publisher.model.item import Edition, Item
from publisher.storage import queries
from publisher.workflow import changes

router = APIRouter()

_PICTURE = re.compile(r'src="media:([^"]*)"')


@router.get("/items/{item_id}/comparison")
def one(
    item_id: Id,
    visitor: Signed,
    old: Annotated[int | None, Query(alias="from", ge=1, le=MAX_ID)] = None,
    new: Annotated[int | None, Query(alias="to", ge=1, le=MAX_ID)] = None,
) -> Response:
    """Show what changed between two editions: the newest and the one before, unless told."""
    with visitor.looking() as look:
        item = queries.item(look.session, item_id)
        later = _numbered(item, new or item.edition.number)
        earlier = _numbered(item, old) if old else changes.before(later)
        found = changes.between(earlier, later, label=look.label) if earlier else None
        return look.page(
            "items/comparison.html",
            item=item,
            earlier=earlier,
            later=later,
            changes=found,
            title=Markup(found.title) if found else "",  # by the comparison, escaped
            body=_shown(found.body, earlier, later) if found and earlier else "",
        )


def _numbered(item: Item, number: int) -> Edition:
    found = next((one for one in item.editions if one.number == number), None)
    if found is None:
        raise NotFoundError(f"稿件 {item.id} 没有第 {number} 版")
    return found


def _shown(body: str, earlier: Edition, later: Edition) -> Markup:
    """Return a compared body with its pictures where the console serves them."""
    digests = {file.name: file.digest for one in (earlier, later) for file in one.files}

    def address(found: re.Match[str]) -> str:
        return f'src="/media/{digests.get(html.unescape(found[1]), "")}"'

    return Markup(_PICTURE.sub(address, body))  # clean bodies, compared
