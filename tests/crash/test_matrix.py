"""A process is killed at some step of an item's life, and the outlet has a fault besides.

Whatever happens, the public never sees anything twice, all of it ends or is left to a person in
time, and what is withdrawn is gone. An ordinary run plays some deaths of each pair of channel and
fault, chosen so that together they cover all steps; `PUBLISHER_TEST_ALL_DEATHS=1` plays them all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests import postgres
from tests.crash import matrix
from tests.crash.life import Case
from tests.crash.matrix import PAIRS, Stage
from tests.crash.outlet import Fault, Post, most_at_once

STEP = 1 if os.environ.get("PUBLISHER_TEST_ALL_DEATHS") else 12
COMMITS_OF_ONE = 5  # that one of two workers makes at least, mostly
EACH_PAIR = pytest.mark.parametrize(
    ("channel", "fault"), PAIRS, ids=[f"{channel}, {fault}" for channel, fault in PAIRS]
)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("crash")
    with matrix.stage(folder, f"sqlite:///{folder / 'publisher.db'}") as made:
        yield made


@pytest.fixture(scope="module")
def on_postgres(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: postgres.Server
) -> Iterator[Stage]:
    url = postgres_server.create()
    with matrix.stage(tmp_path_factory.mktemp("crash"), url) as made:
        yield made
    postgres_server.drop(url)


def some(deaths: list[Case], channel: str, fault: Fault, *, step: int = STEP) -> list[Case]:
    """Return each so-many-th death, one at least; every pair begins at another one."""
    first = PAIRS.index((channel, fault)) % min(step, len(deaths))
    return deaths[first::step]


@EACH_PAIR
def test_a_process_that_dies_at_any_step_loses_nothing_and_repeats_nothing(
    embedded: Stage, channel: str, fault: Fault
) -> None:
    for death in some(embedded.deaths_of(channel, fault), channel, fault):
        embedded.play(death)

    assert embedded.deaths[f"{channel}, {fault}"]


@EACH_PAIR
def test_a_process_that_dies_on_postgresql_loses_nothing_and_repeats_nothing(
    on_postgres: Stage, channel: str, fault: Fault
) -> None:
    for death in some(on_postgres.deaths_of(channel, fault), channel, fault, step=2 * STEP):
        on_postgres.play(death)


@EACH_PAIR
def test_of_two_workers_one_dies_and_the_other_loses_nothing_and_repeats_nothing(
    on_postgres: Stage, channel: str, fault: Fault
) -> None:
    whole = Case(folder="", database="", outlet="", channel=channel, fault=fault)
    numbers = range(1, COMMITS_OF_ONE + 1)
    deaths = [
        *(replace(whole, commit=number) for number in numbers),
        *(replace(whole, commit=number, is_after=True) for number in numbers),
        *(replace(whole, call=number) for number in (1, 2, 3)),
    ]
    for death in some(deaths, channel, fault):
        on_postgres.play_with_two(death)


def test_the_judge_sees_what_is_there_twice() -> None:
    once = Post("post-1", "key", "通知", from_s=0.0, until_s=50.0)
    beside = Post("post-2", "key", "通知", from_s=40.0)
    afterwards = Post("post-2", "key", "通知", from_s=50.0)

    assert most_at_once([once, beside]) == 2
    assert most_at_once([once, afterwards]) == 1
