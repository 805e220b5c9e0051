"""From records to answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from publisher import registry
from publisher.api import answers
from publisher.app import App
from publisher.channel import Links
from publisher.model import delivery as ledger
from publisher.model.advice import advice
from publisher.model.alarm import Alarm
from publisher.model.item import Edition, EditionFile, FrozenRendition
from publisher.model.states import DeliveryState
from publisher.model.target import Pause
from publisher.storage import queries
from publisher.storage.queries import ItemRow, TargetRow
from publisher.workflow import freeze
from publisher.workflow.freeze import Shaped

BASE = "/api/v1"  # where the server mounts the API


def item(session: Session, app: App, item_id: int) -> answers.Item:
    """Tell all of an item; a draft is shaped for its targets anew."""
    row = queries.row_of(session, queries.item(session, item_id))
    edition, told = row.edition, row.item
    deliveries = queries.deliveries_of(session, item_id)
    return answers.Item(
        **_head(row),
        url=_url(app, edition, deliveries),
        summary=edition.summary,
        body_html=edition.body,
        issued_on=told.issued_on,
        overrides={name: answers.Override(**own) for name, own in edition.overrides.items()},
        images=_files(edition, "image"),
        attachments=_files(edition, "attachment"),
        remarks=edition.remarks,
        submitted_at=edition.submitted_at,
        approved_at=edition.approved_at,
        risk=edition.risk,
        chain=edition.chain,
        expedited_at=edition.expedited_at,
        reviewed_at=edition.reviewed_at,
        withdrawn_at=told.withdrawn_at,
        withdrawal_reason=told.withdrawal_reason,
        withdrawal_note=told.withdrawal_note,
        findings=[answers.Finding(**finding) for finding in edition.findings],
        renditions=_renditions(edition, app),
        reviews=_reviews(edition),
        deliveries=[delivery(one, app) for one in deliveries],
    )


def line(row: ItemRow) -> answers.ItemLine:
    """Tell of an item what a list needs."""
    places = [
        answers.Place(target=target, part=part, state=state)
        for target, part, state in row.deliveries
    ]
    return answers.ItemLine(**_head(row), deliveries=places)


def _head(row: ItemRow) -> dict[str, Any]:
    edition, told = row.edition, row.item
    return {
        "id": told.id,
        "title": edition.title,
        "status": row.status,
        "edition": edition.number,
        "digest": edition.digest,
        "index_number": told.index_number,
        "kind": told.kind,
        "category": told.category,
        "department": told.department,
        "document_number": told.document_number,
        "audience": told.audience,
        "urgency": told.urgency,
        "targets": edition.targets,
        "publish_at": edition.publish_at,
        "not_after": edition.not_after,
        "expires_at": edition.expires_at,
        "late": edition.late,
        "display_days": edition.display_days,
        "display_unit": edition.display_unit,
        "created_at": told.created_at,
        "created_by": told.created_by.name,
    }


def _url(app: App, edition: Edition, deliveries: Iterable[ledger.Delivery]) -> str:
    """Return the address of the full text, once it has one: that which the others carry."""
    leading = (d for d in deliveries if isinstance(app.channels.get(d.target), Links))
    return next((d.url for d in leading if d.url and d.rendition.edition is edition), "")


def _files(edition: Edition, role: str) -> list[answers.File]:
    return [_file(file) for file in edition.files if file.role == role]


def _file(file: EditionFile) -> answers.File:
    return answers.File(
        digest=file.digest,
        name=file.name,
        alt=file.alt,
        media_type=file.medium.media_type,
        size_bytes=file.medium.size_bytes,
    )


def _renditions(edition: Edition, app: App) -> list[answers.Rendition]:
    if edition.digest is not None:
        return [_frozen(one) for one in edition.renditions]
    return [_shaped(one, edition) for one in freeze.shape(edition, app.desk)]


def _frozen(rendition: FrozenRendition) -> answers.Rendition:
    return answers.Rendition(
        target=rendition.target,
        media_type=rendition.media_type,
        digest=rendition.digest,
        preview_url=_preview_url(rendition.edition.item_id, rendition.target),
        problems=[],
    )


def _shaped(shaped: Shaped, edition: Edition) -> answers.Rendition:
    fits = shaped.rendition is not None
    return answers.Rendition(
        target=shaped.target,
        media_type=shaped.rendition.media_type if shaped.rendition else "",
        digest=None,
        preview_url=_preview_url(edition.item_id, shaped.target) if fits else "",
        problems=[answers.Misfit(field=name, message=text) for name, text in shaped.problems],
    )


def _preview_url(item_id: int, target: str) -> str:
    return f"{BASE}/items/{item_id}/renditions/{target}"


def _reviews(edition: Edition) -> list[answers.Review]:
    return [
        answers.Review(
            stage=given.stage,
            verdict=given.verdict,
            person=given.person.name,
            at=given.at,
            opinion=given.opinion,
            digest=given.digest,
        )
        for given in edition.reviews
    ]


def delivery(told: ledger.Delivery, app: App) -> answers.Delivery:
    """Tell of a delivery and of every call that was made for it."""
    return answers.Delivery(
        id=told.id,
        item=told.item_id,
        target=told.target,
        part=told.part,
        channel=_channel(told.target, app),
        state=DeliveryState(told.state),
        due_at=told.due_at,
        urgency=told.urgency,
        not_after=told.not_after,
        after=told.after_id,
        waits_until=told.follow_until,
        deadline_at=told.deadline_at,
        expires_at=told.expires_at,
        accepted_at=told.accepted_at,
        confirmed_at=told.confirmed_at,
        ended_at=told.ended_at,
        url=told.url,
        remote_id=told.remote_id,
        evidence=told.evidence,
        advice=advice(told),
        attempts=[
            answers.Attempt(
                step=attempt.step,
                started_at=attempt.started_at,
                ended_at=attempt.ended_at,
                outcome=attempt.outcome,
                said=attempt.said,
            )
            for attempt in told.attempts
        ],
    )


def _channel(target: str, app: App) -> str:
    """Return the module that a target's channel is from, empty where it is configured no more."""
    found = app.channels.get(target)
    return registry.kind_of(found) if found else ""


