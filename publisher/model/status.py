"""The status of an item: a function of its newest edition and its deliveries, stored nowhere."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState


class ItemStatus(StrEnum):
    """What staff call the state of the whole."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SENT_BACK = "sent_back"
    REJECTED = "rejected"
    PLANNED = "planned"
    SENDING = "sending"
    PARTLY_PUBLISHED = "partly_published"
    ACCEPTED = "accepted"
    PUBLISHED = "published"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    MISSED = "missed"
    CANCELLED = "cancelled"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


I = ItemStatus  # noqa: E741  # short for the table below
BEFORE_PLANNING = {
    EditionState.DRAFT: I.DRAFT,
    EditionState.IN_REVIEW: I.IN_REVIEW,
    EditionState.SENT_BACK: I.SENT_BACK,
    EditionState.REJECTED: I.REJECTED,
}
ALL_ALIKE = {
    S.PLANNED: I.PLANNED,
    S.CONFIRMED: I.PUBLISHED,
    S.FAILED: I.FAILED,
    S.MISSED: I.MISSED,
    S.CANCELLED: I.CANCELLED,
    S.WITHDRAWN: I.WITHDRAWN,
    S.EXPIRED: I.EXPIRED,
}


def status_of(
    edition: EditionState, deliveries: Collection[S], *, is_withdrawn: bool
) -> ItemStatus:
    """Return the one word for an item; what needs a person most comes first."""
    if is_withdrawn and not deliveries:
        return I.WITHDRAWN
    if edition in BEFORE_PLANNING and not is_withdrawn:
        return BEFORE_PLANNING[edition]
    states = set(deliveries)
    if S.WITHDRAWING in states:
        return I.WITHDRAWING
    if S.UNCONFIRMED in states:
        return I.UNCONFIRMED
    if is_withdrawn and not states & {S.SENDING, S.ACCEPTED, S.CONFIRMED}:
        return I.WITHDRAWN
    if len(states) == 1 and (alike := ALL_ALIKE.get(next(iter(states)))):
        return alike
    return _mixed(states)


def _mixed(states: set[S]) -> ItemStatus:
    if states & {S.ACCEPTED, S.CONFIRMED}:
        return I.ACCEPTED if states <= {S.ACCEPTED, S.CONFIRMED} else I.PARTLY_PUBLISHED
    if S.SENDING in states:
        return I.SENDING
    for state in (S.FAILED, S.MISSED, S.PLANNED, S.WITHDRAWN, S.EXPIRED):
        if state in states:
            return ALL_ALIKE[state]
    return I.PLANNED
