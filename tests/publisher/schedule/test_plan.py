from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from publisher.channel import (
    Channel,
    Content,
    Links,
    Ration,
    Rations,
    Shares,
    Slots,
    Splits,
)
from publisher.errors import InvalidError
from publisher.model.delivery import Delivery
from publisher.model.item import Edition, Item
from publisher.schedule import plan
from publisher.settings import Delivery as Limits
from publisher.storage import renditions
from tests import make
from tests.make import NINE, FakeChannel

A_DAY = timedelta(hours=24)
DEFAULTS = Limits()


@dataclass(frozen=True, kw_only=True)
class Groups(FakeChannel, Splits):
    names: tuple[str, ...] = ("1001", "1002")

    def parts(self) -> tuple[str, ...]:
        return self.names

    def part(self, name: str) -> Channel:
        return replace(self, names=(name,))


@dataclass(frozen=True, kw_only=True)
class Site(FakeChannel, Links):
    def link(self, content: Content) -> str:
        return "http://127.0.0.1/7"


@dataclass(frozen=True, kw_only=True)
class AtFive(FakeChannel, Slots):
    def slot(self, moment: datetime) -> datetime:
        return moment.replace(hour=9, minute=0)  # 17:00 in Beijing


def planned(
    tmp_path: Path,
    channels: dict[str, Channel],
    *,
    limits: Limits = DEFAULTS,
    urgency: str = "normal",
    **changes: object,
) -> list[Delivery]:
    works = make.works(tmp_path, channels)
    with works.database.sessions.begin() as session:
        edition = make.edition(session, targets=list(channels), **changes)
        edition.item.urgency = urgency
        for target in channels:
            frozen = renditions.freeze(target, make.PLAIN, works.media)
            frozen.edition_id = edition.id
            session.add(frozen)
        session.flush()
        session.refresh(edition, ["renditions"])
        plan.plan(session, edition, channels=channels, limits=limits, at=NINE)
        again = plan.plan(session, edition, channels=channels, limits=limits, at=NINE)
        assert again == 0
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def test_one_delivery_for_each_target_and_place_however_often_it_is_planned(tmp_path: Path) -> None:
    deliveries = planned(tmp_path, {"gate": FakeChannel(), "qq": Groups()})

    assert [(d.target, d.part) for d in deliveries] == [
        ("gate", ""),
        ("qq", "1001"),
        ("qq", "1002"),
    ]


def test_the_address_that_others_carry_goes_first(tmp_path: Path) -> None:
    deliveries = planned(tmp_path, {"gate": FakeChannel(), "site": Site()})

    site, gate = deliveries
    assert (site.target, site.after_id) == ("site", None)
    assert (gate.target, gate.after_id) == ("gate", site.id)


def test_nobody_is_missed_while_waiting_for_a_later_leader(tmp_path: Path) -> None:
    site, gate = planned(
        tmp_path,
        {"gate": FakeChannel(), "site": Site()},
        overrides={"site": {"publish_at": "2026-11-27 09:00"}},
    )

    assert site.due_at == NINE + timedelta(days=3)
    assert (gate.due_at, gate.not_after) == (site.due_at, site.due_at + A_DAY)


def test_goes_at_once_where_no_time_is_given(tmp_path: Path) -> None:
    [delivery] = planned(tmp_path, {"gate": FakeChannel()})

    assert (delivery.due_at, delivery.not_after) == (NINE, NINE + A_DAY)


def test_a_target_has_its_own_time(tmp_path: Path) -> None:
    gate, other = planned(
        tmp_path,
        {"gate": FakeChannel(), "other": FakeChannel()},
        publish_at=NINE + timedelta(hours=1),
        overrides={"other": {"publish_at": "2026-11-24 12:00"}},
    )

    assert gate.due_at == NINE + timedelta(hours=1)
    assert other.due_at == NINE + timedelta(hours=3)


def test_an_outlet_with_times_of_its_own_takes_the_next_one(tmp_path: Path) -> None:
    [delivery] = planned(tmp_path, {"gate": AtFive()})

    assert delivery.due_at == NINE + timedelta(hours=8)
    assert delivery.not_after == delivery.due_at + A_DAY


def test_nothing_is_sent_after_its_end(tmp_path: Path) -> None:
    [delivery] = planned(tmp_path, {"gate": FakeChannel()}, expires_at=NINE + timedelta(hours=2))

    assert delivery.not_after == delivery.expires_at == NINE + timedelta(hours=2)


@pytest.mark.parametrize("field", ["not_after", "expires_at"])
def test_a_turn_after_the_latest_moment_is_refused(tmp_path: Path, field: str) -> None:
    its_turn = NINE + timedelta(hours=8)
    changes: dict[str, Any] = {field: its_turn - timedelta(seconds=1)}

    with pytest.raises(InvalidError) as caught:
        planned(tmp_path, {"gate": AtFive()}, **changes)

    assert (caught.value.field, caught.value.code) == (field, "too_late")


@pytest.mark.parametrize("field", ["not_after", "expires_at"])
def test_a_turn_at_the_latest_moment_is_kept(tmp_path: Path, field: str) -> None:
    its_turn = NINE + timedelta(hours=8)
    changes: dict[str, Any] = {field: its_turn}

    [delivery] = planned(tmp_path, {"gate": AtFive()}, **changes)

    assert delivery.due_at == delivery.not_after == its_turn


