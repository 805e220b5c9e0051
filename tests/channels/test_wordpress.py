"""WordPress: what is sent, and what each answer means."""

from __future__ import annotations

import dataclasses
import hashlib
import html
import re
from pathlib import Path
from typing import Any

import pytest

from channels.wordpress import WordPress
from channels.wordpress.article import Mark, line_of, slug_of, with_mark, words_of
from channels.wordpress.codes import BUSY, CODES, FIREWALL, MOVED, NO_ROUTE, ROLE, SIGN_IN
from channels.wordpress.posts import MARK_LOST
from publisher.channel import Attachment, Content, Receipt
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
PDF = "application/pdf"
ATTACHED = dataclasses.replace(
    NOTICE, attachments=(Attachment(name="收费 表.PDF", file=b"%PDF-1", media_type=PDF),)
)
FILE_NAME = f"ann-file-{hashlib.sha256(b'%PDF-1').hexdigest()[:32]}"
FILE_AT = f"https://www.example.edu.cn/{FILE_NAME}.pdf"
FILE = {"id": 8, "slug": FILE_NAME, "source_url": FILE_AT}


@pytest.fixture
def site(outlet: Outlet, tmp_path: Path) -> WordPress:
    return dataclasses.replace(
        EXAMPLE, base_url=outlet.url, folder=tmp_path, timeout_s=2.0, settles_s=0.0
    )


def tell(outlet: Outlet, *bodies: object) -> None:
    """Let the site answer so, one after the other."""
    for body in bodies:
        outlet.answers(body=body)


