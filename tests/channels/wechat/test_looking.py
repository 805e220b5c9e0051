"""What became of it: pushes, publications, drafts in a person's hands; within the day's calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.wechat import looking
from channels.wechat.budget import LOOKS, Budget
from channels.wechat.events import Told, keep
from publisher.channel import CAMPUS_TIME, Receipt
from publisher.errors import UnknownOutcomeError
from tests.channels.wechat.scene import (
    LINK,
    PLACE,
    TOKEN,
    MemoryShelf,
    account,
    drafts_in_box,
    refusal,
)
from tests.outlet import Outlet

KEY = "bundle-7.2"
APPID = "wx0000000000000001"
SENT_ON = (datetime.now(UTC).astimezone(CAMPUS_TIME) - timedelta(days=2)).strftime("%Y%m%d")
PUSHED = Receipt(remote_id=f"3147494276:2455891298:2:{SENT_ON}")
PUBLISHED = Receipt(remote_id="p2247483655::1")
IN_HAND = Receipt(remote_id="ddraft-1::1")
SUCCESS = {"msg_id": 3147494276, "msg_status": "SEND_SUCCESS"}


def called(outlet: Outlet) -> list[str]:
    return [path.partition("?")[0].removeprefix("/cgi-bin/") for path in outlet.paths]


def statistics(*places: int) -> dict[str, Any]:
    rows = [
        {"msgid": f"2455891298_{place}", "content_url": f"https://mp.weixin.qq.com/s/{place}"}
        for place in places
    ]
    return {"list": rows, "is_delay": False}


def publication(status: int, **more: object) -> dict[str, object]:
    return {"publish_id": 2247483655, "publish_status": status, "fail_idx": [], **more}


def test_the_statistics_of_the_day_tell_where_a_pushed_article_is(outlet: Outlet) -> None:
    outlet.answers(body=SUCCESS)
    outlet.answers(body=statistics(1, 2))

    seen = account(outlet).confirm(key=KEY, receipt=PUSHED)

    assert seen is not None
    assert seen.url == "https://mp.weixin.qq.com/s/2"
    day = f"{SENT_ON[:4]}-{SENT_ON[4:6]}-{SENT_ON[6:]}"
    assert outlet.requests[-1].path.startswith("/datacube/getarticletotaldetail?")
    assert outlet.requests[-1].json == {"begin_date": day, "end_date": day}


def test_the_articles_of_one_push_share_the_questions(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=SUCCESS)
    outlet.answers(body=statistics(1, 2))
    first = Receipt(remote_id=PUSHED.remote_id.replace(":2:", ":1:"))

    urls = [seen.url for one in (first, PUSHED) if (seen := wechat.confirm(key=KEY, receipt=one))]

    assert urls == ["https://mp.weixin.qq.com/s/1", "https://mp.weixin.qq.com/s/2"]
    assert called(outlet) == ["message/mass/get", "/datacube/getarticletotaldetail"]


def test_statistics_that_come_late_are_asked_for_again(outlet: Outlet) -> None:
    shelf = MemoryShelf(**{PLACE: TOKEN})
    for answer in (SUCCESS, statistics(1)):
        outlet.answers(body=answer)

    seen = account(outlet, shelf=shelf).confirm(key=KEY, receipt=PUSHED)

    assert seen is not None
    assert seen.url == ""
    assert shelf.ttl_s[f"wechat-addresses-{APPID}-{SENT_ON}"] < timedelta(days=1).total_seconds()


def test_an_address_that_is_known_is_not_asked_for_again(outlet: Outlet) -> None:
    outlet.answers(body=SUCCESS)

    seen = account(outlet).confirm(
        key=KEY, receipt=Receipt(remote_id=PUSHED.remote_id, url="https://mp.weixin.qq.com/s/2")
    )

    assert seen is not None
    assert seen.url == "https://mp.weixin.qq.com/s/2"
    assert called(outlet) == ["message/mass/get"]


def test_an_account_that_may_not_see_statistics_is_confirmed_all_the_same(outlet: Outlet) -> None:
    outlet.answers(body=SUCCESS)
    outlet.answers(body=refusal(48001))

    seen = account(outlet).confirm(key=KEY, receipt=PUSHED)

    assert seen is not None
    assert seen.url == ""


def test_on_the_day_of_the_push_there_are_no_statistics_yet(outlet: Outlet) -> None:
    today = datetime.now(CAMPUS_TIME).strftime("%Y%m%d")
    outlet.answers(body=SUCCESS)

    account(outlet).confirm(key=KEY, receipt=Receipt(remote_id=f"3147494276:2455891298:1:{today}"))

    assert called(outlet) == ["message/mass/get"]


def test_what_wechat_reported_comes_before_the_statistics(outlet: Outlet) -> None:
    shelf = MemoryShelf(**{PLACE: TOKEN})
    told = Told(is_success=True, addresses={2: "https://mp.weixin.qq.com/s/told"})
    keep(shelf, APPID, "3147494276", told)
    outlet.answers(body=SUCCESS)

    seen = account(outlet, shelf=shelf).confirm(key=KEY, receipt=PUSHED)

    assert seen is not None
    assert seen.url == "https://mp.weixin.qq.com/s/told"
    assert called(outlet) == ["message/mass/get"]


def test_what_wechat_reported_explains_what_is_not_out(outlet: Outlet) -> None:
    shelf = MemoryShelf(**{PLACE: TOKEN})
    keep(shelf, APPID, "3147494276", Told(is_success=False, advice="群发失败：管理员拒绝了群发"))
    outlet.answers(body={"msg_id": 3147494276, "msg_status": "SENDING"})

    with pytest.raises(UnknownOutcomeError) as raised:
        account(outlet, shelf=shelf).confirm(key=KEY, receipt=PUSHED)

    assert "管理员拒绝了群发" in raised.value.advice


def test_looks_end_with_the_calls_of_the_day_and_say_so(outlet: Outlet) -> None:
    shelf = MemoryShelf(**{PLACE: TOKEN})
    budget = Budget(appid=APPID, kind="look", most=LOOKS, shelf=shelf)
    while budget.take():
        continue

    with pytest.raises(UnknownOutcomeError) as raised:
        account(outlet, shelf=shelf).confirm(key=KEY, receipt=PUSHED)

    assert "次数已用完" in raised.value.advice
    assert outlet.requests == []


def test_a_publication_that_is_out_has_its_address_and_a_name_to_delete_it_by(
    outlet: Outlet,
) -> None:
    items = [{"idx": 1, "article_url": "https://mp.weixin.qq.com/s/AAA"}]
    detail = {"count": 1, "item": items}
    outlet.answers(body=publication(0, article_id="b5O2-article-1", article_detail=detail))

    seen = account(outlet, mode="publish").confirm(key=KEY, receipt=PUBLISHED)

    assert seen is not None
    assert seen.url == "https://mp.weixin.qq.com/s/AAA"
    assert seen.remote_id == "p2247483655:b5O2-article-1:1"


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6])
def test_a_publication_that_failed_was_deleted_or_blocked_is_not_there(
    outlet: Outlet, status: int
) -> None:
    outlet.answers(body=publication(status))

    assert account(outlet, mode="publish").confirm(key=KEY, receipt=PUBLISHED) is None


@pytest.mark.parametrize("body", [publication(1), publication(9), refusal(53502), refusal(-1), {}])
def test_every_other_answer_about_a_publication_proves_nothing(
    outlet: Outlet, body: dict[str, object]
) -> None:
    outlet.answers(body=body)

    with pytest.raises(UnknownOutcomeError):
        account(outlet, mode="publish").confirm(key=KEY, receipt=PUBLISHED)


def published(key: str) -> dict[str, object]:
    news = {"content_source_url": f"{LINK}?wx={key}", "url": "https://mp.weixin.qq.com/s/AAA"}
    return {"item": [{"article_id": "b5O2-article-1", "content": {"news_item": [news]}}]}


def test_a_publication_whose_answer_was_lost_is_found_by_its_key(outlet: Outlet) -> None:
    outlet.answers(body=published(KEY))

    seen = account(outlet, mode="publish").confirm(key=KEY, receipt=None)

    assert seen is not None
    assert seen.url == "https://mp.weixin.qq.com/s/AAA"
    assert seen.remote_id == "p0:b5O2-article-1:1"


def test_one_that_is_not_among_the_publications_proves_nothing(outlet: Outlet) -> None:
    outlet.answers(body=published("bundle-8.1"))
    outlet.answers(body=drafts_in_box(KEY))

    with pytest.raises(UnknownOutcomeError) as raised:
        account(outlet, mode="publish").confirm(key=KEY, receipt=None)

    assert "还在草稿箱" in raised.value.advice


@pytest.mark.parametrize(
    ("body", "is_there"),
    [
        ({"news_item": [{"is_deleted": False}]}, True),
        ({"news_item": [{"is_deleted": True}]}, False),
        ({"news_item": []}, False),
        (refusal(53600), False),
    ],
)
def test_one_that_was_found_is_looked_at_by_its_article(
    outlet: Outlet, body: dict[str, object], is_there: bool
) -> None:
    found = Receipt(remote_id="p0:b5O2-article-1:1", url="https://mp.weixin.qq.com/s/AAA")
    outlet.answers(body=body)

    seen = account(outlet, mode="publish").confirm(key=KEY, receipt=found)

    assert (seen is not None) == is_there


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"news_item": [{"title": "停水通知"}]}, "等人发表"),
        (refusal(40007), "多半已经发表"),
    ],
)
def test_a_draft_in_a_persons_hands_proves_nothing_but_says_what_to_do(
    outlet: Outlet, body: dict[str, object], said: str
) -> None:
    outlet.answers(body=body)

    with pytest.raises(UnknownOutcomeError) as raised:
        account(outlet, mode="draft").confirm(key=KEY, receipt=IN_HAND)

    assert said in raised.value.advice


def test_what_was_confirmed_is_looked_at_three_times_more() -> None:
    hour, day = 3600.0, 86400.0

    assert [looking.watch_after_s(looks) for looks in range(4)] == [hour, day, 3 * day, None]
