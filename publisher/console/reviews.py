"""Reviews: what waits, and the page on which a verdict is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.channel import Previews
from publisher.console import previews
from publisher.console.items import Drafts
from publisher.console.previews import Shapes
from publisher.console.visitor import Id, Look, Posted, Signed, text_of
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.item import Edition
from publisher.model.review import Verdict
from publisher.model.states import EditionState
from publisher.settings import RISKS
from publisher.storage import queries
from publisher.workflow import digest, review, rules
from publisher.workflow import phone as phones
from publisher.workflow.review import Judgement

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Phone:
    """What was typed as the name of a person on the outlet, and what is wrong with it."""

    to: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Early:
    """What was typed as the reason to let an emergency out early, and what is wrong with it."""

    reason: str = ""
    fault: str = ""


@router.get("/reviews")
def listed(visitor: Signed) -> Response:
    """List what is in review: first what waits for this person."""
    with visitor.looking() as look:
        mine = look.waiting
        others = [e for e in look.in_review if e not in mine]
        stages = look.app.settings.stages
        return look.page(
            "reviews/list.html",
            mine=mine,
            others=[(e, rules.may_review(look.person, e, stages)) for e in others],
            turn={e.id: rules.open_stage(e, stages) for e in [*mine, *others]},
        )


@router.get("/editions/{edition_id}/review")
def one(edition_id: Id, visitor: Signed, shapes: Drafts) -> Response:
    """Show what was frozen, and ask for a verdict."""
    with visitor.looking() as look:
        return _page(look, edition_id, shapes)


def _page(
    look: Look,
    edition_id: int,
    shapes: Shapes,
    *,
    status: int = 200,
    banner: str = "",
    fault: str = "",
    typed: Judgement | None = None,
    beside: Phone | Early | None = None,
) -> Response:
    edition = queries.edition(look.session, edition_id)
    stages = look.app.settings.stages
    facts: dict[str, Any] = {
        "edition": edition,
        "item": edition.item,
        "stages": rules.chain(edition, stages),
        "risk": RISKS.get(edition.risk, ""),
        "expedite": rules.may_expedite(look.person, edition, look.app.settings.reviewing),
        "later_h": look.app.settings.reviewing.fast_path.later_h,
        "open_stage": rules.open_stage(edition, stages),
        "reason": rules.may_review(look.person, edition, stages),
        "previews": previews.of(look, edition, shapes),
        "phones": _phones(look, edition),
        "displaces": digest.displaced(look.session, look.app.desk, edition, at=look.now)
        if edition.state == EditionState.IN_REVIEW
        else "",
    }
    return look.page(
        "reviews/page.html",
        status=status,
        banner=banner,
        fault=fault,
        opinion=typed.opinion if typed else "",
        verdict=typed.verdict if typed else "",
        most=review.MAX_OPINION,
        phone=beside if isinstance(beside, Phone) else Phone(),
        early=beside if isinstance(beside, Early) else Early(),
        **facts,
    )


def _phones(look: Look, edition: Edition) -> dict[str, int]:
    """Return the renditions that can be shown on a phone, by target, for those who may ask."""
    if phones.may_preview(look.person, edition, look.app.settings.stages) is not None:
        return {}
    channels = look.app.channels
    return {
        frozen.target: frozen.id
        for frozen in edition.renditions
        if isinstance(channels.get(frozen.target), Previews)
    }


@router.post("/editions/{edition_id}/phone-previews")
def show_on_phone(edition_id: Id, visitor: Signed, shapes: Drafts, form: Posted) -> Response:
    """Have the outlet show a rendition on one person's phone; waits for its answer."""
    to, asked = text_of(form, "to").strip(), text_of(form, "rendition")
    rendition_id = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
    try:
        phones.preview(visitor.app.desk, rendition_id, to=to, by=visitor.person_id, at=clock.now())
    except InvalidError as error:
        with visitor.looking() as look:
            wrong = Phone(to=to, fault=error.message)
            return _page(look, edition_id, shapes, status=422, beside=wrong)
    except NotAllowedError as error:
        with visitor.looking() as look:
            typed = Phone(to=to)
            return _page(look, edition_id, shapes, status=409, banner=error.message, beside=typed)
    return RedirectResponse(f"/editions/{edition_id}/review?done=previewed", status_code=303)


@router.post("/editions/{edition_id}/reviews")
def judge(edition_id: Id, visitor: Signed, shapes: Drafts, form: Posted) -> Response:
    """Give a verdict on the digest that the form was shown with."""
    typed = None
    try:
        typed = Judgement(
            stage=text_of(form, "stage"),
            verdict=_verdict(text_of(form, "verdict")),
            digest=text_of(form, "digest"),
            opinion=text_of(form, "opinion"),
        )
        with visitor.acting() as (session, by):
            edition = queries.edition(session, edition_id)
            review.review(session, visitor.app.desk, edition, typed, by=by, at=clock.now())
    except InvalidError as error:
        is_typed = error.field in ("opinion", "verdict")
        banner, fault = ("", error.message) if is_typed else (error.message, "")
        with visitor.looking() as look:
            return _page(
                look, edition_id, shapes, status=422, typed=typed, banner=banner, fault=fault
            )
    except NotAllowedError as error:
        with visitor.looking() as look:
            return _page(look, edition_id, shapes, status=409, banner=error.message, typed=typed)
    visitor.app.wake_due()
    return RedirectResponse(f"/reviews?done={typed.verdict}", status_code=303)


@router.post("/editions/{edition_id}/expedition")
def expedite(edition_id: Id, visitor: Signed, shapes: Drafts, form: Posted) -> Response:
    """Let an emergency out on one senior approval; the others review it afterwards."""
    reason, digest = text_of(form, "reason"), text_of(form, "digest")
    try:
        with visitor.acting() as (session, by):
            review.expedite(
                session,
                visitor.app.desk,
                queries.edition(session, edition_id),
                digest=digest,
                reason=reason,
                by=by,
                at=clock.now(),
            )
    except InvalidError as error:
        wrong = Early(reason=reason, fault=error.message)
        with visitor.looking() as look:
            return _page(look, edition_id, shapes, status=422, beside=wrong)
    except NotAllowedError as error:
        typed = Early(reason=reason)
        with visitor.looking() as look:
            return _page(look, edition_id, shapes, status=409, banner=error.message, beside=typed)
    visitor.app.wake_due()
    return RedirectResponse(f"/editions/{edition_id}/review?done=expedited", status_code=303)


def _verdict(name: str) -> Verdict:
    try:
        return Verdict(name)
    except ValueError as error:
        raise InvalidError("请选择通过、退回修改或否决", field="verdict") from error
