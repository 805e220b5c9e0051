"""Items: drafts, submission, reviews, withdrawal."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session

from publisher import clock
from publisher.api import answers, fields, shapes, telling
from publisher.api.people import Called, Caller
from publisher.errors import InvalidError
from publisher.model.item import Edition
from publisher.model.states import DeliveryState
from publisher.storage import queries
from publisher.workflow import compose, intake, review
from publisher.workflow import withdraw as withdrawing
from publisher.workflow.compose import Draft, NamedFile
from publisher.workflow.review import Judgement

router = APIRouter(tags=["稿件"])


@router.post("/items", status_code=201, summary="新建草稿")
def create(asked: shapes.NewItem, caller: Called) -> answers.Item:
    """Make a draft; answers what the screening found and what each target makes of it."""
    at = clock.now()
    with _body_called(asked.body_field):
        wanted = _screened(caller, Draft(**({"body": ""} | asked.given())), at=at)
        with caller.acting() as (session, by):
            item_id = compose.draft(session, caller.app.desk, wanted, by=by, at=at).id
    return _told(caller, item_id)


@router.post("/items/import", status_code=201, summary="从文件新建草稿")
def create_from_file(
    asked: Annotated[shapes.ImportForm, Form(media_type="multipart/form-data")], caller: Called
) -> answers.Item:
    """Make a draft of a file; the fields of the form go before what was found in it."""
    at, desk = clock.now(), caller.app.desk
    name, file = asked.file.filename or "", asked.file.file.read()
    with caller.acting() as (session, by):
        found = intake.imported(session, desk, name=name, file=file, by=by, at=at)
        wanted = dataclasses.replace(found, **asked.given())
        item_id = compose.draft(session, desk, wanted, by=by, at=at).id
    return _told(caller, item_id)


@router.put("/items/{item_id}", summary="整篇改写")
def rewrite(item_id: fields.Id, asked: shapes.NewItem, caller: Called) -> answers.Item:
    """Write a draft anew; what was submitted already becomes a new edition to be reviewed."""
    at = clock.now()
    with _body_called(asked.body_field):
        wanted = _screened(caller, Draft(**({"body": ""} | asked.given())), at=at)
        with caller.acting() as (session, by):
            item = queries.item(session, item_id)
            compose.edit(session, caller.app.desk, item, wanted, by=by, at=at)
    return _told(caller, item_id)


@router.patch("/items/{item_id}", summary="修改几项")
def change(item_id: fields.Id, asked: shapes.Changes, caller: Called) -> answers.Item:
    """Change what is named and keep the rest; a field that is named is replaced as a whole."""
    at = clock.now()
    with _body_called(asked.body_field):
        with caller.app.database.reads() as session:
            ahead = _screened(caller, _changed(session, item_id, asked), at=at).screened
        with caller.acting() as (session, by):
            item = queries.item(session, item_id)
            wanted = dataclasses.replace(_changed(session, item_id, asked), screened=ahead)
            compose.edit(session, caller.app.desk, item, wanted, by=by, at=at)
    return _told(caller, item_id)


@router.get("/items", summary="稿件列表")
def listed(
    caller: Called,
    before: fields.Wanted = None,
    limit: fields.Limit = queries.PAGE,
) -> answers.Items:
    """List items, newest first."""
    with caller.app.database.reads() as session:
        rows = queries.items(session, before=before, limit=limit + 1)
        lines = [telling.line(row) for row in rows[:limit]]
    return answers.Items(items=lines, next=lines[-1].id if len(rows) > limit else None)


@router.get("/items/{item_id}", summary="一篇稿件")
def one(item_id: fields.Id, caller: Called) -> answers.Item:
    """Tell all of an item: status, findings, renditions, reviews, deliveries."""
    return _told(caller, item_id)


@router.post("/items/{item_id}/submission", summary="提交审核")
def submit(item_id: fields.Id, caller: Called) -> answers.Submission:
    """Freeze what will be shown everywhere; reviewers approve the digest that is answered."""
    edition = review.submit(caller.app.desk, item_id, by=caller.person_id, at=clock.now())
    with caller.app.database.reads() as session:
        row = queries.row_of(session, queries.item(session, item_id))
        return answers.Submission(
            edition=edition.number,
            digest=edition.digest or "",
            index_number=row.item.index_number or "",
            status=row.status,
        )


@router.post("/items/{item_id}/reviews", status_code=201, summary="审核")
def judge(item_id: fields.Id, asked: shapes.NewReview, caller: Called) -> answers.Item:
    """Give one verdict; the last approval plans the deliveries."""
    at, desk = clock.now(), caller.app.desk
    judgement = Judgement(
        stage=asked.stage, verdict=asked.verdict, digest=asked.digest, opinion=asked.opinion
    )
    with caller.acting() as (session, by):
        edition = queries.item(session, item_id).edition
        review.review(session, desk, edition, judgement, by=by, at=at)
    caller.app.wake_due()
    return _told(caller, item_id)


@router.post("/items/{item_id}/expedition", status_code=201, summary="特急先发后审")
def expedite(item_id: fields.Id, asked: shapes.NewExpedition, caller: Called) -> answers.Item:
    """Let an emergency out on one senior approval; the others review it afterwards."""
    at, desk = clock.now(), caller.app.desk
    with caller.acting() as (session, by):
        edition = queries.item(session, item_id).edition
        review.expedite(
            session, desk, edition, digest=asked.digest, reason=asked.reason, by=by, at=at
        )
    caller.app.wake_due()
    return _told(caller, item_id)


@router.post("/items/{item_id}/withdrawal", summary="撤回")
def withdraw(item_id: fields.Id, asked: shapes.NewWithdrawal, caller: Called) -> answers.Item:
    """Stop what has not gone out and take down what has; the deliveries tell how far it is."""
    at, desk = clock.now(), caller.app.desk
    with caller.acting() as (session, by):
        item = queries.item(session, item_id)
        withdrawing.withdraw(
            session, desk, item, reason=asked.reason, note=asked.note, by=by, at=at
        )
    answer = _told(caller, item_id)
    for target in {d.target for d in answer.deliveries if d.state == DeliveryState.WITHDRAWING}:
        caller.app.wake_take_down(target)
    return answer


def _screened(caller: Caller, wanted: Draft, *, at: datetime) -> Draft:
    return compose.screened(caller.app.desk, wanted, at=at)


def _changed(session: Session, item_id: int, asked: shapes.Changes) -> Draft:
    """Return an item's newest wording as the draft that would make it, with what is changed."""
    edition = queries.item(session, item_id).edition
    return dataclasses.replace(_as_it_is(edition), **asked.given())


