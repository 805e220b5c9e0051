"""Deletions: one article at a time, ten a day, and what only a person can do."""

from __future__ import annotations

import pytest

from channels.wechat.budget import DELETIONS
from publisher.channel import Receipt
from publisher.errors import PermanentError, RetryableError
from tests.channels.wechat.scene import account, refusal
from tests.outlet import Outlet

OUT = {"msg_id": 3147494276, "msg_status": "SEND_SUCCESS"}
SENDING = {"msg_id": 3147494276, "msg_status": "SENDING"}
OK = {"errcode": 0, "errmsg": "ok"}
SECOND = Receipt(remote_id="3147494276:2455891298:2:20991127")
PUBLISHED = Receipt(remote_id="p2247483655:b5O2-article-1:1")


def test_one_article_goes_and_is_known_to_be_gone(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=OUT)
    outlet.answers(body=OK)

    wechat.withdraw(SECOND, reason="有误")
    wechat.withdraw(SECOND, reason="有误")

    assert outlet.received[1:] == [{"msg_id": 3147494276, "article_idx": 2}]
    assert wechat.confirm(key="bundle-7.2", receipt=SECOND) is None
    assert len(outlet.requests) == 2  # nothing else would tell of one article among several


def test_the_others_of_its_push_stay(outlet: Outlet) -> None:
    wechat = account(outlet)
    for answer in (OUT, OK, OUT):
        outlet.answers(body=answer)

    wechat.withdraw(SECOND, reason="有误")

    first = Receipt(remote_id="3147494276:2455891298:1:20991127")
    assert wechat.confirm(key="bundle-7.1", receipt=first) is not None


def test_the_eleventh_deletion_of_a_day_is_a_persons(outlet: Outlet) -> None:
    wechat = account(outlet)
    for place in range(1, DELETIONS + 1):
        outlet.answers(body=OUT)
        outlet.answers(body=OK)
        wechat.withdraw(Receipt(remote_id=f"31474942{place:02}::1:20991127"), reason="有误")

    outlet.answers(body=OUT)
    with pytest.raises(PermanentError) as raised:
        wechat.withdraw(SECOND, reason="有误")

    assert "发表记录" in raised.value.advice
    assert sum("mass/delete" in path for path in outlet.paths) == DELETIONS


def test_a_push_that_is_under_way_costs_no_deletion_however_often_it_is_tried(
    outlet: Outlet,
) -> None:
    wechat = account(outlet)
    outlet.answers(body=SENDING)
    for _ in range(DELETIONS + 1):
        with pytest.raises(RetryableError):
            wechat.withdraw(SECOND, reason="有误")
    outlet.answers(body=SENDING)  # the one that is on now is told once more
    outlet.answers(body=OUT)
    outlet.answers(body=OK)
    with pytest.raises(RetryableError):
        wechat.withdraw(SECOND, reason="有误")
    with pytest.raises(RetryableError):
        wechat.withdraw(SECOND, reason="有误")

    wechat.withdraw(SECOND, reason="有误")

    assert "mass/delete" in outlet.paths[-1]


def test_a_push_whose_state_cannot_be_asked_is_deleted_all_the_same(outlet: Outlet) -> None:
    outlet.answers(body=refusal(45009))
    outlet.answers(body=OK)

    account(outlet).withdraw(SECOND, reason="有误")

    assert outlet.received[1:] == [{"msg_id": 3147494276, "article_idx": 2}]


def test_a_publication_is_deleted_by_its_article(outlet: Outlet) -> None:
    outlet.answers(body=OK)

    account(outlet, mode="publish").withdraw(PUBLISHED, reason="有误")

    assert outlet.received == [{"article_id": "b5O2-article-1", "index": 1}]


def test_a_publication_that_is_gone_already_counts_as_deleted(outlet: Outlet) -> None:
    outlet.answers(body=refusal(53600))

    account(outlet, mode="publish").withdraw(PUBLISHED, reason="有误")

    assert len(outlet.requests) == 1


def test_a_publication_that_is_under_way_is_deleted_later(outlet: Outlet) -> None:
    wechat = account(outlet, mode="publish")
    for _ in range(DELETIONS + 1):
        with pytest.raises(RetryableError):
            wechat.withdraw(Receipt(remote_id="p2247483655::1"), reason="有误")

    assert outlet.requests == []


def test_what_a_person_has_in_hand_only_a_person_takes_back(outlet: Outlet) -> None:
    with pytest.raises(PermanentError) as raised:
        account(outlet, mode="draft").withdraw(Receipt(remote_id="ddraft-1::1"), reason="有误")

    assert "草稿箱" in raised.value.advice
    assert outlet.requests == []
