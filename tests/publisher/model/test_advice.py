from __future__ import annotations

import pytest

from publisher.model.advice import BY_EYE, BY_STATE, advice
from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState
from tests.make import NINE


@pytest.mark.parametrize("state", list(DeliveryState))
def test_every_state_has_a_sentence(state: DeliveryState) -> None:
    assert advice(Delivery(state=state, advice="")) != ""


def test_what_the_channel_advised_goes_first() -> None:
    delivery = Delivery(state=DeliveryState.FAILED, advice="请到公众平台充值")

    assert advice(delivery) == "请到公众平台充值"


def test_an_unconfirmed_delivery_is_not_to_be_sent_by_other_means() -> None:
    assert "请勿另发" in advice(Delivery(state=DeliveryState.UNCONFIRMED, advice=""))


@pytest.mark.parametrize("state", [DeliveryState.ACCEPTED, DeliveryState.UNCONFIRMED])
def test_a_person_is_sent_to_see_where_no_look_is_to_come(state: DeliveryState) -> None:
    assert advice(Delivery(state=state, advice="", check_at=None)) == BY_EYE
    assert advice(Delivery(state=state, advice="", check_at=NINE)) == BY_STATE[state]
