"""The pages of the screens: how each is, who may accept one, and what an emergency does."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from channels.screens import Screens
from channels.screens.pairing import Pairing
from channels.screens.playback import Playback
from channels.screens.reports import Heartbeat, Report
from channels.screens.store import Store
from publisher.channel import Content
from publisher.model.note import Note
from tests.publisher.console.office import Office, words

NONCE = "0f" * 32
KEY = "delivery-1"


@pytest.fixture
def screens(office: Office, tmp_path: Path) -> Screens:
    """Two screens and one without network, beside the other targets of the office."""
    made = Screens(
        base_url="http://127.0.0.1:8001",
        screens=("library", "canteen", "gate"),
        names={"library": "图书馆", "canteen": "食堂", "gate": "校门"},
        offline=("gate",),
        folder=tmp_path / "screens",
    )
    office.app.channels["screens"] = made
    return made


@pytest.fixture
def store(screens: Screens) -> Store:
    return Store(folder=screens.folder)


def asks(store: Store) -> str:
    """Let a machine ask to be the library's screen; return its code."""
    code = Pairing(store=store).ask("library", NONCE, at=datetime.now(UTC))
    assert code is not None
    return code


def card(office: Office, name: str, *, by: str = "吴凡") -> str:
    page = office.of(by).get("/screens")
    return words(page.xpath(f"//section[@id='screens-{name}']")[0])


def noted(office: Office, verb: str) -> list[str]:
    with office.app.database.reads() as session:
        return [note.text for note in session.scalars(select(Note).where(Note.verb == verb))]


def test_without_screens_there_is_no_such_page_in_the_bar(office: Office) -> None:
    assert "大屏" not in words(office.of("吴凡").get("/items").xpath("//nav")[0])
    assert "还没有配置大屏" in words(office.of("吴凡").get("/screens"))


def test_every_screen_says_how_it_is(office: Office, screens: Screens, store: Store) -> None:
    library = screens.part("library")
    library.deliver(library.render(Content(title="停水", body="<p>周六</p>")), key=KEY)
    beat = Heartbeat(version=1, key=KEY, keys=(KEY,))
    Playback(store=store).beat("library", beat, at=datetime.now(UTC))

    assert "停水" in card(office, "library")
    assert "没有配对" in card(office, "canteen")
    assert "没有网络" in card(office, "gate")


def test_a_screen_is_accepted_by_its_code(office: Office, screens: Screens, store: Store) -> None:
    code = asks(store)
    assert "等待配对" in card(office, "library")

    page = office.of("吴凡").post("/screens/screens/library/pairing", code=code)

    assert "已接受" in words(page)
    assert Pairing(store=store).ask("library", NONCE, at=datetime.now(UTC)) is None
    assert noted(office, "accept_device") == ["接受为“图书馆”"]


def test_a_wrong_code_goes_back_with_what_to_do(
    office: Office, screens: Screens, store: Store
) -> None:
    code = asks(store)
    wrong = f"{(int(code) + 1) % 10**6:06}"

    page = office.of("吴凡").post("/screens/screens/library/pairing", status=422, code=wrong)

    assert "配对码不对" in words(page.xpath("//*[@id='screens-library-fault']")[0])
    assert noted(office, "accept_device") == []


def test_a_machine_can_be_let_go(office: Office, screens: Screens, store: Store) -> None:
    office.of("吴凡").post("/screens/screens/library/pairing", code=asks(store))
    pairing = Pairing(store=store)
    token = pairing.take("library", NONCE, agent="盒子", address="", at=datetime.now(UTC))

    office.of("吴凡").post("/screens/screens/library/release")

    assert not pairing.is_known("library", token)
    assert noted(office, "release_device") == ["解除“图书馆”的配对"]


