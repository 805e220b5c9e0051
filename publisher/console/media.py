"""Files: pictures to be seen, everything else to be saved."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from publisher import clock
from publisher.console import security
from publisher.console.visitor import Posted, Signed, printable
from publisher.errors import InvalidError, NotAllowedError
from publisher.storage import queries
from publisher.workflow import intake

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


@router.post("/media")
def upload(visitor: Signed, form: Posted) -> Response:
    """Take a picture that was dropped or pasted into a text; a refusal is a sentence."""
    file = form.get("picture")
    if not isinstance(file, UploadFile) or not file.filename:
        return JSONResponse({"sentence": "请先选择一张图片"}, status_code=422)
    name, data = printable(file.filename), file.file.read()
    try:
        with visitor.acting() as (session, by):
            stored = intake.pictured(
                session, visitor.app.desk, name=name, file=data, alt="", by=by, at=clock.now()
            )
    except InvalidError as error:
        return JSONResponse({"sentence": error.message}, status_code=422)
    except NotAllowedError as error:
        return JSONResponse({"sentence": error.message}, status_code=409)
    token = security.seal_file(visitor.cookie, digest=stored.digest, name=stored.name)
    given = {"token": token, "name": stored.name, "address": f"/media/{stored.digest}"}
    return JSONResponse(given, status_code=201)


def file_response(file: bytes, *, media_type: str, name: str) -> Response:
    """Return a file that can do nothing here, whatever is in it."""
    how = "inline" if media_type in SEEN else "attachment"
    named = f"{how}; filename*=UTF-8''{quote(name or 'file', safe='')}"
    headers = {"Content-Disposition": named, "Content-Security-Policy": POLICY}
    return Response(file, media_type=media_type, headers=headers)
