from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import retry
from publisher.delivery.retry import Why


@pytest.mark.parametrize(
    ("tries", "wait"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 600), (6, 600), (10_000, 600)]
)
def test_waits_longer_after_each_refusal_and_never_gives_up(tries: int, wait: float) -> None:
    assert retry.wait_s(Why.REFUSED, tries, after_s=None, chance=0) == wait


@pytest.mark.parametrize(("tries", "wait"), [(1, 0), (2, 60), (3, 120), (4, 240), (5, None)])
def test_what_never_arrives_is_given_up_in_the_end(tries: int, wait: float | None) -> None:
    assert retry.wait_s(Why.ABSENT, tries, after_s=None, chance=0) == wait


@given(tries=st.integers(1, 100), after_s=st.floats(0, 1e6), chance=st.floats(0, 1))
def test_never_undercuts_what_the_outlet_asks(tries: int, after_s: float, chance: float) -> None:
    wait = retry.wait_s(Why.REFUSED, tries, after_s=after_s, chance=chance)

    assert wait is not None
    assert wait >= after_s
    assert wait >= (retry.wait_s(Why.REFUSED, tries, after_s=None, chance=0) or 0)


@pytest.mark.parametrize(
    ("after_s", "wait"),
    [
        (31 * 86_400.0, 31 * 86_400.0),
        (31 * 86_400.0 + 1, 31 * 86_400.0),
        (999_999_999_999.0, 31 * 86_400.0),
    ],
)
def test_waits_a_month_at_most_whatever_the_outlet_asks(after_s: float, wait: float) -> None:
    assert retry.wait_s(Why.REFUSED, 1, after_s=after_s, chance=0) == wait


@given(looks=st.integers(1, 10_000))
def test_looks_ever_more_rarely(looks: int) -> None:
    assert retry.look_s(looks, is_late=False) <= retry.look_s(looks + 1, is_late=False)
    assert retry.look_s(looks, is_late=True) == retry.BETWEEN_LATE_LOOKS_S
