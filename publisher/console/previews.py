"""What each target will show: the frozen bytes, or those that a draft would have now."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from publisher.channel import Rendition
from publisher.console import pages
from publisher.console.media import file_response
from publisher.console.visitor import Id, Look, Signed
from publisher.errors import NotFoundError, PublisherError
from publisher.model.canonical import canonical, sha256
from publisher.model.item import Edition, FrozenRendition
from publisher.storage import queries, renditions
from publisher.workflow import freeze
from publisher.workflow.desk import Desk
from publisher.workflow.freeze import Shaped

router = APIRouter()

KEPT_SHAPES = 8  # drafts; each may hold a picture for every target
# Words of an author in a frame of ours: no script, no form, no foreign host. Of our own origin, so
# that its pictures are asked for with the session cookie.
POLICY = (
    "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'"
)
_NAMED = re.compile(r"""(?<=["'(])media:([A-Za-z0-9][A-Za-z0-9._-]*)""")


@dataclass(frozen=True, kw_only=True)
class PartShown:
    """A file that travels beside a rendition."""

    name: str
    label: str
    media_type: str
    url: str

    @property
    def is_picture(self) -> bool:
        """Whether a browser shows it as a picture."""
        return self.media_type.startswith("image/")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One rendition on a page; `media_type` is empty where there is none."""

    target: str
    label: str
    url: str  # of the bytes; "…/document" shows them as a page
    media_type: str = ""
    title: str = ""
    text: str = ""  # of a rendition that is text
    parts: tuple[PartShown, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    problems: tuple[tuple[str, str], ...] = ()  # (field, sentence)


class Shapes:
    """The last drafts that were shaped; shaping takes a second, and each preview asks for it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, list[Shaped]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, edition: Edition, desk: Desk) -> list[Shaped]:
        """Return what each target makes of a draft."""
        wording = {"edition": edition.id, "wording": freeze.wording(edition)}
        key = sha256(canonical(wording))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        shaped = freeze.shape(edition, desk)
        with self._lock:
            self._kept[key] = shaped
            while len(self._kept) > KEPT_SHAPES:
                self._kept.popitem(last=False)
        return shaped


def of(look: Look, edition: Edition, shapes: Shapes) -> list[Preview]:
    """Return the previews of an edition in the order of its targets."""
    if edition.digest is not None:
        return [_of_frozen(look, frozen) for frozen in edition.renditions]
    try:
        shaped = shapes.of(edition, look.app.desk)
    except PublisherError as error:  # a picture that is not in the store any more
        return [_broken(look, edition, target, error) for target in edition.targets]
    return [_of_shaped(look, edition, one) for one in shaped]


def _broken(look: Look, edition: Edition, target: str, error: PublisherError) -> Preview:
    return Preview(
        target=target,
        label=look.label(target),
        url=_draft_url(edition.id, target),
        problems=(("images", str(error)),),
    )


def _of_shaped(look: Look, edition: Edition, shaped: Shaped) -> Preview:
    url = _draft_url(edition.id, shaped.target)
    label, rendition = look.label(shaped.target), shaped.rendition
    if rendition is None:
        return Preview(target=shaped.target, label=label, url=url, problems=shaped.problems)
    return Preview(
        target=shaped.target,
        label=label,
        url=url,
        media_type=rendition.media_type,
        title=rendition.title,
        text=_text(rendition.media_type, rendition.body),
        parts=tuple(
            _part(url, name=part.name, label=part.label, media_type=part.media_type)
            for part in rendition.parts
        ),
        facts=tuple(rendition.facts.items()),
        problems=shaped.problems,
    )


def _of_frozen(look: Look, frozen: FrozenRendition) -> Preview:
    url, text = f"/renditions/{frozen.id}", ""
    problems: tuple[tuple[str, str], ...] = ()
    try:
        if frozen.media_type == "text/plain":
            text = _text(frozen.media_type, look.app.media.read(frozen.body_digest))
    except PublisherError as error:
        problems = (("", str(error)),)
    return Preview(
        target=frozen.target,
        label=look.label(frozen.target),
        url=url,
        media_type=frozen.media_type,
        title=frozen.title,
        text=text,
        parts=tuple(
            _part(url, name=part["name"], label=part["label"], media_type=part["media_type"])
            for part in frozen.parts
        ),
        facts=tuple(frozen.facts.items()),
        problems=problems,
    )


