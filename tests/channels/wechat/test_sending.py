"""Digests, the three ways, and the repeat of a lost push."""

from __future__ import annotations

import dataclasses
import json

import pytest

from channels.wechat import WeChat
from channels.wechat.receipts import article_of
from publisher.channel import Receipt, Rendition
from publisher.errors import PermanentError, SpentError, UnknownOutcomeError
from tests.channels.wechat.scene import (
    NOTICE,
    account,
    draft_of_all,
    drafts_in_box,
    picture,
    refusal,
)
from tests.outlet import Outlet

KEY = "bundle-7"
HANDLE = json.dumps({"draft": "draft-1"})
SENT = {"errcode": 0, "errmsg": "ok", "msg_id": 3147494276, "msg_data_id": 2455891298}
TITLES = ("停水通知", "停电通知", "放假通知")


def digest(wechat: WeChat) -> list[Rendition]:
    return [wechat.render(dataclasses.replace(NOTICE, title=title)) for title in TITLES]


def receipts(outcomes: object) -> list[Receipt]:
    assert isinstance(outcomes, list)
    assert all(isinstance(one, Receipt) for one in outcomes)
    return outcomes


def called(outlet: Outlet) -> list[str]:
    return [path.partition("?")[0].removeprefix("/cgi-bin/") for path in outlet.paths]


def test_several_articles_are_one_draft_in_their_order_each_with_its_own_key(
    outlet: Outlet,
) -> None:
    wechat = account(outlet)
    outlet.answers(body=drafts_in_box())
    for number in range(3):
        outlet.answers(body={"media_id": f"cover-{number}"})
    outlet.answers(body={"media_id": "draft-1"})
    outlet.answers(body=draft_of_all(*digest(wechat)))

    handle = wechat.prepare_bundle(digest(wechat), key=KEY)

    assert json.loads(handle) == {"draft": "draft-1"}
    articles = outlet.requests[-2].json["articles"]
    assert [one["title"] for one in articles] == list(TITLES)
    assert [one["content_source_url"].rpartition("=")[2] for one in articles] == [
        f"{KEY}.{place}" for place in (1, 2, 3)
    ]
    assert {one["digest"] for one in articles} == {""}  # only a single article shows one


def test_the_same_picture_is_uploaded_once_for_an_account(outlet: Outlet) -> None:
    wechat = account(outlet)
    shown = picture(300, 200)
    body = '<p><img src="media:a.png" alt="图"></p>'
    rendition = wechat.render(dataclasses.replace(NOTICE, body=body, images=(shown,)))
    outlet.answers(body=drafts_in_box())
    outlet.answers(body={"url": "http://mmbiz.qpic.cn/p/0"})
    outlet.answers(body={"media_id": "cover-1"})
    outlet.answers(body={"media_id": "draft-1"})
    outlet.answers(body=draft_of_all(rendition))
    outlet.answers(body=drafts_in_box())
    outlet.answers(body={"media_id": "draft-2"})
    outlet.answers(body=draft_of_all(rendition))

    wechat.prepare_bundle([rendition], key="bundle-1")
    wechat.prepare_bundle([rendition], key="bundle-2")

    assert called(outlet).count("media/uploadimg") == 1
    assert called(outlet).count("material/add_material") == 1


def test_a_cover_that_was_deleted_in_the_console_is_uploaded_anew(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body=drafts_in_box())
    outlet.answers(body={"media_id": "cover-1"})
    outlet.answers(body=refusal(40007))
    outlet.answers(body={"media_id": "cover-2"})
    outlet.answers(body={"media_id": "draft-1"})
    outlet.answers(body=draft_of_all(rendition))

    wechat.prepare_bundle([rendition], key=KEY)

    assert outlet.requests[-2].json["articles"][0]["thumb_media_id"] == "cover-2"


