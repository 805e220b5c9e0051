from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import InvalidError
from publisher.schedule import late
from publisher.schedule.late import Latest, latest
from publisher.settings import Delivery as Limits
from tests.make import NINE

HOUR = timedelta(hours=1)
POLICIES = st.sampled_from(["miss", "ask", "send"])
HOURS = st.none() | st.integers(0, 200)


@pytest.mark.parametrize(
    ("policy", "hours", "then"), [("miss", 24, "miss"), ("ask", 24, "ask"), ("send", 72, "ask")]
)
@pytest.mark.parametrize("is_wish", [True, False])
def test_each_policy_has_its_limit(policy: str, hours: int, then: str, is_wish: bool) -> None:
    limits = Limits() if is_wish else Limits.model_validate({"late": policy})

    found = latest(NINE, wish=policy if is_wish else "", limits=limits)

    assert found == Latest(not_after=NINE + hours * HOUR, late=then)


def test_a_wish_goes_before_the_setting() -> None:
    assert latest(NINE, wish="miss", limits=Limits(late="send")).late == "miss"


@pytest.mark.parametrize(("policy", "then"), [("miss", "miss"), ("ask", "ask"), ("send", "miss")])
def test_the_moment_that_the_author_gave_always_holds(policy: str, then: str) -> None:
    limits = Limits.model_validate({"late": policy})

    found = latest(NINE, not_after=NINE + 200 * HOUR, limits=limits)

    assert found == Latest(not_after=NINE + 200 * HOUR, late=then)


@pytest.mark.parametrize("policy", ["miss", "ask", "send"])
def test_nobody_is_asked_about_what_has_ended(policy: str) -> None:
    found = latest(NINE, wish=policy, expires_at=NINE + HOUR, limits=Limits())

    assert found == Latest(not_after=NINE + HOUR, late="miss")


@given(POLICIES, HOURS, HOURS, st.floats(0.1, 500), st.floats(0.1, 500))
def test_nothing_goes_out_later_than_anyone_allowed(
    policy: str, given_h: int | None, ends_h: int | None, latest_h: float, send_h: float
) -> None:
    limits = Limits(latest_after_h=latest_h, send_late_h=send_h)
    not_after = None if given_h is None else NINE + given_h * HOUR
    expires_at = None if ends_h is None else NINE + ends_h * HOUR

    found = latest(NINE, wish=policy, not_after=not_after, expires_at=expires_at, limits=limits)

    own = not_after or NINE + timedelta(hours=send_h if policy == "send" else latest_h)
    assert found.not_after == min(own, expires_at or own)
    assert found.late in ("miss", "ask")
    assert (found.late == "miss") or policy != "miss"


@pytest.mark.parametrize("wish", ["", "miss", "ask"])
def test_a_latest_moment_goes_with_all_but_sending_anyway(wish: str) -> None:
    late.check(wish, not_after=NINE)
    late.check("send", not_after=None)


@pytest.mark.parametrize("wish", ["send", "never"])
def test_a_contradiction_is_refused(wish: str) -> None:
    with pytest.raises(InvalidError) as caught:
        late.check(wish, not_after=NINE)

    assert caught.value.field == "late"
