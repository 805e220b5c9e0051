from __future__ import annotations

import threading
import time

import pytest

from publisher.delivery.engine import Kind, Work
from publisher.delivery.lanes import Lanes

GATE, HANGS = Work(Kind.SEND, "gate"), Work(Kind.SEND, "hangs")
TAKE_DOWN = Work(Kind.TAKE_DOWN, "gate")


def test_a_lane_never_runs_twice_at_once_and_forgets_no_wake() -> None:
    inside, most, runs = [0], [0], [0]
    gate = threading.Event()

    def work(_: Work) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        runs[0] += 1
        gate.wait(5)
        inside[0] -= 1

    lanes = Lanes(work)
    for _ in range(5):
        lanes.wake(GATE)
    gate.set()

    assert lanes.rest(5)
    assert most == [1]
    assert runs == [2]


def test_a_lane_that_hangs_delays_only_itself() -> None:
    done, release = threading.Event(), threading.Event()
    lanes = Lanes(lambda work: release.wait(5) if work == HANGS else done.set())

    lanes.wake(HANGS)
    lanes.wake(GATE)

    assert done.wait(5)
    assert HANGS.name in lanes.busy()
    release.set()


def test_a_lane_that_is_given_up_goes_on_in_another_thread() -> None:
    release, runs = threading.Event(), []

    def work(_: Work) -> None:
        runs.append(threading.get_ident())
        if len(runs) == 1:
            release.wait(5)

    lanes = Lanes(work, threads=1)
    lanes.wake(GATE)
    until(lambda: len(runs) == 1)
    lanes.wake(GATE)
    lanes.give_up(GATE.name)

    assert lanes.rest(5)
    assert len(set(runs)) == 2
    release.set()


def test_a_thread_that_was_given_up_ends_nothing_when_it_returns() -> None:
    first, second, runs = threading.Event(), threading.Event(), []

    def work(_: Work) -> None:
        runs.append(threading.current_thread())
        (first if len(runs) == 1 else second).wait(5)

    lanes = Lanes(work)
    lanes.wake(GATE)
    until(lambda: len(runs) == 1)
    lanes.give_up(GATE.name)
    lanes.wake(GATE)
    until(lambda: len(runs) == 2)
    first.set()
    runs[0].join(5)

    assert lanes.busy() == (GATE.name,)
    second.set()
    assert lanes.rest(5)


def test_more_lanes_than_threads_wait_their_turn() -> None:
    inside, most, lock = [0], [0], threading.Lock()

    def work(_: Work) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        with lock:
            inside[0] -= 1

    lanes = Lanes(work, threads=3)
    for number in range(12):
        lanes.wake(Work(Kind.SEND, str(number)))

    assert lanes.rest(5)
    assert most[0] <= 3


@pytest.mark.parametrize(
    ("waits_for_nothing", "hangs"),
    [(TAKE_DOWN, Kind.SEND), (GATE, Kind.LOOK), (TAKE_DOWN, Kind.LOOK), (GATE, Kind.CHECK)],
)
def test_no_kind_of_work_waits_for_another_that_hangs(waits_for_nothing: Work, hangs: Kind) -> None:
    done, release = threading.Event(), threading.Event()
    lanes = Lanes(
        lambda work: done.set() if work == waits_for_nothing else release.wait(5), threads=4
    )
    for number in range(9):
        lanes.wake(Work(hangs, str(number)))

    lanes.wake(waits_for_nothing)
    has_begun = done.wait(2)
    release.set()

    assert has_begun
    assert lanes.rest(5)


def test_a_fault_does_not_end_a_lane_for_good() -> None:
    runs: list[Work] = []

    def work(wanted: Work) -> None:
        runs.append(wanted)
        raise ZeroDivisionError

    lanes = Lanes(work)
    lanes.wake(GATE)
    assert lanes.rest(5)
    lanes.wake(GATE)

    assert lanes.rest(5)
    assert len(runs) == 2


def test_a_closed_pool_begins_nothing_more() -> None:
    done = threading.Event()
    lanes = Lanes(lambda work: done.set())

    lanes.close()
    lanes.wake(GATE)

    assert lanes.busy() == ()
    assert not done.is_set()


def until(is_so: object) -> None:
    end = time.monotonic() + 5
    while not is_so() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.005)
