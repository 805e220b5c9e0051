"""Where an edition and a delivery can stand, and which moves there are between."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum


class EditionState(StrEnum):
    """Where one wording stands on its way to approval."""

    DRAFT = "draft"  # may be edited
    IN_REVIEW = "in_review"  # frozen; waits for its reviewers
    APPROVED = "approved"  # every stage has passed this digest
    SENT_BACK = "sent_back"  # a reviewer asks for changes; a new edition follows
    REJECTED = "rejected"  # not to be published
    REPLACED = "replaced"  # a newer edition was begun before this one went out


class DeliveryState(StrEnum):
    """Where one rendition stands on its way to one target."""

    PLANNED = "planned"  # waits for its time
    SENDING = "sending"  # a worker has claimed it; the call may be out
    ACCEPTED = "accepted"  # the outlet took it
    CONFIRMED = "confirmed"  # we saw it there
    UNCONFIRMED = "unconfirmed"  # handed over, answer lost; nobody may send it again yet
    FAILED = "failed"  # certainly not there, and we have given up
    MISSED = "missed"  # its deadline passed before it was sent
    CANCELLED = "cancelled"  # stopped before it was sent
    WITHDRAWING = "withdrawing"  # to be taken down
    WITHDRAWN = "withdrawn"  # taken down by us
    EXPIRED = "expired"  # its time was over


E = EditionState
EDITION_MOVES: Mapping[EditionState, Set[EditionState]] = {
    E.DRAFT: {E.IN_REVIEW},
    E.IN_REVIEW: {E.APPROVED, E.SENT_BACK, E.REJECTED, E.REPLACED},
    E.APPROVED: {E.REPLACED},
    E.SENT_BACK: {E.REPLACED},
    E.REJECTED: {E.REPLACED},
    E.REPLACED: set(),
}

S = DeliveryState
MOVES: Mapping[DeliveryState, Set[DeliveryState]] = {
    S.PLANNED: {
        S.SENDING,
        S.MISSED,
        S.CANCELLED,
        S.UNCONFIRMED,  # it may be there all the same: restored from a backup, a late answer
    },
    S.SENDING: {S.PLANNED, S.ACCEPTED, S.UNCONFIRMED, S.FAILED},
    S.ACCEPTED: {S.CONFIRMED, S.WITHDRAWING, S.FAILED},  # failed: taken, then refused by the outlet
    S.CONFIRMED: {S.WITHDRAWING, S.FAILED},  # failed: the outlet has taken it away since
    S.UNCONFIRMED: {
        S.ACCEPTED,
        S.CONFIRMED,
        S.PLANNED,
        S.FAILED,
        S.WITHDRAWING,
        S.SENDING,  # the very same call is made again, where the outlet knows it by its key
    },
    S.WITHDRAWING: {S.WITHDRAWN, S.EXPIRED, S.CONFIRMED},  # back: a person says it must stay
    # a person asks to try again; or a late answer says that it is there
    S.FAILED: {S.PLANNED, S.UNCONFIRMED},
    S.MISSED: {S.PLANNED, S.UNCONFIRMED},
    # only where a late answer says that it is up after all
    S.CANCELLED: {S.WITHDRAWING},
    S.WITHDRAWN: {S.WITHDRAWING},
    S.EXPIRED: {S.WITHDRAWING},
}

UP = frozenset({S.ACCEPTED, S.CONFIRMED})  # the outlet has it, and it is to stay
OPEN = frozenset({S.PLANNED, S.SENDING, S.ACCEPTED, S.UNCONFIRMED, S.WITHDRAWING})  # not final