def post_of(site: WordPress, **changed: Any) -> dict[str, Any]:
    """The post as WordPress has it after a good delivery."""
    made = {
        "id": 5,
        "slug": SLUG,
        "status": "publish",
        "link": f"{site.base_url}/2026/11/{SLUG}/",
        "title": {"raw": NOTICE.title},
        "excerpt": {"raw": NOTICE.summary},
        "content": {"raw": with_mark(site.render(NOTICE), {}, key=KEY)},
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
        ("default_category", -1),
        ("application_password", " "),
        ("timeout_s", 0.0),
        ("settles_s", -1.0),
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


@pytest.mark.parametrize(
    ("number", "key", "slug"),
    [
        ("13771-0307-2026-0001", KEY, SLUG),
        ("13771-AB-2026-0001", KEY, "ann-13771-ab-2026-0001"),
        ("", KEY, "ann-delivery-7"),
        ("校办-2026-1", KEY, "ann-delivery-7"),  # would be percent-encoded
        ("1" * 151, KEY, "ann-delivery-7"),  # would be cut
        ("", "Bundle_7.2", "ann-bundle-7-2"),
    ],
)
def test_the_name_of_the_post_is_one_that_wordpress_keeps(number: str, key: str, slug: str) -> None:
    assert slug_of(EXAMPLE.render(dataclasses.replace(NOTICE, index_number=number)), key) == slug


def test_the_mark_names_delivery_edition_and_words() -> None:
    rendition = EXAMPLE.render(NOTICE)
    content = with_mark(rendition, {}, key=KEY)
    mark = Mark.read(content)

    assert mark is not None
    assert (mark.key, mark.edition) == (KEY, rendition.facts["digest"])
    assert mark.words == words_of(content.replace("<p>", "<p >"))
    assert mark.words != words_of(content.replace("标准", "标注"))
    assert mark.words != words_of(content + '<a href="https://elsewhere.example/"></a>')


@pytest.mark.parametrize(
    "changes", [{"title": "另一个"}, {"summary": "另一个"}, {"body": "<p>另一个</p>"}]
)
def test_another_edition_has_another_digest(changes: dict[str, Any]) -> None:
    other = EXAMPLE.render(dataclasses.replace(NOTICE, **changes))

    assert other.facts["digest"] != EXAMPLE.render(NOTICE).facts["digest"]


def test_another_file_is_another_edition() -> None:
    one, other = (
        EXAMPLE.render(
            dataclasses.replace(
                NOTICE, attachments=(Attachment(name="表.pdf", file=f, media_type=PDF),)
            )
        )
        for f in (b"%PDF-1", b"%PDF-2")
    )

    assert one.facts["digest"] != other.facts["digest"]


def test_what_wordpress_would_make_something_else_of_travels_as_entities() -> None:
    words = "a \"b\" 'c' -- ... [gallery] :) 3x4 https://a.example"

    sent = line_of(words)

    assert html.unescape(sent) == words
    assert not set(sent) & set("\"'[]():-")
    assert line_of("3.5 元，<A&B>") == "3.5 元，&lt;A&amp;B&gt;"


def test_the_post_is_created_with_the_approved_words(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[])
    outlet.answers(201, post_of(site))

    receipt = site.deliver(site.render(NOTICE), key=KEY)

    [sent] = outlet.received
    assert receipt.remote_id == "5:delivery-7"
    assert (sent["title"], sent["slug"], sent["status"]) == (NOTICE.title, SLUG, "publish")
    assert "date" not in sent  # the moment is ours to keep
    assert "现将标准公示如下" in sent["content"]
    assert outlet.requests[-1].headers["Authorization"].startswith("Basic ")


def refuses(code: str, **data: object) -> dict[str, object]:
    return {"code": code, "message": "…", "data": data}


BAD_STATUS = refuses(
    "rest_invalid_param",
    params={"status": "status is not one of publish, future, draft, pending, and private."},
    details={"status": {"code": "rest_not_in_enum"}},
)
BAD_CATEGORY = refuses(
    "rest_invalid_param",
    params={"categories": "categories[0] is not of type integer."},
    details={"categories": {"code": "rest_invalid_type"}},
)
FORBIDDEN_STATUS = refuses(
    "rest_invalid_param",
    params={"status": "Status is forbidden."},
    details={"status": {"code": "rest_forbidden_status"}},
)


@pytest.mark.parametrize(
    ("status", "said", "expected", "advice"),
    [
        (401, refuses("rest_cannot_create"), CredentialsError, SIGN_IN),
        (401, refuses("rest_not_logged_in"), CredentialsError, SIGN_IN),
        (401, refuses("incorrect_password"), CredentialsError, SIGN_IN),
        (401, refuses("invalid_username"), CredentialsError, SIGN_IN),
        (403, refuses("rest_cannot_create"), CredentialsError, ROLE),
        (403, refuses("rest_cannot_publish"), CredentialsError, ROLE),
        (403, refuses("rest_cannot_edit"), PermanentError, "别的账号"),
        (403, refuses("rest_something_new"), CredentialsError, ROLE),
        (400, FORBIDDEN_STATUS, CredentialsError, SIGN_IN),
        (400, BAD_STATUS, PermanentError, "status"),
        (400, BAD_CATEGORY, PermanentError, "categories"),
        (400, refuses("rest_missing_callback_param", params=["title"]), PermanentError, "标题"),
        (400, refuses("empty_content"), PermanentError, "标题和正文"),
        (400, refuses("rest_invalid_json"), PermanentError, ""),
        (404, refuses("rest_post_invalid_id"), PermanentError, "彻底删除"),
        (404, refuses("rest_no_route"), PermanentError, NO_ROUTE),
        (429, refuses("slow_down"), RetryableError, BUSY),
        (500, refuses("internal_server_error"), UnknownOutcomeError, ""),
        (502, refuses(""), UnknownOutcomeError, ""),
        (503, refuses("maintenance"), RetryableError, BUSY),
        (504, refuses(""), UnknownOutcomeError, ""),
        (201, {"no": "id"}, UnknownOutcomeError, ""),
        (201, [], UnknownOutcomeError, ""),
    ],
)
def test_sorts_every_refusal_of_the_post(
    outlet: Outlet,
    site: WordPress,
    status: int,
    said: object,
    expected: type[ChannelError],
    advice: str,
) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[])
    outlet.answers(status, said)

    with pytest.raises(ChannelError) as caught:
        site.deliver(site.render(NOTICE), key=KEY)

    assert type(caught.value) is expected
    assert advice in caught.value.advice
    assert "uvwx" not in str(caught.value) + caught.value.advice


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "rest_upload_no_content_disposition"),
        (400, "rest_upload_invalid_disposition"),
        (400, "rest_upload_no_data"),
        (412, "rest_upload_hash_mismatch"),
        (500, "rest_upload_sideload_error"),
    ],
)
def test_sorts_every_refusal_of_a_file(
    outlet: Outlet, site: WordPress, status: int, code: str
) -> None:
    tell(outlet, [], [], [])
    outlet.answers(status, refuses(code))

    with pytest.raises(ChannelError) as caught:
        site.deliver(site.render(ATTACHED), key=KEY)

    assert (type(caught.value), caught.value.advice) == CODES[code]
    assert [r.method for r in outlet.requests] == ["GET", "GET", "GET", "POST"]