def test_a_follower_with_times_of_its_own_keeps_to_them(tmp_path: Path) -> None:
    site, wechat = planned(
        tmp_path,
        {"site": Site(), "wechat": NextFive()},
        overrides={"site": {"publish_at": "2026-11-24 18:00"}},
    )

    assert site.due_at == NINE + timedelta(hours=9)
    assert wechat.due_at == NINE + timedelta(days=1, hours=8)


@dataclass(frozen=True, kw_only=True)
class NextFive(FakeChannel, Slots):
    def slot(self, moment: datetime) -> datetime:
        today = moment.replace(hour=9, minute=0)  # 17:00 in Beijing
        return today if today >= moment else today + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class OfOneAccount(FakeChannel, Shares):
    def account(self) -> str:
        return "127.0.0.1:3000"


def test_targets_of_one_account_share_a_lane(tmp_path: Path) -> None:
    deliveries = planned(tmp_path, {"a": OfOneAccount(), "b": OfOneAccount(), "c": FakeChannel()})

    assert [d.lane for d in deliveries] == ["test_plan:127.0.0.1:3000"] * 2 + ["c"]


@pytest.mark.parametrize(
    ("urgency", "ahead_min"), [("normal", 0), ("urgent", 10), ("emergency", 60)]
)
def test_what_is_urgent_is_ahead_in_its_lane(tmp_path: Path, urgency: str, ahead_min: int) -> None:
    [delivery] = planned(tmp_path, {"gate": FakeChannel()}, urgency=urgency)

    assert (delivery.urgency, delivery.due_at) == (urgency, NINE)
    assert delivery.rank_at == NINE - timedelta(minutes=ahead_min)


@pytest.mark.parametrize(
    ("late", "hours", "then"), [("", 24, "ask"), ("miss", 24, "miss"), ("send", 72, "ask")]
)
def test_the_late_policy_is_that_of_the_edition(
    tmp_path: Path, late: str, hours: int, then: str
) -> None:
    [delivery] = planned(tmp_path, {"gate": FakeChannel()}, late=late)

    assert (delivery.not_after, delivery.late) == (NINE + timedelta(hours=hours), then)


def test_an_edition_without_a_policy_has_the_configured_one(tmp_path: Path) -> None:
    [delivery] = planned(tmp_path, {"gate": FakeChannel()}, limits=Limits(late="ask"))

    assert delivery.late == "ask"


def test_a_follower_waits_so_long_and_no_longer(tmp_path: Path) -> None:
    site, gate = planned(
        tmp_path,
        {"gate": FakeChannel(), "site": Site()},
        limits=Limits(follow_wait_h=3, follow_else="send"),
        overrides={"gate": {"publish_at": "2026-11-24 12:00"}},
    )

    assert (site.follow_until, site.follow_else) == (None, "ask")
    assert (gate.follow_until, gate.follow_else) == (NINE + timedelta(hours=6), "send")


def test_a_display_needs_the_target_that_begins_it(tmp_path: Path) -> None:
    with_site: dict[str, Channel] = {"gate": FakeChannel(), "site": Site()}
    edition = Edition(
        item=Item(urgency="normal"),
        targets=["gate"],
        overrides={},
        display_days=5,
        display_unit="working",
        publish_at=None,
    )

    with pytest.raises(InvalidError) as caught:
        plan.check(edition, channels=with_site, at=NINE)
    edition.targets = ["gate", "site"]
    plan.check(edition, channels=with_site, at=NINE)

    assert (caught.value.field, caught.value.code) == ("targets", "no_leader")


@dataclass(frozen=True, kw_only=True)
class Rationed(NextFive, Rations):
    def rations(self) -> tuple[Ration, ...]:
        return (Ration(sends=1, period="day"),)


@pytest.mark.parametrize(
    ("urgency", "due_h", "ahead"), [("normal", 8, 0), ("urgent", 8, 7), ("emergency", 0, 30)]
)
def test_an_emergency_waits_for_no_slot_and_what_is_urgent_goes_first_there(
    tmp_path: Path, urgency: str, due_h: int, ahead: int
) -> None:
    [delivery] = planned(tmp_path, {"wechat": Rationed()}, urgency=urgency)

    assert delivery.due_at == NINE + timedelta(hours=due_h)
    assert delivery.rank_at == delivery.due_at - timedelta(days=ahead)


def test_an_emergency_waits_for_the_time_that_its_author_wished(tmp_path: Path) -> None:
    wished = NINE + timedelta(hours=2)

    [delivery] = planned(tmp_path, {"w": Rationed()}, urgency="emergency", publish_at=wished)

    assert delivery.due_at == wished


@dataclass(frozen=True, kw_only=True)
class OneWay(FakeChannel, Shares):
    way: str = "gh_1"

    def account(self) -> str:
        return self.way


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [("gh_1/link", True), ("gh_1", False), ("gh_2/link", False)],
)
def test_an_item_goes_out_on_one_account_in_one_way(other: str, is_refused: bool) -> None:
    channels: dict[str, Channel] = {"push": OneWay(), "link": OneWay(way=other)}

    if is_refused:
        with pytest.raises(InvalidError) as caught:
            plan.check_ways(["push", "link"], channels)
        assert (caught.value.field, caught.value.code) == ("targets", "two_ways")
    else:
        plan.check_ways(["push", "link"], channels)