def _told(caller: Caller, item_id: int) -> answers.Item:
    with caller.app.database.reads() as session:
        return telling.item(session, caller.app, item_id)


@contextmanager
def _body_called(field: str) -> Iterator[None]:
    """Let an error about the words name the field in which they came."""
    try:
        yield
    except InvalidError as error:
        if error.field != "body":
            raise
        raise InvalidError(error.message, field=field, code=error.code) from error


def _as_it_is(edition: Edition) -> Draft:
    """Return an edition as the draft that would make it again."""
    item = edition.item
    return Draft(
        title=edition.title,
        body=edition.body,
        summary=edition.summary,
        kind=item.kind,
        category=item.category,
        department=item.department,
        document_number=item.document_number,
        issued_on=item.issued_on,
        audience=item.audience,
        urgency=item.urgency,
        targets=tuple(edition.targets),
        publish_at=edition.publish_at,
        not_after=edition.not_after,
        expires_at=edition.expires_at,
        late=edition.late,
        display_days=edition.display_days,
        display_unit=edition.display_unit,
        overrides=edition.overrides,
        images=_named(edition, "image"),
        attachments=_named(edition, "attachment"),
        remarks=tuple(edition.remarks),
    )


def _named(edition: Edition, role: str) -> tuple[NamedFile, ...]:
    return tuple(
        NamedFile(digest=file.digest, name=file.name, alt=file.alt)
        for file in edition.files
        if file.role == role
    )