def test_a_busy_site_says_for_how_long(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(503, b"<h1>Maintenance</h1>", {"Retry-After": "600"})

    with pytest.raises(RetryableError) as caught:
        site.deliver(site.render(NOTICE), key=KEY)

    assert caught.value.after_s == 600


def test_a_file_is_uploaded_under_an_ascii_name_with_its_digest(
    outlet: Outlet, site: WordPress
) -> None:
    tell(outlet, [], [], [], FILE)
    outlet.answers(201, post_of(site))

    site.deliver(site.render(ATTACHED), key=KEY)

    upload, post = outlet.requests[-2:]
    md5 = hashlib.md5(b"%PDF-1", usedforsecurity=False).hexdigest()
    assert upload.headers["Content-MD5"] == md5
    assert re.fullmatch(
        r'attachment; filename="ann-file-[0-9a-f]{32}\.pdf"', upload.headers["Content-Disposition"]
    )
    assert upload.body == b"%PDF-1"
    assert FILE_AT in post.json["content"]
    assert post.json["featured_media"] == 0  # no picture


def test_a_file_that_is_there_is_not_uploaded_again(outlet: Outlet, site: WordPress) -> None:
    tell(outlet, [], [], [FILE])
    outlet.answers(201, post_of(site))

    site.deliver(site.render(ATTACHED), key=KEY)

    assert [r.method for r in outlet.requests] == ["GET", "GET", "GET", "POST"]


def test_a_lost_answer_to_an_upload_has_published_nothing(outlet: Outlet, site: WordPress) -> None:
    tell(outlet, [], [], [])
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        site.deliver(site.render(ATTACHED), key=KEY)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"categories": [1]}, "categories"),
        ({"tags": []}, "tags"),
        ({"featured_media": 9}, "特色图片"),
        ({"title": {"raw": "别的"}}, "标题"),
        ({"excerpt": {"raw": ""}}, "摘要"),
        ({"content": {"raw": "<p>现将标准公示如下。</p>"}}, "data-yigao"),
    ],
)
def test_what_the_site_dropped_without_a_word_is_in_the_receipt(
    outlet: Outlet, site: WordPress, changed: dict[str, Any], says: str
) -> None:
    chosen = dataclasses.replace(site, categories={"0307": 3}, tags=(4,))
    tell(outlet, [], [], [{"id": 3}], [{"id": 4}])
    outlet.answers(201, post_of(site, categories=[3], tags=[4]) | changed)

    receipt = chosen.deliver(chosen.render(NOTICE), key=KEY)

    assert outlet.received[0]["categories"] == [3]
    assert outlet.received[0]["tags"] == [4]
    assert says in receipt.evidence
    assert receipt.remote_id == "5:delivery-7"


def test_a_post_that_the_site_holds_back_awaits_a_person(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[])
    outlet.answers(201, post_of(site, status="pending"))

    receipt = site.deliver(site.render(NOTICE), key=KEY)

    assert "待审" in receipt.awaits


