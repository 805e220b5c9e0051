from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model.states import DeliveryState as S
from publisher.model.states import EditionState as E
from publisher.model.status import ItemStatus, status_of

I = ItemStatus  # noqa: E741  # short for the table


@pytest.mark.parametrize(
    ("edition", "deliveries", "is_withdrawn", "status"),
    [
        (E.DRAFT, [], False, I.DRAFT),
        (E.IN_REVIEW, [], False, I.IN_REVIEW),
        (E.SENT_BACK, [], False, I.SENT_BACK),
        (E.REJECTED, [], False, I.REJECTED),
        (E.IN_REVIEW, [], True, I.WITHDRAWN),
        (E.APPROVED, [S.PLANNED, S.PLANNED], False, I.PLANNED),
        (E.APPROVED, [S.CONFIRMED, S.PLANNED], False, I.PARTLY_PUBLISHED),
        (E.APPROVED, [S.CONFIRMED, S.ACCEPTED], False, I.ACCEPTED),
        (E.APPROVED, [S.CONFIRMED, S.CONFIRMED], False, I.PUBLISHED),
        (E.APPROVED, [S.CONFIRMED, S.FAILED], False, I.PARTLY_PUBLISHED),
        (E.APPROVED, [S.CONFIRMED, S.UNCONFIRMED], False, I.UNCONFIRMED),
        (E.APPROVED, [S.SENDING, S.PLANNED], False, I.SENDING),
        (E.APPROVED, [S.MISSED, S.MISSED], False, I.MISSED),
        (E.APPROVED, [S.FAILED, S.PLANNED], False, I.FAILED),
        (E.APPROVED, [S.WITHDRAWING, S.WITHDRAWN], True, I.WITHDRAWING),
        (E.APPROVED, [S.WITHDRAWN, S.CANCELLED], True, I.WITHDRAWN),
        (E.APPROVED, [S.EXPIRED, S.EXPIRED], False, I.EXPIRED),
    ],
)
def test_what_an_item_is_called(
    edition: E, deliveries: list[S], is_withdrawn: bool, status: I
) -> None:
    assert status_of(edition, deliveries, is_withdrawn=is_withdrawn) == status


@given(deliveries=st.lists(st.sampled_from(list(S)), min_size=1), is_withdrawn=st.booleans())
def test_an_open_take_down_is_never_hidden(deliveries: list[S], is_withdrawn: bool) -> None:
    status = status_of(E.APPROVED, [*deliveries, S.WITHDRAWING], is_withdrawn=is_withdrawn)

    assert status == I.WITHDRAWING
