"""What a person is given to do, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from channels.assisted import Assisted
from publisher.channel import CAMPUS_TIME, Attachment, Content
from publisher.errors import ConfigError, PermanentError, UnfitError
from tests.channels.wechat.scene import picture

EXAMPLE = Assisted(person="赵琳", places=("2026级新生QQ群", "教工群"))
NOTICE = Content(
    title="关于东校区停水的通知",
    body='<p>因检修停水，联系人手机 13800138000。</p><p><img src="media:a.png" alt="图"></p>',
    summary="周六 9:00 至 11:00 停水。",
    link="https://www.example.edu.cn/info/1.html",
    department="后勤管理处",
    issued_on=date(2026, 11, 20),
)


def test_each_place_is_a_part_of_its_own() -> None:
    one = EXAMPLE.part("教工群")

    assert EXAMPLE.parts() == ("2026级新生QQ群", "教工群")
    assert one.places == ("教工群",)
    assert one.assignee() == "赵琳"


def test_the_words_are_title_summary_issuer_and_address_and_nothing_of_the_text() -> None:
    words = EXAMPLE.render(NOTICE).body.decode()

    assert words.splitlines() == [
        "【关于东校区停水的通知】",
        "周六 9:00 至 11:00 停水。",
        "后勤管理处 2026年11月20日",
        "全文链接：",
        "https://www.example.edu.cn/info/1.html",
    ]


def test_attachments_stay_on_the_website() -> None:
    form = Attachment(name="名单.xlsx", file=b"PK", media_type="application/zip")

    rendition = EXAMPLE.render(replace(NOTICE, attachments=(form,)))

    assert rendition.parts == ()
    with pytest.raises(UnfitError):
        EXAMPLE.render(replace(NOTICE, attachments=(form,), link=""))


def test_it_is_handed_to_the_person_and_waits() -> None:
    one = EXAMPLE.part("教工群")

    receipt = one.deliver(one.render(NOTICE), key="delivery-7")

    assert receipt.remote_id == "delivery-7"
    assert receipt.awaits == "请赵琳在QQ“教工群”里代发，照清单逐项做完后登记"


def test_the_steps_name_the_place_the_picture_and_what_the_place_needs() -> None:
    one = replace(EXAMPLE, how="发完后设为群公告").part("教工群")
    plain = one.render(NOTICE)
    pictured = one.render(replace(NOTICE, images=(picture(300, 200),)))

    assert one.steps(plain) == (
        "打开QQ，进入“教工群”，核对群名",
        "复制上面的文字，原样粘贴，不要改动",
        "发送，并看一眼确已发出",
        "发完后设为群公告",
        "截一张图，在下面提交",
    )
    assert "保存下面的图片，和文字一起发" in one.steps(pictured)


def test_only_the_person_can_take_it_back() -> None:
    one = EXAMPLE.part("教工群")

    with pytest.raises(PermanentError) as raised:
        one.withdraw(one.deliver(one.render(NOTICE), key="delivery-7"), reason="有误")

    assert raised.value.advice == "请赵琳到QQ“教工群”里撤回或删除，再到这里登记"


def test_nobody_is_asked_by_night() -> None:
    late = datetime(2026, 11, 24, 23, 10, tzinfo=CAMPUS_TIME)

    assert EXAMPLE.slot(late) == datetime(2026, 11, 25, 7, 0, tzinfo=CAMPUS_TIME)


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("person", {"person": " "}),
        ("places", {"places": ()}),
        ("places", {"places": ("教工群", "教工群")}),
        ("places", {"places": ("群" * 65,)}),
        ("max_chars", {"max_chars": 0}),
        ("quiet_hours", {"quiet_hours": ("夜里",)}),
    ],
)
def test_a_wrong_setting_is_named_at_start(key: str, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as raised:
        replace(EXAMPLE, **settings)  # type: ignore[arg-type]

    assert raised.value.key == key