@pytest.mark.parametrize(
    ("settings", "chosen"),
    [
        ({"categories": {"0307": 3, "03": 4, "公示": 5}}, [3]),
        ({"categories": {"03": 4, "公示": 5}}, [4]),
        ({"categories": {"公示": 5}, "default_category": 6}, [5]),
        ({"categories": {"通知": 5}, "default_category": 6}, [6]),
        ({}, None),
    ],
)
def test_the_category_comes_from_number_class_or_kind(
    outlet: Outlet, site: WordPress, settings: dict[str, Any], chosen: list[int] | None
) -> None:
    one = dataclasses.replace(site, **settings)
    outlet.answers(body=[])
    outlet.answers(body=[])
    if chosen:
        outlet.answers(body=[{"id": chosen[0]}])
    outlet.answers(201, post_of(site))

    one.deliver(one.render(NOTICE), key=KEY)

    assert outlet.received[0].get("categories") == chosen


@pytest.mark.parametrize("status", [500, 502])
def test_trouble_before_the_post_has_sent_nothing(
    outlet: Outlet, site: WordPress, status: int
) -> None:
    outlet.answers(status, {"code": "broken", "message": "…"})

    with pytest.raises(RetryableError):
        site.deliver(site.render(NOTICE), key=KEY)

    assert [request.method for request in outlet.requests] == ["GET"]


@pytest.mark.parametrize(
    ("status", "expected", "advice"),
    [
        (200, RetryableError, "JSON"),
        (301, PermanentError, MOVED),
        (302, PermanentError, MOVED),
        (401, CredentialsError, SIGN_IN),
        (403, PermanentError, FIREWALL),
        (404, PermanentError, NO_ROUTE),
        (405, PermanentError, FIREWALL),
        (413, PermanentError, "太大"),
        (500, RetryableError, "JSON"),
        (503, RetryableError, BUSY),
    ],
)
def test_a_page_in_place_of_json_is_no_success(
    outlet: Outlet, site: WordPress, status: int, expected: type[ChannelError], advice: str
) -> None:
    outlet.answers(status, b"<html>login</html>")

    with pytest.raises(ChannelError) as caught:
        site.deliver(site.render(NOTICE), key=KEY)

    assert type(caught.value) is expected
    assert advice in caught.value.advice
    assert outlet.received == []


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

    assert receipt.remote_id == "5:delivery-7"
    assert outlet.received == []


@pytest.mark.parametrize("content", ["<p>人写的</p>", None])
def test_a_post_that_is_not_ours_is_never_written_over(
    outlet: Outlet, site: WordPress, content: str | None
) -> None:
    bare = dataclasses.replace(NOTICE, index_number="")
    theirs = content or with_mark(site.render(NOTICE), {}, key=KEY)  # our key, other words
    outlet.answers(body=[post_of(site, slug="ann-delivery-7", content={"raw": theirs})])

    with pytest.raises(PermanentError) as caught:
        site.deliver(site.render(bare), key=KEY)

    assert "占用" in caught.value.advice
    assert outlet.received == []


def test_a_newer_edition_takes_the_place_of_the_older_one(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=[post_of(site)])
    newer = dataclasses.replace(NOTICE, title="更正")
    raw = with_mark(site.render(newer), {}, key="delivery-8")
    outlet.answers(200, post_of(site, title={"raw": "更正"}, content={"raw": raw}))

    receipt = site.deliver(site.render(newer), key="delivery-8")

    assert outlet.requests[-1].path == "/wp-json/wp/v2/posts/5"
    assert receipt.remote_id == "5:delivery-8"


def test_what_is_in_the_bin_is_brought_back_under_its_own_name(
    outlet: Outlet, site: WordPress
) -> None:
    outlet.answers(body=[])
    outlet.answers(body=[post_of(site, slug=f"{SLUG}__trashed", status="trash")])
    outlet.answers(200, post_of(site))

    site.deliver(site.render(NOTICE), key=KEY)

    assert "status=trash" in outlet.paths[1]
    assert outlet.paths[2] == "/wp-json/wp/v2/posts/5"
    assert (outlet.received[0]["slug"], outlet.received[0]["status"]) == (SLUG, "publish")


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

    assert receipt.remote_id == "5:delivery-7"
    assert [r.path for r in outlet.requests if r.method == "DELETE"] == [
        "/wp-json/wp/v2/posts/6?force=true"
    ]


