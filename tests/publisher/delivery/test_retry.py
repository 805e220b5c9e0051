from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery import retry


@pytest.mark.parametrize(("tries", "wait"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, None)])
def test_waits_longer_each_time_and_then_gives_up(tries: int, wait: float | None) -> None:
    assert retry.wait_s(tries, after_s=None, chance=0) == wait


@given(tries=st.integers(1, 4), after_s=st.floats(0, 1e6), chance=st.floats(0, 1))
def test_never_undercuts_what_the_outlet_asks(tries: int, after_s: float, chance: float) -> None:
    wait = retry.wait_s(tries, after_s=after_s, chance=chance)

    assert wait is not None
    assert wait >= after_s
    assert wait >= retry.BETWEEN_TRIES_S[tries - 1]


@pytest.mark.parametrize(
    ("after_s", "wait"),
    [
        (31 * 86_400.0, 31 * 86_400.0),
        (31 * 86_400.0 + 1, 31 * 86_400.0),
        (999_999_999_999.0, 31 * 86_400.0),
    ],
)
def test_waits_a_month_at_most_whatever_the_outlet_asks(after_s: float, wait: float) -> None:
    assert retry.wait_s(1, after_s=after_s, chance=0) == wait


@given(looks=st.integers(1, 10_000))
def test_looks_ever_more_rarely(looks: int) -> None:
    assert retry.look_s(looks, is_late=False) <= retry.look_s(looks + 1, is_late=False)
    assert retry.look_s(looks, is_late=True) == retry.BETWEEN_LATE_LOOKS_S
