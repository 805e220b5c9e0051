from __future__ import annotations

import threading

from publisher.delivery.lanes import Lanes


def test_a_lane_never_runs_twice_at_once_and_forgets_no_wake() -> None:
    lanes, inside, most, runs = Lanes(), [0], [0], [0]
    gate = threading.Event()

    def work() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        runs[0] += 1
        gate.wait(5)
        inside[0] -= 1

    for _ in range(5):
        lanes.wake("gate", work)
    gate.set()

    assert lanes.rest(5)
    assert most == [1]
    assert runs == [2]


def test_a_lane_that_hangs_delays_only_itself() -> None:
    lanes, done, release = Lanes(), threading.Event(), threading.Event()

    lanes.wake("hangs", lambda: release.wait(5))
    lanes.wake("works", done.set)

    assert done.wait(5)
    assert "hangs" in lanes.busy()
    release.set()


def test_a_fault_does_not_end_a_lane_for_good() -> None:
    lanes, done = Lanes(), threading.Event()

    lanes.wake("gate", lambda: 1 / 0)
    assert lanes.rest(5)
    lanes.wake("gate", done.set)

    assert done.wait(5)


def test_a_closed_pool_begins_nothing_more() -> None:
    lanes, done = Lanes(), threading.Event()

    lanes.close()
    lanes.wake("gate", done.set)

    assert lanes.busy() == ()
    assert not done.is_set()