def test_a_stranger_under_the_same_name_is_left_alone_and_said(
    outlet: Outlet, site: WordPress
) -> None:
    tell(outlet, [], [], post_of(site, id=6, slug=f"{SLUG}-2"), {"deleted": True})
    outlet.answers(body=[post_of(site, content={"raw": "<p>人写的</p>"})])

    with pytest.raises(RetryableError) as caught:
        site.deliver(site.render(NOTICE), key=KEY)

    assert SLUG in caught.value.advice


def test_a_lost_answer_to_giving_way_is_asked_for_again(outlet: Outlet, site: WordPress) -> None:
    tell(outlet, [], [], post_of(site, id=6, slug=f"{SLUG}-2"))
    outlet.takes_it_and_hangs_up()
    outlet.answers(404, refuses("rest_post_invalid_id"))
    outlet.answers(body=[post_of(site)])

    assert site.deliver(site.render(NOTICE), key=KEY).remote_id == "5:delivery-7"


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
        ({"status": "draft"}, "草稿"),
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


def test_what_is_in_the_bin_is_not_there(outlet: Outlet, site: WordPress) -> None:
    assert confirmed(outlet, site, post_of(site, status="trash"), b"") is None


def test_a_post_without_its_mark_proves_nothing(outlet: Outlet, site: WordPress) -> None:
    with pytest.raises(UnknownOutcomeError) as caught:
        confirmed(outlet, site, post_of(site, content={"raw": "<p>别的</p>"}), b"")

    assert caught.value.advice == MARK_LOST


def test_another_delivery_in_its_place_means_that_it_is_not_there(
    outlet: Outlet, site: WordPress
) -> None:
    raw = with_mark(site.render(NOTICE), {}, key="delivery-8")

    assert confirmed(outlet, site, post_of(site, content={"raw": raw}), b"[]") is None


def test_a_post_that_a_person_renamed_is_found_by_its_mark(outlet: Outlet, site: WordPress) -> None:
    sent(outlet, site)
    outlet._script.clear()
    tell(outlet, [], [], [post_of(site, slug="shoufei")])
    outlet.answers(200, page_of(site))

    assert site.confirm(key=KEY, receipt=None) is not None


def test_a_request_that_may_still_be_at_work_is_waited_for(outlet: Outlet, site: WordPress) -> None:
    sent(outlet, site)
    outlet._script.clear()
    outlet.answers(body=[])
    patient = dataclasses.replace(site, settles_s=60.0)

    with pytest.raises(UnknownOutcomeError):
        patient.confirm(key=KEY, receipt=None)

    assert site.confirm(key=KEY, receipt=None) is None


@pytest.mark.parametrize("status", [401, 403, 500, 502, 503])
def test_a_look_that_fails_proves_nothing(outlet: Outlet, site: WordPress, status: int) -> None:
    sent(outlet, site)
    outlet._script.clear()
    outlet.answers(status, refuses("broken"))

    with pytest.raises(UnknownOutcomeError):
        site.confirm(key=KEY, receipt=None)


@pytest.mark.parametrize(
    ("status", "code"), [(200, ""), (410, "rest_already_trashed"), (404, "rest_post_invalid_id")]
)
def test_a_post_in_the_bin_or_gone_is_withdrawn(
    outlet: Outlet, site: WordPress, status: int, code: str
) -> None:
    outlet.answers(body=post_of(site))
    outlet.answers(status, {"code": code, "id": 5})

    site.withdraw(Receipt(remote_id="5:delivery-7"), reason="有误")

    assert (outlet.requests[-1].method, outlet.paths[-1]) == ("DELETE", "/wp-json/wp/v2/posts/5")


def test_a_newer_edition_is_not_withdrawn_with_the_older_one(
    outlet: Outlet, site: WordPress
) -> None:
    outlet.answers(body=post_of(site))

    site.withdraw(Receipt(remote_id="5:delivery-6"), reason="有误")

    assert [request.method for request in outlet.requests] == ["GET"]