def _text(media_type: str, body: bytes) -> str:
    return body.decode("utf-8", "replace") if media_type == "text/plain" else ""


def _part(url: str, *, name: str, label: str, media_type: str) -> PartShown:
    return PartShown(
        name=name,
        label=label or name,
        media_type=media_type,
        url=f"{url}/parts/{quote(name, safe='')}",
    )


def _draft_url(edition_id: int, target: str) -> str:
    return f"/editions/{edition_id}/previews/{target}"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A rendition, and the address it is shown at."""

    rendition: Rendition
    url: str


def _frozen(rendition_id: Id, visitor: Signed) -> Shown:
    with visitor.looking() as look:
        frozen = queries.rendition(look.session, rendition_id)
        thawed = renditions.thaw(frozen, look.app.media)
    return Shown(rendition=thawed, url=f"/renditions/{rendition_id}")


def _draft(edition_id: Id, target: str, visitor: Signed, request: Request) -> Shown:
    shapes: Shapes = request.app.state.shapes
    with visitor.looking() as look:
        shaped = shapes.of(queries.edition(look.session, edition_id), look.app.desk)
    for one in shaped:
        if one.target == target and one.rendition is not None:
            return Shown(rendition=one.rendition, url=_draft_url(edition_id, target))
    raise NotFoundError(f"这一版没有给 {target} 的渠道稿")


OfRendition = Annotated[Shown, Depends(_frozen)]
OfDraft = Annotated[Shown, Depends(_draft)]


@router.get("/renditions/{rendition_id}")
def body(shown: OfRendition) -> Response:
    """Give the frozen bytes."""
    return _bytes(shown)


@router.get("/renditions/{rendition_id}/document")
def document(shown: OfRendition) -> Response:
    """Show the frozen bytes as a page."""
    return _document(shown)


@router.get("/renditions/{rendition_id}/parts/{name}")
def part(name: str, shown: OfRendition) -> Response:
    """Give a file that travels beside the frozen bytes."""
    return _file(shown, name)


@router.get("/editions/{edition_id}/previews/{target}")
def draft_body(shown: OfDraft) -> Response:
    """Give the bytes that a draft would have now."""
    return _bytes(shown)


@router.get("/editions/{edition_id}/previews/{target}/document")
def draft_document(shown: OfDraft) -> Response:
    """Show the bytes that a draft would have now as a page."""
    return _document(shown)


@router.get("/editions/{edition_id}/previews/{target}/parts/{name}")
def draft_part(name: str, shown: OfDraft) -> Response:
    """Give a file that travels beside the bytes of a draft."""
    return _file(shown, name)


def _bytes(shown: Shown) -> Response:
    rendition = shown.rendition
    return file_response(rendition.body, media_type=rendition.media_type, name=rendition.title)


def _file(shown: Shown, name: str) -> Response:
    for part in shown.rendition.parts:
        if part.name == name:
            label = part.label if "." in part.label else part.name
            return file_response(part.file, media_type=part.media_type, name=label)
    raise NotFoundError(f"渠道稿里没有文件 {name}")


def _document(shown: Shown) -> HTMLResponse:
    """Return the words as they are, their `media:NAME` turned to addresses."""
    names = {part.name for part in shown.rendition.parts}

    def addressed(found: re.Match[str]) -> str:
        name = found[1]
        return f"{shown.url}/parts/{quote(name)}" if name in names else found[0]

    words = _NAMED.sub(addressed, shown.rendition.body.decode("utf-8", "replace"))
    answer = pages.page("document.html", title=shown.rendition.title, words=words)
    answer.headers["Content-Security-Policy"] = POLICY
    return answer
