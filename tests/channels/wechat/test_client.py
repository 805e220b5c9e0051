"""How a call goes out, and what leaks from one that fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from publisher.channel import Part
from publisher.errors import ChannelError, PermanentError, RetryableError, UnknownOutcomeError
from tests.channels.wechat.scene import SECRET, TOKEN, MemoryShelf, account, refusal
from tests.outlet import Outlet

APPID = "wx0000000000000001"
COVER = Part(name="cover.png", media_type="image/png", file=b"\x89PNG\r\n\x1a\n of the cover")


def test_chinese_goes_out_as_it_is(outlet: Outlet) -> None:
    outlet.answers(body={"media_id": "draft-1"})

    account(outlet)._api().add_draft([{"title": "放假通知🎉"}])

    assert '"放假通知🎉"'.encode() in outlet.requests[0].body
    assert b"\\u" not in outlet.requests[0].body


def test_a_file_is_one_part_named_media(outlet: Outlet) -> None:
    outlet.answers(body={"media_id": "cover-1"})

    account(outlet)._api().upload_cover(COVER)

    request = outlet.requests[0]
    assert request.path == f"/cgi-bin/material/add_material?type=image&access_token={TOKEN}"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert request.body.count(b"Content-Disposition") == 1
    assert b'name="media"; filename="cover.png"' in request.body
    assert b"Content-Type: image/png" in request.body
    assert COVER.file in request.body


def test_a_file_is_sent_whole_again_after_a_renewed_token(outlet: Outlet) -> None:
    outlet.answers(body=refusal(42001))
    outlet.answers(body={"access_token": "80_new", "expires_in": 7200})
    outlet.answers(body={"media_id": "cover-1"})

    account(outlet)._api().upload_cover(COVER)

    assert COVER.file in outlet.requests[2].body


def test_a_redirect_is_not_followed(outlet: Outlet) -> None:
    outlet.answers(status=302, body=b"", headers={"Location": f"{outlet.url}/sign-in"})

    with pytest.raises(PermanentError):
        account(outlet)._api().count_drafts()

    assert len(outlet.requests) == 1


def test_an_errmsg_that_is_missing_is_no_trouble(outlet: Outlet) -> None:
    outlet.answers(body={"errcode": 45003})

    with pytest.raises(PermanentError):
        account(outlet)._api().add_draft([{"title": "…"}])


def test_a_label_of_plain_text_is_no_trouble(outlet: Outlet) -> None:
    outlet.answers(body={"msg_status": "成功"}, headers={"Content-Type": "text/plain"})

    assert account(outlet)._api().push_status("1") == "成功"


def test_an_answer_that_does_not_come_in_time_is_unknown(outlet: Outlet) -> None:
    outlet.answers_late(1.0, {"msg_id": 1})

    with pytest.raises(UnknownOutcomeError):
        account(outlet, timeout_s=0.2)._api().push({})


def test_a_refused_connection_is_certainly_no_delivery() -> None:
    nobody = Outlet(url="http://127.0.0.1:1")

    with pytest.raises(RetryableError):
        account(nobody)._api().push({})


@pytest.mark.parametrize(
    "script",
    [
        lambda outlet: outlet.answers(body=refusal(40125, f"invalid appsecret {SECRET}")),
        lambda outlet: outlet.answers(body=refusal(40013, f"invalid appid {APPID}")),
        lambda outlet: outlet.answers(status=502, body=b"<html>"),
        lambda outlet: outlet.answers(status=403, body=b""),
        lambda outlet: outlet.answers(body=b"<html>"),
        lambda outlet: outlet.answers(body={"errcode": SECRET}),
        lambda outlet: outlet.takes_it_and_hangs_up(),
        lambda outlet: outlet.answers_half(),
        lambda outlet: outlet.answers_late(1.0),
    ],
)
@pytest.mark.parametrize("has_token", [True, False])
def test_no_secret_is_in_the_traceback(
    outlet: Outlet, script: Callable[[Outlet], None], has_token: bool
) -> None:
    script(outlet)
    shelf = {} if has_token else {"shelf": MemoryShelf()}
    wechat = account(outlet, timeout_s=0.2, **shelf)

    with pytest.raises(ChannelError) as raised:
        wechat._api().count_drafts()

    told = "".join(traceback.format_exception(raised.value)) + repr(wechat) + repr(wechat._api())
    assert all(hidden not in told for hidden in (SECRET, TOKEN, APPID))


def test_a_token_that_the_outlet_repeats_is_struck_out(outlet: Outlet) -> None:
    outlet.answers(body=refusal(40125, f"invalid {TOKEN}"))

    with pytest.raises(ChannelError) as raised:
        account(outlet)._api().count_drafts()

    assert str(raised.value) == "errcode 40125: invalid ***"


@pytest.mark.parametrize("has_token", [True, False])
def test_no_secret_is_in_the_traceback_of_a_refused_connection(has_token: bool) -> None:
    shelf = {} if has_token else {"shelf": MemoryShelf()}
    wechat = account(Outlet(url="http://127.0.0.1:1"), **shelf)

    with pytest.raises(RetryableError) as raised:
        wechat._api().count_drafts()

    told = "".join(traceback.format_exception(raised.value))
    assert all(hidden not in told for hidden in (SECRET, TOKEN, APPID))
