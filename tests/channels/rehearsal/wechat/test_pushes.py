"""Mass sending with the practice account."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from publisher.channel import CAMPUS_TIME
from tests.channels.rehearsal.wechat.account import Account
from tests.rehearsal import Rehearsal

DAY_S = 86400


def status(account: Account, msg_id: object) -> str:
    return str(account.post("message/mass/get", {"msg_id": msg_id})["msg_status"])


def test_is_accepted_first_and_sent_later(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", job_delay_s=60)
    media_id = account.draft()

    answer = account.push(media_id)
    before = (status(account, answer["msg_id"]), rehearsal.visible("wechat")["articles"])
    rehearsal.change("wechat", clock_offset_s=61)

    assert answer["errmsg"] == "send job submission success"
    assert before == ("SENDING", [])
    assert status(account, str(answer["msg_id"])) == "SEND_SUCCESS"
    [article] = rehearsal.visible("wechat")["articles"]
    assert (article["msg_id"], article["kind"]) == (answer["msg_id"], "push")
    assert article["title"] == "关于国庆放假安排的通知"
    assert article["source_url"] == "https://www.example.edu.cn/notice/123.html?wx=a1"
    assert not article["is_deleted"]


def test_the_draft_leaves_the_box_when_it_is_sent(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", job_delay_s=60)
    media_id = account.draft()
    account.push(media_id)

    before = account.get("draft/count")
    rehearsal.change("wechat", clock_offset_s=61)

    assert before == {"total_count": 1}
    assert account.post("draft/get", {"media_id": media_id})["errcode"] == 40007


def test_a_job_that_fails_reaches_nobody(rehearsal: Rehearsal, account: Account) -> None:
    media_id = account.draft()
    rehearsal.fault("wechat", "message/mass/sendall", "job_fails")

    answer = account.push(media_id)

    assert status(account, answer["msg_id"]) == "SEND_FAIL"
    assert rehearsal.visible("wechat")["articles"] == []
    assert account.get("draft/count") == {"total_count": 1}


def test_an_id_that_is_known_is_refused_with_its_job(
    rehearsal: Rehearsal, account: Account
) -> None:
    first = account.push(account.draft(), "same")
    other = account.draft()

    at_once = account.push(other, "same")
    rehearsal.change("wechat", clock_offset_s=61)
    later = account.push(other, "same")

    assert at_once["errcode"] == 45066
    assert (later["errcode"], later["msg_id"]) == (45065, first["msg_id"])
    assert len(rehearsal.visible("wechat")["articles"]) == 1


def test_an_id_is_forgotten_after_a_day(rehearsal: Rehearsal, account: Account) -> None:
    account.push(account.draft(), "same")
    media_id = account.draft()
    rehearsal.change("wechat", clock_offset_s=DAY_S + 1)
    fresh = Account(rehearsal)

    assert fresh.push(media_id, "same")["errcode"] == 0


def test_the_same_content_is_refused_without_an_id_too(
    rehearsal: Rehearsal, account: Account
) -> None:
    cover = account.cover()
    first = account.push(account.draft(thumb_media_id=cover))
    rehearsal.change("wechat", clock_offset_s=61)

    again = account.push(account.draft(thumb_media_id=cover))
    other = account.push(account.draft(thumb_media_id=cover, title="另一篇"))

    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert other["errcode"] == 0


@pytest.mark.parametrize(("length", "errcode"), [(32, 0), (33, 45067)])
def test_an_id_has_up_to_32_bytes(account: Account, length: int, errcode: int) -> None:
    assert account.push(account.draft(), "k" * length)["errcode"] == errcode


def test_the_allowance_is_counted_by_the_day_in_shanghai(
    rehearsal: Rehearsal, account: Account
) -> None:
    now = datetime.now(CAMPUS_TIME)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    to_midnight_s = (midnight - now).total_seconds()
    rehearsal.change("wechat", daily_pushes=1, clock_offset_s=to_midnight_s - 300)
    before = Account(rehearsal)

    first = before.push(before.draft(title="一"))["errcode"]
    second = before.push(before.draft(title="二"))["errcode"]
    rehearsal.change("wechat", clock_offset_s=to_midnight_s + 300)
    third = before.push(before.draft(title="三"))["errcode"]

    assert (first, second, third) == (0, 45028, 0)


def test_the_same_draft_twice_is_too_fast(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", job_delay_s=60)
    media_id = account.draft()

    assert account.push(media_id, "one")["errcode"] == 0
    assert account.push(media_id, "two")["errcode"] == 42010


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"filter": None}, 40035),
        ({"filter": {"is_to_all": False}}, 40152),
        ({"filter": {"is_to_all": False, "tag_id": 9}}, 40152),
        ({"filter": {"is_to_all": False, "tag_id": 101}}, 0),
        ({"msgtype": "text"}, 40008),
        ({"mpnews": {"media_id": "P0HLl-unknown"}}, 40007),
        ({"mpnews": None}, 40007),
    ],
)
def test_a_push_has_its_rules(account: Account, changes: dict[str, object], errcode: int) -> None:
    body = {
        "filter": {"is_to_all": True},
        "mpnews": {"media_id": account.draft()},
        "msgtype": "mpnews",
    }

    assert account.post("message/mass/sendall", body | changes)["errcode"] == errcode


def test_an_unknown_job_is_40059(account: Account) -> None:
    for call in ("message/mass/get", "message/mass/delete"):
        assert account.post(call, {"msg_id": 1})["errcode"] == 40059


def test_takes_down_one_article_or_all(rehearsal: Rehearsal, account: Account) -> None:
    articles = [account.article(title=title) for title in ("一", "二", "三")]
    media_id = account.post("draft/add", {"articles": articles})["media_id"]
    msg_id = account.push(media_id)["msg_id"]

    account.post("message/mass/delete", {"msg_id": msg_id, "article_idx": 2})
    one = [article["is_deleted"] for article in rehearsal.visible("wechat")["articles"]]
    status_of_one = status(account, msg_id)
    account.post("message/mass/delete", {"msg_id": msg_id})
    seen = rehearsal.visible("wechat")["articles"]

    assert one == [False, True, False]
    assert status_of_one == "SEND_SUCCESS"
    assert [article["is_deleted"] for article in seen] == [True, True, True]
    assert {article["content"] for article in seen} == {""}
    assert status(account, msg_id) == "DELETE"


def test_takes_down_by_address(rehearsal: Rehearsal, account: Account) -> None:
    account.push(account.draft())
    [article] = rehearsal.visible("wechat")["articles"]

    answer = account.post("message/mass/delete", {"url": article["url"]})
    unknown = account.post("message/mass/delete", {"url": "https://mp.weixin.qq.com/s/none"})

    assert (answer["errcode"], unknown["errcode"]) == (0, 40059)
    assert rehearsal.visible("wechat")["articles"][0]["is_deleted"]


def test_what_is_not_sent_yet_cannot_be_taken_down(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", job_delay_s=60)
    msg_id = account.push(account.draft())["msg_id"]

    assert account.post("message/mass/delete", {"msg_id": msg_id})["errcode"] == 40065


def test_there_is_no_second_article_to_take_down(account: Account) -> None:
    msg_id = account.push(account.draft())["msg_id"]

    answer = account.post("message/mass/delete", {"msg_id": msg_id, "article_idx": 2})

    assert answer["errcode"] == 40060


@pytest.mark.parametrize(
    ("receiver", "errcode"),
    [
        ({"touser": "o" * 28}, 0),
        ({"touser": "o" * 27}, 40003),
        ({"touser": "o", "towxname": "reviewer_wx"}, 0),
        ({}, 40003),
    ],
)
def test_previews_to_one_follower(account: Account, receiver: dict[str, str], errcode: int) -> None:
    body = {"mpnews": {"media_id": account.draft()}, "msgtype": "mpnews"} | receiver

    assert account.post("message/mass/preview", body)["errcode"] == errcode
    assert account.get("draft/count") == {"total_count": 1}


def test_statistics_tell_the_address_on_the_next_day(
    rehearsal: Rehearsal, account: Account
) -> None:
    data_id = account.push(account.draft())["msg_data_id"]
    today = datetime.now(CAMPUS_TIME).date().isoformat()
    asked = {"begin_date": today, "end_date": today}

    same_day = account.post("datacube/getarticletotaldetail", asked)
    rehearsal.change("wechat", clock_offset_s=DAY_S)
    fresh = Account(rehearsal)
    next_day = fresh.post("datacube/getarticletotaldetail", asked)

    assert same_day["errcode"] == 61501
    [row] = next_day["list"]
    assert row["msgid"] == f"{data_id}_1"
    assert row["content_url"] == rehearsal.visible("wechat")["articles"][0]["url"]
