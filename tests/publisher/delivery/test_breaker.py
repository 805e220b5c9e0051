from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import breaker
from publisher.delivery.breaker import FAULTS_IN_A_ROW, Breaker, State
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)
from tests.make import NINE

DOWN = RetryableError("refused")
STEPS = st.lists(st.sampled_from(["accepted", "fault", "credentials", "well", "unwell"]))


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (RetryableError("refused"), True),
        (RetryableError("429", after_s=60), False),
        (UnknownOutcomeError("lost"), True),
        (CredentialsError("401"), True),
        (PermanentError("no such group"), False),
        (UnfitError("too long"), False),
    ],
)
def test_only_what_speaks_of_the_account_counts(error: ChannelError, counts: bool) -> None:
    assert breaker.counts(error) == counts


def test_opens_at_the_third_fault_in_a_row_and_not_before() -> None:
    state = Breaker()
    states = []

    for _ in range(FAULTS_IN_A_ROW):
        state = breaker.after_fault(state, DOWN, at=NINE)
        states.append(state.state)

    assert states == [State.CLOSED, State.CLOSED, State.OPEN]
    assert state.probe_at == NINE + timedelta(seconds=30)


def test_a_success_between_begins_the_count_anew() -> None:
    state = Breaker()

    for _ in range(10):
        state = breaker.after_fault(state, DOWN, at=NINE)
        state = breaker.after_fault(state, DOWN, at=NINE)
        state = breaker.after_success(state)

    assert state == Breaker()


def test_refused_credentials_open_it_at_once_and_for_longer() -> None:
    state = breaker.after_fault(Breaker(), CredentialsError("401"), at=NINE)

    assert state.state == State.OPEN
    assert state.probe_at == NINE + timedelta(minutes=8)


def test_a_check_that_finds_it_well_lets_one_through() -> None:
    state = breaker.opened(Breaker(), at=NINE)

    assert breaker.after_check(state, is_well=True, at=NINE).state == State.HALF_OPEN


def test_a_fault_of_the_one_that_was_let_through_opens_it_for_longer() -> None:
    state = breaker.after_check(breaker.opened(Breaker(), at=NINE), is_well=True, at=NINE)

    again = breaker.after_fault(state, DOWN, at=NINE)

    assert again.state == State.OPEN
    assert again.probe_at == NINE + timedelta(seconds=60)


def test_it_says_since_when_it_is_open_however_often_it_was_tried() -> None:
    state = breaker.opened(Breaker(), at=NINE)

    for minute in range(1, 60):
        now = NINE + timedelta(minutes=minute)
        state = breaker.after_check(state, is_well=minute % 2 == 0, at=now)
        if state.state == State.HALF_OPEN:
            state = breaker.after_fault(state, DOWN, at=now)

    assert state.opened_at == NINE


def test_a_late_fault_of_a_call_under_way_changes_nothing_of_an_open_one() -> None:
    state = breaker.opened(Breaker(), at=NINE)

    late = breaker.after_fault(state, DOWN, at=NINE + timedelta(seconds=20))

    assert (late.state, late.openings, late.probe_at) == (State.OPEN, 1, state.probe_at)


@given(openings=st.integers(1, 10_000))
def test_asks_ever_more_rarely_and_every_quarter_of_an_hour_at_least(openings: int) -> None:
    assert breaker.probe_s(openings) <= breaker.probe_s(openings + 1) <= 900.0


@given(steps=STEPS)
def test_whatever_happens_an_open_one_knows_when_to_ask(steps: list[str]) -> None:
    state, now = Breaker(), NINE

    for step in steps:
        now += timedelta(seconds=10)
        state = after(state, step, now)

        assert (state.state == State.OPEN) == (state.probe_at is not None)
        assert (state.state == State.CLOSED) <= (state.openings == 0)
        assert state.state != State.CLOSED or state.faults < FAULTS_IN_A_ROW


def after(state: Breaker, step: str, at: datetime) -> Breaker:
    match step:
        case "accepted":
            return breaker.after_success(state)
        case "fault":
            return breaker.after_fault(state, DOWN, at=at)
        case "credentials":
            return breaker.after_fault(state, CredentialsError("401"), at=at)
        case _:
            return breaker.after_check(state, is_well=step == "well", at=at)
