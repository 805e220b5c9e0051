"""Free publishing with the practice account."""

from __future__ import annotations

import pytest

from tests.channels.rehearsal.wechat.account import Account
from tests.rehearsal import Rehearsal


def test_runs_and_is_then_done(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", job_delay_s=60)
    media_id = account.draft()

    answer = account.post("freepublish/submit", {"media_id": media_id})
    asked = {"publish_id": str(answer["publish_id"])}
    running = account.post("freepublish/get", asked)
    rehearsal.change("wechat", clock_offset_s=61)
    done = account.post("freepublish/get", asked)

    assert running == {"publish_id": answer["publish_id"], "publish_status": 1, "fail_idx": []}
    assert (done["publish_status"], done["article_detail"]["count"]) == (0, 1)
    [article] = rehearsal.visible("wechat")["articles"]
    assert done["article_detail"]["item"] == [{"idx": 1, "article_url": article["url"]}]
    assert article["kind"] == "link"
    assert account.post("draft/get", {"media_id": media_id})["errcode"] == 40007


@pytest.mark.parametrize(("value", "status"), [(None, 3), (2, 2), (4, 4), ("nonsense", 3)])
def test_can_fail_as_it_was_asked_to(
    rehearsal: Rehearsal, account: Account, value: object, status: int
) -> None:
    rehearsal.fault("wechat", "freepublish/submit", "job_fails", value=value)

    publish_id = account.post("freepublish/submit", {"media_id": account.draft()})["publish_id"]

    answer = account.post("freepublish/get", {"publish_id": publish_id})
    assert answer == {"publish_id": publish_id, "publish_status": status, "fail_idx": [1]}
    assert rehearsal.visible("wechat")["articles"] == []


def test_the_same_draft_twice_is_too_often(rehearsal: Rehearsal, account: Account) -> None:
    rehearsal.change("wechat", job_delay_s=60)
    media_id = account.draft()

    first = account.post("freepublish/submit", {"media_id": media_id})
    second = account.post("freepublish/submit", {"media_id": media_id})

    assert (first["errcode"], second["errcode"]) == (0, 53501)


def test_lists_what_was_published_and_never_what_was_pushed(account: Account) -> None:
    account.push(account.draft(title="群发"))
    account.post("freepublish/submit", {"media_id": account.draft(title="链接")})

    listed = account.post("freepublish/batchget", {"offset": 0, "count": 20, "no_content": 1})

    [item] = listed["item"]
    assert listed["total_count"] == 1
    assert item["content"]["news_item"][0]["title"] == "链接"
    whole = account.post("freepublish/getarticle", {"article_id": item["article_id"]})
    assert "放假" in whole["news_item"][0]["content"]


def test_what_was_deleted_is_status_5(rehearsal: Rehearsal, account: Account) -> None:
    publish_id = account.post("freepublish/submit", {"media_id": account.draft()})["publish_id"]
    asked = {"publish_id": publish_id}
    article_id = account.post("freepublish/get", asked)["article_id"]

    wrong = account.post("freepublish/delete", {"article_id": article_id, "index": 2})
    answer = account.post("freepublish/delete", {"article_id": article_id, "index": 1})

    assert (wrong["errcode"], answer["errcode"]) == (40114, 0)
    assert account.post("freepublish/get", asked)["publish_status"] == 5
    assert rehearsal.visible("wechat")["articles"][0]["is_deleted"]
    whole = account.post("freepublish/getarticle", {"article_id": article_id})
    assert whole["news_item"][0]["is_deleted"] is True


def test_knows_no_foreign_ids(account: Account) -> None:
    assert account.post("freepublish/submit", {"media_id": "none"})["errcode"] == 40007
    assert account.post("freepublish/get", {"publish_id": 1})["errcode"] == 53502
    assert account.post("freepublish/getarticle", {"article_id": "none"})["errcode"] == 53600
    assert account.post("freepublish/delete", {"article_id": "none"})["errcode"] == 53600


def test_the_eleventh_deletion_of_a_day_is_refused(account: Account) -> None:
    asked = {"article_id": "none"}

    answers = [account.post("freepublish/delete", asked)["errcode"] for _ in range(11)]

    assert answers == [53600] * 10 + [45009]
