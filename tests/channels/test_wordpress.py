"""WordPress: what is sent, and what each answer means."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from channels._mark import Mark, digest_of
from channels.wordpress import WordPress
from channels.wordpress.article import slug_of, with_mark
from publisher.channel import Content, Receipt
from publisher.errors import (
    ChannelError,
    ConfigError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)
from tests.channels.wechat.scene import MemoryShelf
from tests.outlet import Outlet

EXAMPLE = WordPress(
    base_url="https://www.example.edu.cn",
    username="yigao",
    application_password="abcd efgh ijkl mnop qrst uvwx",
    folder=Path("unused"),
    shelf=MemoryShelf(),
)
NOTICE = Content(
    title="关于收费标准的公示",
    body='<p>现将标准公示如下。</p><p class="al-right">财务处</p>',
    summary="学费和住宿费。",
    kind="公示",
    category="0307",
    department="财务处",
    index_number="13771-0307-2026-0001",
)
KEY, SLUG = "delivery-7", "ann-13771-0307-2026-0001"


@pytest.fixture
def site(outlet: Outlet, tmp_path: Path) -> WordPress:
    return dataclasses.replace(EXAMPLE, base_url=outlet.url, folder=tmp_path, timeout_s=2.0)


def post_of(site: WordPress, **changed: Any) -> dict[str, Any]:
    """The post as WordPress has it after a good delivery."""
    content, _ = with_mark(site.render(NOTICE), {}, key=KEY)
    made = {
        "id": 5,
        "slug": SLUG,
        "status": "publish",
        "link": f"{site.base_url}/2026/11/{SLUG}/",
        "title": {"raw": NOTICE.title},
        "content": {"raw": content},
        "categories": [1],
        "tags": [],
        "featured_media": 0,
    }
    return made | changed


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("base_url", "www.example.edu.cn"),
        ("base_url", "https://www.example.edu.cn/?p=1"),
        ("username", " "),
        ("username", "a:b"),
        ("categories", {"03": 0}),
        ("tags", (-1,)),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ConfigError):
        dataclasses.replace(EXAMPLE, **{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"audience": "campus"}, "audience"),
        ({"title": " "}, "title"),
        ({"body": "<p> </p>"}, "body"),
        ({"body": '<p>图</p><img src="media:a.png" alt="">'}, "images"),
    ],
)
def test_says_what_keeps_a_notice_from_the_site(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(UnfitError) as caught:
        EXAMPLE.render(dataclasses.replace(NOTICE, **changes))

    assert caught.value.field == field


def test_the_name_of_the_post_comes_from_the_index_number_else_from_the_key() -> None:
    bare = dataclasses.replace(NOTICE, index_number="")

    assert slug_of(EXAMPLE.render(NOTICE), KEY) == SLUG
    assert slug_of(EXAMPLE.render(bare), KEY) == "ann-delivery-7"


def test_the_mark_names_delivery_and_words() -> None:
    content, mark = with_mark(EXAMPLE.render(NOTICE), {}, key=KEY)

    assert Mark.read(content) == mark
    assert mark.digest == digest_of(content.replace("<p>", "<p >"))
    assert mark.digest != digest_of(content.replace("标准", "标注"))


def test_the_post_is_created_with_the_approved_words(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[])
    outlet.answers(201, post_of(site))

    receipt = site.deliver(site.render(NOTICE), key=KEY)

    [sent] = outlet.received
    assert receipt.remote_id == "5"
    assert (sent["title"], sent["slug"], sent["status"]) == (NOTICE.title, SLUG, "publish")
    assert "date" not in sent  # the moment is ours to keep
    assert "现将标准公示如下" in sent["content"]
    assert outlet.requests[-1].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "rest_cannot_create", CredentialsError),
        (401, "incorrect_password", CredentialsError),
        (403, "rest_cannot_publish", CredentialsError),
        (400, "rest_invalid_param", PermanentError),
        (400, "empty_content", PermanentError),
        (404, "rest_no_route", PermanentError),
        (413, "too_large", PermanentError),
        (429, "slow_down", RetryableError),
        (500, "internal_server_error", UnknownOutcomeError),
        (502, "", UnknownOutcomeError),
    ],
)
def test_sorts_every_refusal_of_the_post(
    outlet: Outlet, site: WordPress, status: int, code: str, expected: type[ChannelError]
) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[])
    outlet.answers(status, {"code": code, "message": "…", "data": {"status": status}})

    with pytest.raises(expected) as caught:
        site.deliver(site.render(NOTICE), key=KEY)

    assert "uvwx" not in str(caught.value) + caught.value.advice


@pytest.mark.parametrize("status", [500, 502])
def test_trouble_before_the_post_has_sent_nothing(
    outlet: Outlet, site: WordPress, status: int
) -> None:
    outlet.answers(status, {"code": "broken", "message": "…"})

    with pytest.raises(RetryableError):
        site.deliver(site.render(NOTICE), key=KEY)

    assert [request.method for request in outlet.requests] == ["GET"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, RetryableError), (302, RetryableError), (401, CredentialsError),
     (403, CredentialsError), (404, PermanentError), (503, RetryableError)],
)  # fmt: skip
def test_a_page_in_place_of_json_is_no_success(
    outlet: Outlet, site: WordPress, status: int, expected: type[ChannelError]
) -> None:
    outlet.answers(status, b"<html>login</html>")

    with pytest.raises(expected):
        site.deliver(site.render(NOTICE), key=KEY)


def test_a_lost_answer_to_the_post_is_unknown(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[])
    outlet.takes_it_and_hangs_up()

    with pytest.raises(UnknownOutcomeError):
        site.deliver(site.render(NOTICE), key=KEY)

    assert len(outlet.received) == 1


def test_what_stands_there_already_is_not_sent_again(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=[post_of(site)])

    receipt = site.deliver(site.render(NOTICE), key=KEY)

    assert receipt.remote_id == "5"
    assert outlet.received == []


def test_a_category_that_is_not_there_stops_it_before_anything_is_seen(
    outlet: Outlet, site: WordPress
) -> None:
    wrong = dataclasses.replace(site, categories={"03": 99})
    outlet.answers(body=[])

    with pytest.raises(PermanentError) as caught:
        wrong.deliver(wrong.render(NOTICE), key=KEY)

    assert "99" in caught.value.advice
    assert outlet.received == []


def test_a_rival_under_the_same_name_is_given_way_to(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[])
    outlet.answers(201, post_of(site, id=6, slug=f"{SLUG}-2"))
    outlet.answers(200, {"deleted": True})
    outlet.answers(body=[post_of(site)])

    receipt = site.deliver(site.render(NOTICE), key=KEY)

    assert receipt.remote_id == "5"
    assert [r.path for r in outlet.requests if r.method == "DELETE"] == [
        "/wp-json/wp/v2/posts/6?force=true"
    ]


def sent(outlet: Outlet, site: WordPress) -> Receipt:
    """Deliver, so that our own note is there."""
    answers: list[object] = [[], [], post_of(site)]
    for answer in answers:
        outlet.answers(body=answer)
    receipt = site.deliver(site.render(NOTICE), key=KEY)
    outlet.next_act()
    return receipt


def page_of(site: WordPress) -> bytes:
    return post_of(site)["content"]["raw"].encode()  # type: ignore[no-any-return]


def test_what_never_went_out_is_certainly_not_there(site: WordPress) -> None:
    assert site.confirm(key=KEY, receipt=None) is None


def confirmed(outlet: Outlet, site: WordPress, post: object, page: bytes) -> Receipt | None:
    receipt = sent(outlet, site)
    outlet._script.clear()
    outlet.answers(body=post)
    outlet.answers(200, page)
    return site.confirm(key=KEY, receipt=receipt)


def test_a_post_that_is_as_sent_and_can_be_seen_is_confirmed(
    outlet: Outlet, site: WordPress
) -> None:
    receipt = confirmed(outlet, site, post_of(site), page_of(site))

    assert receipt is not None
    assert receipt.url.endswith(f"/{SLUG}/")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"title": {"raw": "别的标题"}}, "标题"),
        ({"featured_media": 9}, "特色图片"),
        ({"status": "draft"}, "已发布"),
    ],
)
def test_what_was_dropped_or_changed_is_named(
    outlet: Outlet, site: WordPress, changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(UnknownOutcomeError) as caught:
        confirmed(outlet, site, post_of(site, **changed), page_of(site))

    assert says in caught.value.advice


def test_words_that_somebody_changed_are_noticed(outlet: Outlet, site: WordPress) -> None:
    raw = post_of(site)["content"]["raw"].replace("标准公示", "标准公布")

    with pytest.raises(UnknownOutcomeError) as caught:
        confirmed(outlet, site, post_of(site, content={"raw": raw}), page_of(site))

    assert "不一致" in caught.value.advice


def test_a_page_that_readers_do_not_get_is_not_confirmed(outlet: Outlet, site: WordPress) -> None:
    with pytest.raises(UnknownOutcomeError) as caught:
        confirmed(outlet, site, post_of(site), "<p>请登录</p>".encode())

    assert "看不到" in caught.value.advice


@pytest.mark.parametrize("changed", [{"status": "trash"}, {"content": {"raw": "<p>别的</p>"}}])
def test_what_is_in_the_bin_or_not_ours_is_not_there(
    outlet: Outlet, site: WordPress, changed: dict[str, Any]
) -> None:
    assert confirmed(outlet, site, post_of(site, **changed), page_of(site)) is None


@pytest.mark.parametrize(
    ("status", "code"), [(200, ""), (410, "rest_already_trashed"), (404, "rest_post_invalid_id")]
)
def test_a_post_in_the_bin_or_gone_is_withdrawn(
    outlet: Outlet, site: WordPress, status: int, code: str
) -> None:
    outlet.answers(status, {"code": code, "id": 5})

    site.withdraw(Receipt(remote_id="5"), reason="有误")

    assert outlet.requests[-1].path == "/wp-json/wp/v2/posts/5"


def test_a_lost_answer_to_a_withdrawal_is_asked_for_again(outlet: Outlet, site: WordPress) -> None:
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        site.withdraw(Receipt(remote_id="5"), reason="有误")


def test_a_site_without_permalinks_is_asked_by_its_other_address(
    outlet: Outlet, site: WordPress
) -> None:
    plain = dataclasses.replace(site, has_permalinks=False)
    outlet.answers(200, {"id": 5})

    plain.withdraw(Receipt(remote_id="5"), reason="有误")

    assert outlet.requests[-1].path == "/?rest_route=%2Fwp%2Fv2%2Fposts%2F5"


ROOT = {"name": "示范学院", "authentication": {"application-passwords": {}}}
MAY = {"publish_posts": True, "upload_files": True}
AUTHOR = {"name": "author", "capabilities": MAY}


@pytest.mark.parametrize(
    ("root", "me", "says"),
    [
        (ROOT, AUTHOR, ""),
        (ROOT | {"authentication": []}, AUTHOR, "应用程序密码"),
        (ROOT, AUTHOR | {"capabilities": {"edit_posts": True}}, "作者"),
        (ROOT, AUTHOR | {"capabilities": MAY | {"unfiltered_html": True}},
         "任意代码"),
    ],
)  # fmt: skip
def test_the_check_says_what_the_account_lacks_or_has_too_much(
    outlet: Outlet, site: WordPress, root: object, me: object, says: str
) -> None:
    outlet.answers(body=root)
    outlet.answers(body=me)

    health = site.check()

    assert health.is_signed_in
    assert says in health.advice
    assert bool(health.advice) is bool(says)


def test_a_refused_account_and_a_closed_door_are_told_apart(
    outlet: Outlet, site: WordPress
) -> None:
    outlet.answers(body=ROOT)
    outlet.answers(401, {"code": "rest_not_logged_in", "message": "…"})
    refused = site.check()
    away = dataclasses.replace(site, base_url="http://127.0.0.1:1").check()

    assert refused.is_signed_in is False
    assert "application_password" in refused.advice
    assert not away.is_reachable
