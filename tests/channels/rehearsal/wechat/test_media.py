"""Pictures of the practice account."""

from __future__ import annotations

import pytest
import requests

from tests.channels.rehearsal.wechat.account import Account, picture
from tests.rehearsal import TIMEOUT_S, Rehearsal

MB = 1024 * 1024


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_gives_a_picture_of_a_body_an_address_of_the_platform(account: Account, kind: str) -> None:
    answer = account.upload("media/uploadimg", picture(kind))

    assert answer["url"].startswith("http://mmbiz.qpic.cn/sz_mmbiz_")
    assert answer["errcode"] == 0


@pytest.mark.parametrize(
    ("file", "errcode"),
    [
        (picture("GIF"), 40005),
        (picture("WEBP"), 40005),
        (b"%PDF-1.7", 40005),
        (picture("PNG")[:40], 40137),
        (picture("PNG", size_bytes=MB), 40009),
        (b"", 41005),
    ],
)
def test_refuses_what_is_no_picture_of_a_body(account: Account, file: bytes, errcode: int) -> None:
    assert account.upload("media/uploadimg", file)["errcode"] == errcode


def test_takes_a_picture_of_one_byte_less_than_a_megabyte(account: Account) -> None:
    answer = account.upload("media/uploadimg", picture("JPEG", size_bytes=MB - 1))

    assert answer["errcode"] == 0


def test_a_part_without_a_file_name_is_no_file(account: Account) -> None:
    boundary = "edge"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="media"\r\n\r\n'.encode()
        + picture()
        + f"\r\n--{boundary}--\r\n".encode()
    )
    answer = requests.post(
        account.url("media/uploadimg"),
        data=body,
        params={"access_token": account.token},
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        timeout=TIMEOUT_S,
    )

    assert answer.json()["errcode"] == 41005


def test_a_part_of_another_name_is_no_file(account: Account) -> None:
    answer = requests.post(
        account.url("media/uploadimg"),
        files={"file": ("a.png", picture())},
        params={"access_token": account.token},
        timeout=TIMEOUT_S,
    )

    assert answer.json()["errcode"] == 41005


def test_a_body_that_is_no_multipart_is_no_file(account: Account) -> None:
    assert account.post("media/uploadimg", picture())["errcode"] == 41005


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_keeps_a_permanent_picture(account: Account, kind: str) -> None:
    answer = account.upload("material/add_material", picture(kind), type="image")

    assert answer.keys() == {"media_id", "url", "item"}
    assert account.get("material/get_materialcount")["image_count"] == 1


@pytest.mark.parametrize(
    ("file", "kind", "errcode"),
    [
        (picture(), "", 40004),
        (picture(), "video", 40004),
        (picture("WEBP"), "image", 40005),
        (picture(), "thumb", 40005),
        (picture("JPEG", size_bytes=64 * 1024), "thumb", None),
        (picture("JPEG", size_bytes=64 * 1024 + 1), "thumb", 40006),
        (picture(size_bytes=10 * MB), "image", None),
        (picture(size_bytes=10 * MB + 1), "image", 40006),
    ],
    ids=range(8),
)
def test_permanent_pictures_have_their_limits(
    account: Account, file: bytes, kind: str, errcode: int | None
) -> None:
    answer = account.upload("material/add_material", file, type=kind)

    assert answer.get("errcode") == errcode


def test_lists_and_deletes_permanent_pictures(account: Account) -> None:
    media_id = account.cover()
    asked = {"type": "image", "offset": 0, "count": 20}

    listed = account.post("material/batchget_material", asked)
    deleted = account.post("material/del_material", {"media_id": media_id})

    assert [item["media_id"] for item in listed["item"]] == [media_id]
    assert deleted == {"errcode": 0, "errmsg": "ok"}
    assert account.post("material/del_material", {"media_id": media_id})["errcode"] == 40007
    assert account.post("material/batchget_material", asked)["total_count"] == 0


def test_serves_the_picture_itself_under_an_address_of_its_own(
    rehearsal: Rehearsal, account: Account
) -> None:
    url = account.upload("media/uploadimg", picture())["url"]
    local = f"{rehearsal.url}/wechat/media/{url.split('/')[4]}"

    answer = requests.get(local, timeout=TIMEOUT_S)

    assert answer.content == picture()
    assert answer.headers["content-type"] == "image/png"
    assert requests.get(f"{local}0", timeout=TIMEOUT_S).status_code == 404
