from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.channel import Channel, Content, Receipt, Rendition
from publisher.delivery import recover, worker
from publisher.delivery.works import Works
from publisher.errors import PermanentError
from publisher.model.states import DeliveryState as S
from tests import make
from tests.make import NINE


@dataclass(frozen=True, kw_only=True)
class Sink(Channel):
    """An outlet that bears eight calls at once and cannot be asked."""

    label = "宽渠道"
    at_once = 8

    keys: list[str] = field(default_factory=list)
    inside: list[int] = field(default_factory=lambda: [0, 0])  # now, at most
    hangs: dict[str, threading.Event] = field(default_factory=dict)  # key: until
    refuses: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def render(self, content: Content) -> Rendition:
        return make.PLAIN

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        with self.lock:
            self.keys.append(key)
            self.inside[0] += 1
            self.inside[1] = max(self.inside)
        if key in self.hangs:
            self.hangs[key].wait(10)
        else:
            time.sleep(0.01)
        with self.lock:
            self.inside[0] -= 1
        if key in self.refuses:
            raise PermanentError("no")
        return Receipt(remote_id=f"sink/{key}")


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    for until in made.hangs.values():
        until.set()


@pytest.fixture
def works(tmp_path: Path, sink: Sink) -> Works:
    return make.works(tmp_path, {"gate": sink})


def now() -> datetime:
    return NINE


def test_sends_several_at_once_and_each_once(works: Works, sink: Sink) -> None:
    ids = [make.delivery(works) for _ in range(40)]

    made = worker.run_lane(works, "gate", now=now)

    assert made == 40
    assert sorted(sink.keys) == sorted(f"delivery-{i}" for i in ids)
    assert 2 <= sink.inside[1] <= 8
    assert {make.stored(works, i).remote_id for i in ids} == {f"sink/delivery-{i}" for i in ids}


def test_each_gets_its_own_outcome(works: Works, sink: Sink) -> None:
    ids = [make.delivery(works) for _ in range(20)]
    sink.refuses.update(f"delivery-{i}" for i in ids[::2])

    worker.run_lane(works, "gate", now=now)

    assert {make.stored(works, i).state for i in ids[::2]} == {S.FAILED}
    assert {make.stored(works, i).state for i in ids[1::2]} == {S.ACCEPTED}


def test_takes_no_more_than_it_may(works: Works, sink: Sink) -> None:
    for _ in range(20):
        make.delivery(works)

    made = worker.run_lane(works, "gate", now=now, limit=5)

    assert made == len(sink.keys) == 5


def test_what_cannot_be_looked_up_is_never_claimed_ahead(works: Works, sink: Sink) -> None:
    ids = [make.delivery(works) for _ in range(30)]
    sink.hangs.update({f"delivery-{i}": threading.Event() for i in ids})
    lane = threading.Thread(target=worker.run_lane, args=(works, "gate"), kwargs={"now": now})

    lane.start()
    wait_for(lambda: len(sink.keys) == 8)
    claimed = sum(make.stored(works, i).state == S.SENDING for i in ids)
    for until in sink.hangs.values():
        until.set()
    lane.join(10)

    assert claimed == 8


def test_one_call_that_hangs_holds_up_none_of_the_others_and_is_given_up(
    works: Works, sink: Sink
) -> None:
    ids = [make.delivery(works) for _ in range(30)]
    hung = ids[3]
    sink.hangs[f"delivery-{hung}"] = threading.Event()
    lane = threading.Thread(target=worker.run_lane, args=(works, "gate"), kwargs={"now": now})

    lane.start()
    others = [i for i in ids if i != hung]
    wait_for(lambda: all(make.stored(works, i).state == S.ACCEPTED for i in others))
    [cut] = works.calls.cut(longer_than_s=0)
    recover.recover(works, now=NINE + timedelta(hours=1))
    lane.join(10)

    assert not lane.is_alive()
    assert cut.deliveries == (hung,)
    assert make.stored(works, hung).state == S.UNCONFIRMED
    sink.hangs[f"delivery-{hung}"].set()
    wait_for(lambda: make.stored(works, hung).state == S.ACCEPTED)
    assert make.stored(works, hung).remote_id == f"sink/delivery-{hung}"
    assert len(sink.keys) == 30


def test_once_stopping_it_begins_nothing_and_loses_nothing(works: Works, sink: Sink) -> None:
    ids = [make.delivery(works) for _ in range(30)]
    sink.hangs.update({f"delivery-{i}": threading.Event() for i in ids})
    lane = threading.Thread(target=worker.run_lane, args=(works, "gate"), kwargs={"now": now})

    lane.start()
    wait_for(lambda: len(sink.keys) == 8)
    works.stopping.set()
    for until in sink.hangs.values():
        until.set()
    lane.join(10)

    states = [make.stored(works, i).state for i in ids]
    assert (states.count(S.ACCEPTED), states.count(S.PLANNED)) == (8, 22)


def wait_for(is_so: object) -> None:
    end = time.monotonic() + 10
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)