@pytest.mark.parametrize(("others", "deleted"), [([], True), ([{"id": 9}], False)])
def test_its_files_go_with_it_unless_another_post_has_them(
    outlet: Outlet, site: WordPress, others: list[object], deleted: bool
) -> None:
    raw = with_mark(site.render(ATTACHED), {"file-1.pdf": FILE_AT}, key=KEY)
    outlet.answers(body=post_of(site, content={"raw": raw}))
    outlet.answers(body={"id": 5})
    outlet.answers(body=others)
    if deleted:
        outlet.answers(body=[])
        outlet.answers(body=[FILE])
    outlet.answers(body={"deleted": True})

    site.withdraw(Receipt(remote_id="5:delivery-7"), reason="有误")

    gone = "/wp-json/wp/v2/media/8?force=true"
    assert ([r.path for r in outlet.requests if r.method == "DELETE"][1:] == [gone]) is deleted


def test_a_file_that_cannot_be_deleted_is_named(outlet: Outlet, site: WordPress) -> None:
    raw = with_mark(site.render(ATTACHED), {"file-1.pdf": FILE_AT}, key=KEY)
    tell(outlet, post_of(site, content={"raw": raw}), {"id": 5}, [], [], [FILE])
    outlet.answers(403, refuses("rest_cannot_delete"))

    with pytest.raises(PermanentError) as caught:
        site.withdraw(Receipt(remote_id="5:delivery-7"), reason="有误")

    assert FILE_AT in caught.value.advice


def test_a_receipt_that_names_no_post_is_for_a_person(site: WordPress) -> None:
    with pytest.raises(PermanentError):
        site.withdraw(Receipt(remote_id="?"), reason="有误")


def test_a_lost_answer_to_a_withdrawal_is_asked_for_again(outlet: Outlet, site: WordPress) -> None:
    outlet.answers(body=post_of(site))
    outlet.takes_it_and_hangs_up()

    with pytest.raises(RetryableError):
        site.withdraw(Receipt(remote_id="5:delivery-7"), reason="有误")


def test_a_site_without_permalinks_is_asked_by_its_other_address(
    outlet: Outlet, site: WordPress
) -> None:
    plain = dataclasses.replace(site, has_permalinks=False)
    outlet.answers(200, post_of(site))

    plain.withdraw(Receipt(remote_id="5"), reason="有误")

    assert outlet.requests[-1].path == "/?rest_route=%2Fwp%2Fv2%2Fposts%2F5"


ROOT = {
    "name": "示范学院",
    "namespaces": ["wp/v2"],
    "authentication": {"application-passwords": {}},
}
MAY = {"publish_posts": True, "upload_files": True}
AUTHOR = {"id": 2, "name": "author", "roles": ["author"], "capabilities": MAY}


@pytest.mark.parametrize(
    ("root", "me", "says"),
    [
        (ROOT, AUTHOR, ""),
        (ROOT, AUTHOR | {"capabilities": {"edit_posts": True}}, "只能投稿"),
        (ROOT, AUTHOR | {"capabilities": {"publish_posts": True}}, "不能上传"),
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


@pytest.mark.parametrize(
    ("root", "says"),
    [
        (ROOT | {"authentication": []}, "应用程序密码"),
        (ROOT | {"namespaces": ["oembed/1.0"]}, "没有找到接口"),
        (ROOT | {"namespaces": None}, "没有找到接口"),
    ],
)
def test_the_check_says_what_the_site_lacks(
    outlet: Outlet, site: WordPress, root: object, says: str
) -> None:
    outlet.answers(body=root)

    health = site.check()

    assert not health.is_well
    assert says in health.advice


def test_the_check_names_categories_that_are_not_there(outlet: Outlet, site: WordPress) -> None:
    tell(outlet, ROOT, AUTHOR, [{"id": 3}])

    health = dataclasses.replace(site, categories={"03": 3, "04": 99}).check()

    assert "99" in health.advice
    assert "categories" in health.advice


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