def target(name: str, row: TargetRow, app: App) -> answers.Target:
    """Tell how a target is."""
    health, held, lane = row.health, row.pause, row.lane
    return answers.Target(
        name=name,
        channel=_channel(name, app),
        label=app.channels[name].label,
        is_well=row.is_well,
        is_reachable=health.get("is_reachable"),
        is_signed_in=health.get("is_signed_in"),
        quota_left=health.get("quota_left"),
        quota_unit=health.get("quota_unit", ""),
        is_paused=held is not None,
        paused_scope=held.scope if held else "",
        paused_at=held.at if held else None,
        paused_by=held.by if held else "",
        paused_because=held.because if held else "",
        breaker=answers.Breaker(
            state=row.breaker,
            since=lane.opened_at if lane else None,
            advice=lane.advice if lane else "",
            probe_at=lane.probe_at if lane else None,
        ),
        checked_at=row.target.checked_at if row.target else None,
        note=health.get("note", ""),
        advice=row.advice,
        waiting=row.waiting,
        open=row.open,
        last_success_at=row.last_success_at,
    )


def alarm(told: Alarm) -> answers.Alarm:
    """Tell of an alarm."""
    return answers.Alarm(
        id=told.id,
        key=told.key,
        since=told.since,
        until=told.until,
        text=told.text,
        told_at=told.told_at,
    )


def pause(told: Pause) -> answers.Pause:
    """Tell of a pause."""
    return answers.Pause(scope=told.scope, at=told.at, by=told.by, reason=told.because)
