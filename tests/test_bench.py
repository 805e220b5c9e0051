from __future__ import annotations

import importlib
import pkgutil
from functools import partial

import pytest

from tests import bench
from tests.bench import measure

PEERS = (
    "celery",
    "dramatiq",
    "huey",
    "apprise",
    "procrastinate",
)  # of the bench group; need a store
MODULES = [
    one.name
    for one in pkgutil.walk_packages(bench.__path__, "tests.bench.")
    if one.name.rpartition(".")[2] not in (*PEERS, "__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_every_bench_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__


def test_a_ratio_compares_only_within_a_round() -> None:
    found = {"ours": [10.0, 300.0, 60.0], "bare": [5.0, 100.0, 15.0]}

    assert str(measure.ratio(found, "ours", "bare")) == "3.00 (2.00–4.00)"


def test_rounds_are_interleaved() -> None:
    order: list[str] = []

    def measured(name: str) -> float:
        order.append(name)
        return len(order)

    found = measure.rounds({name: partial(measured, name) for name in "ab"}, 2)

    assert order == ["a", "b", "a", "b"]
    assert found == {"a": [1, 3], "b": [2, 4]}


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]

    assert measure.percentile(values, 50) == 51
    assert measure.percentile(values, 99) == 100
    assert measure.percentile([7.0], 99) == 7


def test_a_peer_that_falls_short_is_out_and_ours_ends_the_bench() -> None:
    def short() -> float:
        raise measure.FellShortError("3 of 5 arrived")

    contenders = {"bare": lambda: 1.0, "peer": short}

    assert measure.rounds(contenders, 2, may_fail={"peer"}) == {"bare": [1.0, 1.0]}
    with pytest.raises(measure.FellShortError):
        measure.rounds(contenders, 2)
