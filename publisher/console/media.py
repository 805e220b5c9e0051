"""Files: pictures to be seen, everything else to be saved."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from publisher.console.visitor import Signed
from publisher.storage import queries

router = APIRouter()

SEEN = {"image/png", "image/jpeg"}  # in the browser; neither can hold a script
POLICY = "sandbox; default-src 'none'; frame-ancestors 'self'"


@router.get("/media/{digest}")
def medium(digest: str, visitor: Signed) -> Response:
    """Give an uploaded file."""
    with visitor.looking() as look:
        found = queries.medium(look.session, digest)
    file = visitor.app.media.read(found.digest)
    return file_response(file, media_type=found.media_type, name=found.name)


def file_response(file: bytes, *, media_type: str, name: str) -> Response:
    """Return a file that can do nothing here, whatever is in it."""
    how = "inline" if media_type in SEEN else "attachment"
    named = f"{how}; filename*=UTF-8''{quote(name or 'file', safe='')}"
    headers = {"Content-Disposition": named, "Content-Security-Policy": POLICY}
    return Response(file, media_type=media_type, headers=headers)
