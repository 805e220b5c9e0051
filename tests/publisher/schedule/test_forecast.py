from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.channel import CAMPUS_TIME, Ration
from publisher.model.urgency import Urgency
from publisher.schedule.forecast import Push, Rules, Waiting, forecast
from tests.make import NINE
from tests.pushing import A_DAY, FIVE, at_five

DAILY = Ration(sends=1, period="day")
RULES = Rules(max_bundle=3, rations=(DAILY,), slot=at_five)


def one(number: int, **changes: object) -> Waiting:
    given = {"id": number, "due_at": FIVE, "rank_at": FIVE} | changes
    return Waiting(**given)  # type: ignore[arg-type]


def pushes(waiting: list[Waiting], rules: Rules = RULES, now: datetime = NINE) -> list[Push]:
    return forecast(waiting, rules, spent=Counter(), now=now)


def test_what_does_not_fit_goes_with_the_next_sends_in_order() -> None:
    found = pushes([one(n) for n in range(1, 8)])

    assert found == [
        Push(at=FIVE, ids=(1, 2, 3)),
        Push(at=FIVE + A_DAY, ids=(4, 5, 6)),
        Push(at=FIVE + 2 * A_DAY, ids=(7,)),
    ]


def test_what_came_first_goes_before_what_was_planned_for_that_day() -> None:
    today = [one(n) for n in range(1, 6)]
    tomorrow = [one(n, due_at=FIVE + A_DAY, rank_at=FIVE + A_DAY) for n in range(6, 8)]

    found = pushes(tomorrow + today)

    assert [push.ids for push in found] == [(1, 2, 3), (4, 5, 6), (7,)]


def test_a_send_that_is_made_already_puts_all_off() -> None:
    found = forecast([one(1)], RULES, spent=Counter({"2026-11-24": 1}), now=NINE)

    assert found == [Push(at=FIVE + A_DAY, ids=(1,))]


def test_a_month_that_is_used_up_goes_on_with_the_next() -> None:
    rules = replace(RULES, rations=(DAILY, Ration(sends=4, period="month")))

    found = forecast([one(1)], rules, spent=Counter({"2026-11": 4}), now=NINE)

    assert found == [Push(at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC), ids=(1,))]


def test_what_is_kept_is_for_the_urgent_and_they_take_others_along() -> None:
    rules = replace(RULES, rations=(Ration(sends=2, period="month", reserve=1),))
    line = [one(n) for n in range(1, 6)]
    urgent = one(9, urgency=Urgency.URGENT, due_at=FIVE + A_DAY, rank_at=FIVE + A_DAY)

    found = pushes([*line, urgent], rules)

    assert found == [
        Push(at=FIVE, ids=(1, 2, 3)),
        Push(at=FIVE + A_DAY, ids=(9,)),
        Push(at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC), ids=(4, 5)),
    ]


def test_what_is_due_goes_along_with_the_urgent() -> None:
    rules = replace(RULES, rations=(Ration(sends=1, period="month", reserve=1),))

    found = pushes([one(1), one(2, urgency=Urgency.URGENT)], rules)

    assert found == [Push(at=FIVE, ids=(1, 2))]


def test_nothing_is_promised_where_every_send_is_kept_for_the_urgent() -> None:
    rules = replace(RULES, rations=(Ration(sends=1, period="day", reserve=1),))

    assert pushes([one(1)], rules) == []


def test_what_would_be_too_late_leaves_its_place_to_others() -> None:
    line = [one(n) for n in range(1, 4)]
    too_late = one(4, latest_at=FIVE + timedelta(hours=1))

    found = pushes([*line, too_late, one(5)])

    assert [push.ids for push in found] == [(1, 2, 3), (5,)]


def test_an_account_at_rest_is_left_alone() -> None:
    rules = replace(RULES, rest_until=lambda moment: max(moment, FIVE + timedelta(hours=2)))

    assert pushes([one(1)], rules) == [Push(at=FIVE + timedelta(hours=2), ids=(1,))]


def test_places_of_one_account_do_not_go_together() -> None:
    found = pushes([one(1, place=("a", "")), one(2, place=("b", "")), one(3, place=("a", ""))])

    assert [push.ids for push in found] == [(1, 3), (2,)]


def test_without_rations_each_goes_when_it_is_due() -> None:
    found = pushes([one(1), one(2, due_at=NINE, rank_at=NINE)], Rules())

    assert found == [Push(at=NINE, ids=(2,)), Push(at=FIVE, ids=(1,))]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.sampled_from(list(Urgency))), min_size=1, max_size=60
    ),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_each_goes_once_and_never_before_its_time_nor_beyond_the_rations(
    given_: list[tuple[int, Urgency]], sends: int, reserve: int
) -> None:
    ration = Ration(sends=sends + reserve, period="day", reserve=reserve)
    rules = replace(RULES, rations=(ration,))
    line = {
        n: one(n, due_at=(due := NINE + timedelta(hours=h)), rank_at=due, urgency=urgency)
        for n, (h, urgency) in enumerate(given_)
    }

    found = pushes(list(line.values()), rules)

    assert sorted(n for push in found for n in push.ids) == sorted(line)
    assert all(push.at >= line[n].due_at for push in found for n in push.ids)
    days = Counter(push.at.astimezone(CAMPUS_TIME).date() for push in found)
    assert max(days.values()) <= sends + reserve
    assert all(len(push.ids) <= RULES.max_bundle for push in found)