@pytest.mark.parametrize("name", ["林晓", "陈敏", "赵琳"])
def test_only_those_who_run_targets_accept_screens(
    office: Office, screens: Screens, store: Store, name: str
) -> None:
    code = asks(store)

    office.of(name).post("/screens/screens/library/pairing", status=409, code=code)

    assert Pairing(store=store).ask("library", NONCE, at=datetime.now(UTC)) == code
    assert "配对码" not in card(office, "library", by=name).replace("输入它显示的配对码", "")


@pytest.mark.parametrize(
    "path",
    ["/screens/screens/roof/picture", "/screens/site/library/picture", "/screens/x/y/package"],
)
def test_a_screen_that_is_not_there_is_not_found(
    office: Office, screens: Screens, path: str
) -> None:
    assert office.of("吴凡").client.get(path).status_code == 404


def test_the_package_of_a_screen_without_network_is_a_zip(office: Office, screens: Screens) -> None:
    answer = office.of("吴凡").client.get("/screens/screens/gate/package")

    assert "attachment" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        assert "index.html" in pack.namelist()


EMERGENCY: dict[str, Any] = {
    "headline": "实训楼火情",
    "words": "请撤离",
    "style": "full",
    "minutes": "30",
}


def test_an_emergency_stands_on_the_screens_at_once_and_on_record(
    office: Office, screens: Screens
) -> None:
    page = office.of("陈敏").post("/emergency/screens", **EMERGENCY)

    [shown] = screens.alerts(9)
    assert shown.alert.headline == "实训楼火情"
    assert (shown.alert.ends_at - shown.alert.begins_at).total_seconds() == 1800
    assert "正在插播" in words(page)
    assert "0/2 块屏幕" in words(page)
    assert noted(office, "alert") == ["实训楼火情（占满全屏，30 分钟）"]


def test_an_emergency_is_ended_by_a_person(office: Office, screens: Screens) -> None:
    office.of("陈敏").post("/emergency/screens", **EMERGENCY)
    [shown] = screens.alerts(9)

    page = office.of("吴凡").post(f"/emergency/screens/{shown.alert.id}/end")

    assert "已结束插播" in words(page)
    assert screens.alerts(9)[0].cancelled_at is not None
    assert noted(office, "end_alert") == ["实训楼火情"]


@pytest.mark.parametrize("name", ["林晓", "王建国", "吴凡", "赵琳"])
def test_only_the_office_s_reviewer_lets_an_emergency_out(
    office: Office, screens: Screens, name: str
) -> None:
    office.of(name).post("/emergency/screens", status=409, **EMERGENCY)

    assert screens.alerts(9) == ()
    assert noted(office, "alert") == []


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"headline": " "}, "headline", "一句话"),
        ({"headline": "着火🔥"}, "headline", "没有这些字符"),
        ({"words": "联系张三，手机 13800138000"}, "words", "手机"),
        ({"minutes": "100000"}, "minutes", "时长"),
        ({"style": "blink"}, "minutes", "样式"),
    ],
)
def test_an_emergency_that_cannot_go_out_goes_back_with_what_was_typed(
    office: Office, screens: Screens, changed: dict[str, str], field: str, says: str
) -> None:
    typed = EMERGENCY | {"headline": "实训楼火情"} | changed

    page = office.of("陈敏").post("/emergency/screens", status=422, **typed)

    assert says in words(page.xpath(f"//*[@id='screens-{field}-fault']")[0])
    assert typed["words"] in page.xpath("//textarea")[0].text_content()
    assert screens.alerts(9) == ()
    assert noted(office, "alert") == []


def test_proof_of_play_is_shown_by_day_and_screen(
    office: Office, screens: Screens, store: Store
) -> None:
    number = office.approved(targets=["walls"])
    delivery = office.deliveries(number)[0]
    office.app.channels["walls"] = screens
    now = datetime.now(UTC)
    report = Report(id="1", key=delivery.key, event="shown", from_at=now, to_at=now, times=7)
    Playback(store=store).report("library", [report], at=now)

    page = office.of("赵琳").get(f"/deliveries/{delivery.id}/plays")

    assert "共播放 7 次" in words(page)
    assert "图书馆" in words(page.xpath("//table")[0])