def test_a_cover_that_wechat_never_takes_ends_the_try(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=drafts_in_box())
    for number in (1, 2):
        outlet.answers(body={"media_id": f"cover-{number}"})
        outlet.answers(body=refusal(40007))

    with pytest.raises(PermanentError) as raised:
        wechat.prepare_bundle([wechat.render(NOTICE)], key=KEY)

    assert "封面" in raised.value.advice


def test_a_digest_is_one_push_with_a_receipt_for_each_article(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=draft_of_all(*digest(wechat)))
    outlet.answers(body=SENT)

    outcomes = receipts(wechat.deliver_bundle(digest(wechat), key=KEY, handle=HANDLE))

    articles = [article_of(one) for one in outcomes]
    assert [one.place for one in articles if one] == [1, 2, 3]
    assert {(one.job, one.data) for one in articles if one} == {("3147494276", "2455891298")}
    assert called(outlet).count("message/mass/sendall") == 1


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 1)], ids=["moved", "one gone"])
def test_a_digest_that_someone_rearranged_is_not_pushed(
    outlet: Outlet, order: tuple[int, ...]
) -> None:
    wechat = account(outlet)
    all_of_it = digest(wechat)
    outlet.answers(body=draft_of_all(*(all_of_it[place] for place in order)))

    with pytest.raises(PermanentError):
        wechat.deliver_bundle(all_of_it, key=KEY, handle=HANDLE)

    assert called(outlet) == ["draft/get"]


def test_a_push_with_no_allowance_left_spends_the_day(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=draft_of_all(*digest(wechat)))
    outlet.answers(body=refusal(45028, "has no masssend quota"))

    with pytest.raises(SpentError) as raised:
        wechat.deliver_bundle(digest(wechat), key=KEY, handle=HANDLE)

    assert raised.value.period == "day"


def test_the_repeat_is_the_same_push_and_45065_says_that_the_first_arrived(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=draft_of_all(*digest(wechat)))
    outlet.takes_it_and_hangs_up()
    outlet.answers(body=draft_of_all(*digest(wechat)))
    outlet.answers(body=refusal(45065, "clientmsgid exist", msg_id=3147494276))
    outlet.answers(body={"msg_id": 3147494276, "msg_status": "SENDING"})

    with pytest.raises(UnknownOutcomeError):
        wechat.deliver_bundle(digest(wechat), key=KEY, handle=HANDLE)
    outcomes = receipts(wechat.repeat(digest(wechat), key=KEY, handle=HANDLE))

    first, again = (outlet.requests[number].json for number in (1, 3))
    assert first == again
    assert [one.remote_id.split(":")[0] for one in outcomes] == ["3147494276"] * 3
    assert called(outlet).count("draft/add") == 0


def test_the_repeat_of_a_push_whose_draft_is_gone_goes_by_its_key(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=refusal(40007))
    outlet.answers(body=refusal(40007))

    with pytest.raises(UnknownOutcomeError) as raised:
        wechat.repeat(digest(wechat), key=KEY, handle=HANDLE)

    assert "可能已经发出" in raised.value.advice
    assert called(outlet) == ["draft/get", "message/mass/sendall"]


def test_a_draft_that_was_changed_is_not_pushed_again(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=draft_of_all(*digest(wechat)[:2]))

    with pytest.raises(UnknownOutcomeError) as raised:
        wechat.repeat(digest(wechat), key=KEY, handle=HANDLE)

    assert "被改过" in raised.value.advice
    assert called(outlet) == ["draft/get"]


def test_the_administrator_who_has_not_confirmed_is_waited_for(outlet: Outlet) -> None:
    wechat = account(outlet)
    outlet.answers(body=draft_of_all(*digest(wechat)))
    outlet.answers(body=refusal(89505, "in administrator confirmation"))

    with pytest.raises(UnknownOutcomeError) as raised:
        wechat.deliver_bundle(digest(wechat), key=KEY, handle=HANDLE)

    assert "管理员" in raised.value.advice


