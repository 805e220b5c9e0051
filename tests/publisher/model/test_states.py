from __future__ import annotations

import pytest

from publisher.errors import NotAllowedError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition
from publisher.model.states import EDITION_MOVES, MOVES, DeliveryState, EditionState
from publisher.model.status import ItemStatus
from publisher.model.words import DELIVERY_STATE, ITEM_STATUS


def test_every_state_can_be_reached_and_every_move_ends_in_a_state() -> None:
    reached, new = {DeliveryState.PLANNED}, {DeliveryState.PLANNED}
    while new:
        new = {to for state in new for to in MOVES[state]} - reached
        reached |= new

    assert reached == set(DeliveryState) == set(MOVES)


def test_every_state_of_an_edition_can_be_reached() -> None:
    reached, new = {EditionState.DRAFT}, {EditionState.DRAFT}
    while new:
        new = {to for state in new for to in EDITION_MOVES[state]} - reached
        reached |= new

    assert reached == set(EditionState) == set(EDITION_MOVES)


def test_a_forbidden_move_says_so() -> None:
    delivery = Delivery(state=DeliveryState.FAILED)

    with pytest.raises(NotAllowedError, match="from failed to sending"):
        delivery.move(DeliveryState.SENDING)


def test_an_approved_edition_is_never_a_draft_again() -> None:
    edition = Edition(state=EditionState.APPROVED)

    with pytest.raises(NotAllowedError, match="from approved to draft"):
        edition.move(EditionState.DRAFT)


def test_every_state_has_a_word() -> None:
    assert set(DELIVERY_STATE) == set(DeliveryState)
    assert set(ITEM_STATUS) == set(ItemStatus)
