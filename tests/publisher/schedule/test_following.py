from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from publisher.channel import Channel, Content, Links
from publisher.errors import InvalidError
from publisher.schedule import following
from publisher.settings import Delivery as Limits
from tests.make import NINE, FakeChannel

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Site(FakeChannel, Links):
    label = "官网"

    def link(self, content: Content) -> str:
        return "http://127.0.0.1/7"


CHANNELS: dict[str, Channel] = {"gate": FakeChannel(), "site": Site(), "cms": Site()}


@pytest.mark.parametrize(
    ("targets", "leader"),
    [
        (["gate", "site"], "site"),
        (["cms", "site"], "cms"),
        (["gate"], None),
        (["gone", "site"], "site"),
        ([], None),
    ],
)
def test_the_first_target_with_an_address_leads(targets: list[str], leader: str | None) -> None:
    assert following.leader_of(targets, CHANNELS) == leader


@pytest.mark.parametrize("own_h", [0, 5])
def test_the_wait_counts_from_when_both_are_due(own_h: int) -> None:
    due_at = NINE + own_h * HOUR

    until = following.until(due_at, NINE + 3 * HOUR, Limits(follow_wait_h=2))

    assert until == NINE + (max(own_h, 3) + 2) * HOUR


def test_a_display_without_a_leader_names_those_that_could_lead() -> None:
    following.check_leader(["gate", "site"], CHANNELS)
    following.check_leader([], CHANNELS)  # a draft without targets

    with pytest.raises(InvalidError, match="官网") as caught:
        following.check_leader(["gate"], CHANNELS)

    assert caught.value.field == "targets"