def test_a_quiet_publication_goes_out_alone_and_is_known_by_its_number(outlet: Outlet) -> None:
    wechat = account(outlet, mode="publish")
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of_all(rendition))
    outlet.answers(body={"errcode": 0, "publish_id": 2247483655, "msg_data_id": 1})

    [receipt] = receipts(wechat.deliver_bundle([rendition], key=KEY, handle=HANDLE))

    assert wechat.max_bundle == 1
    assert receipt.remote_id == "p2247483655::1"
    assert outlet.requests[-1].json == {"media_id": "draft-1"}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", {"errcode": 0}, refusal(-1), refusal(40007), refusal(123456)]
)
def test_an_answer_to_a_publication_that_says_nothing_is_an_unknown_outcome(
    outlet: Outlet, body: object
) -> None:
    wechat = account(outlet, mode="publish")
    rendition = wechat.render(NOTICE)
    outlet.answers(body=draft_of_all(rendition))
    outlet.answers(body=body)

    with pytest.raises(UnknownOutcomeError):
        wechat.deliver_bundle([rendition], key=KEY, handle=HANDLE)


def test_a_publication_is_never_made_again_by_itself(outlet: Outlet) -> None:
    wechat = account(outlet, mode="publish")

    with pytest.raises(UnknownOutcomeError):
        wechat.repeat([wechat.render(NOTICE)], key=KEY, handle=HANDLE)

    assert outlet.requests == []


def test_a_draft_is_left_to_a_person_with_exact_steps(outlet: Outlet) -> None:
    wechat = account(outlet, mode="draft", person="赵琳")
    outlet.answers(body=draft_of_all(*digest(wechat)))

    outcomes = receipts(wechat.deliver_bundle(digest(wechat), key=KEY, handle=HANDLE))

    assert [one.remote_id for one in outcomes] == [f"ddraft-1::{place}" for place in (1, 2, 3)]
    assert "草稿箱" in outcomes[0].awaits
    assert "《停水通知》" in outcomes[0].awaits
    assert wechat.assignee() == "赵琳"
    assert len(wechat.steps(digest(wechat)[0])) == 5
    assert called(outlet) == ["draft/get"]


def test_where_a_machine_does_all_nobody_has_steps() -> None:
    assert account(Outlet(url="")).steps(account(Outlet(url="")).render(NOTICE)) == ()


@pytest.mark.parametrize(
    ("to", "named"),
    [("wang_jg", "towxname"), ("oAbCdEfGhIjKlMnOpQrStUvWxYz1", "touser")],
)
def test_a_preview_goes_to_one_person_and_leaves_no_draft(
    outlet: Outlet, to: str, named: str
) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body={"media_id": "cover-1"})
    outlet.answers(body={"media_id": "draft-1"})
    outlet.answers(body=draft_of_all(rendition))
    outlet.answers(body={"errcode": 0, "errmsg": "preview success", "msg_id": 34182})
    outlet.answers(body={"errcode": 0, "errmsg": "ok"})

    wechat.preview([rendition], to=to)

    assert called(outlet)[-2:] == ["message/mass/preview", "draft/delete"]
    assert outlet.requests[-2].json[named] == to
    assert "wx=preview-" in outlet.requests[1].json["articles"][0]["content_source_url"]


def test_a_preview_that_is_refused_leaves_no_draft_either(outlet: Outlet) -> None:
    wechat = account(outlet)
    rendition = wechat.render(NOTICE)
    outlet.answers(body={"media_id": "cover-1"})
    outlet.answers(body={"media_id": "draft-1"})
    outlet.answers(body=draft_of_all(rendition))
    outlet.answers(body=refusal(43004, "require subscribe"))
    outlet.answers(body={"errcode": 0, "errmsg": "ok"})

    with pytest.raises(PermanentError):
        wechat.preview([rendition], to="wang_jg")

    assert called(outlet)[-1] == "draft/delete"
