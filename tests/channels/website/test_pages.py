"""What stands on the pages around the articles."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from channels.website import Website
from publisher import registry
from publisher.errors import ConfigError
from tests.channels.website.notices import ILLUSTRATED, NOTICE, deliver, numbered, public
from tests.channels.wechat.scene import MemoryShelf

BASE = "info/2026/13771-0307-2026"
FIRST_PAGE_BYTES = 60_000


@pytest.fixture
def offline(tmp_path: Path) -> Website:
    """A website that nobody serves."""
    return Website(
        base_url="http://127.0.0.1:1",
        folder=tmp_path / "site",
        office={"name": "党政办公室", "telephone": "0595-1", "supervision": "纪检监察室"},
        links={"学校主页": "https://www.example.edu.cn/"},
        request_url="https://ehall.example.edu.cn/apply",
        own_columns={"tender": {"name": "招标采购", "kinds": ["中标公告"]}},
    )


def page(website: Website, name: str) -> Any:
    return etree.HTML((public(website) / name).read_bytes())


def text(website: Website, name: str) -> str:
    return (public(website) / name).read_text(encoding="utf-8")


def test_the_first_page_with_all_it_needs_is_small(offline: Website) -> None:
    for serial in range(1, 40):
        deliver(offline, numbered(serial), key=f"delivery-{serial}")

    needed = ["index.html", "assets/site.css", "assets/site.js", "assets/icon.svg"]
    assert sum((public(offline) / name).stat().st_size for name in needed) < FIRST_PAGE_BYTES


def test_no_page_names_a_foreign_host_to_load_from(offline: Website) -> None:
    deliver(offline, ILLUSTRATED)

    for path in public(offline).rglob("*.html"):
        made = etree.HTML(path.read_bytes())
        for element in made.iter("script", "link", "img", "iframe", "source"):
            address = element.get("src") or element.get("href") or ""
            is_named_only = element.get("rel") in ("canonical", "alternate")
            assert is_named_only or not address.startswith(("http", "//")), (path, address)


def test_linked_data_says_what_the_page_is(offline: Website) -> None:
    deliver(offline, replace(NOTICE, title="</script><b>收费</b>"))

    [script] = page(offline, f"{BASE}-0001.html").xpath("//script[@type='application/ld+json']")
    said = json.loads(script.text)

    assert said["@type"] == "Article"
    assert said["headline"] == "</script><b>收费</b>"
    assert said["identifier"] == "13771-0307-2026-0001"
    assert said["url"] == f"http://127.0.0.1:1/{BASE}-0001.html"
    assert said["datePublished"].endswith("+08:00")


def test_the_json_feed_has_what_its_version_asks_for(offline: Website) -> None:
    deliver(offline)

    feed = json.loads(text(offline, "feed.json"))

    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    [item] = feed["items"]
    assert item["id"] == item["url"] == f"http://127.0.0.1:1/{BASE}-0001.html"
    assert item["content_text"] == NOTICE.summary


def test_notices_name_the_ones_before_and_after_them(offline: Website) -> None:
    for serial in (1, 2, 3):
        deliver(offline, numbered(serial), key=f"delivery-{serial}")

    middle = page(offline, f"{BASE}-0002.html")
    assert middle.find(".//a[@rel='prev']").get("href") == f"/{BASE}-0003.html"
    assert middle.find(".//a[@rel='next']").get("href") == f"/{BASE}-0001.html"
    assert page(offline, f"{BASE}-0003.html").find(".//a[@rel='prev']") is None


def test_neighbours_close_the_gap_when_one_is_withdrawn(offline: Website) -> None:
    receipts = [deliver(offline, numbered(n), key=f"delivery-{n}") for n in (1, 2, 3)]

    offline.withdraw(receipts[1], reason="数据有误")

    assert page(offline, f"{BASE}-0001.html").find(".//a[@rel='prev']").get("href") == (
        f"/{BASE}-0003.html"
    )
    assert "第2号公示" not in text(offline, f"{BASE}-0001.html") + text(
        offline, f"{BASE}-0003.html"
    )


def test_the_code_leads_to_the_permalink_and_is_drawn_once(offline: Website) -> None:
    deliver(offline)
    before = page(offline, f"{BASE}-0001.html").find(".//svg")
    deliver(offline, numbered(2), key="delivery-2")  # the first is dressed again as its neighbour

    after = page(offline, f"{BASE}-0001.html").find(".//svg")

    assert etree.tostring(before) == etree.tostring(after)


def test_the_guide_tells_of_columns_office_and_supervision(offline: Website) -> None:
    offline.pages()

    guide = text(offline, "guide.html")

    for words in ("招生考试信息", "招标采购", "党政办公室", "0595-1", "纪检监察室", "20个工作日"):
        assert words in guide


def test_the_entry_for_requests_leads_to_the_online_form(offline: Website) -> None:
    offline.pages()

    assert "https://ehall.example.edu.cn/apply" in text(offline, "request.html")
    assert "15个工作日" in text(offline, "request.html")


def test_yearly_reports_stand_together(offline: Website) -> None:
    report = replace(
        NOTICE,
        category="0106",
        title="2025—2026学年信息公开工作年度报告",
        index_number="13771-0106-2026-0001",
    )
    deliver(offline)
    receipt = deliver(offline, report, key="delivery-2")

    assert "2025—2026学年信息公开工作年度报告" in text(offline, "reports/index.html")
    assert NOTICE.title not in text(offline, "reports/index.html")

    offline.withdraw(receipt, reason="数据有误")

    assert "2025—2026学年" not in text(offline, "reports/index.html")


def test_a_column_of_the_college_takes_its_kinds_without_a_place_on_the_list(
    offline: Website,
) -> None:
    tender = replace(NOTICE, kind="中标公告", category="", index_number="13771-9900-2026-0001")
    deliver(offline, tender)
    deliver(offline, replace(NOTICE, kind="中标公告"), key="delivery-2")

    assert "13771-9900-2026-0001" in text(offline, "column/tender/index.html")
    assert "13771-0307-2026-0001" in text(offline, "column/03/index.html")
    assert "13771-0307-2026-0001" not in text(offline, "column/tender/index.html")


def test_a_withdrawn_page_says_both_times_and_why(offline: Website) -> None:
    offline.withdraw(deliver(offline), reason="数据有误")

    gone = text(offline, f"{BASE}-0001.html")

    for words in ("发布时间", "撤回时间", "数据有误", 'content="noindex"'):
        assert words in gone


def test_the_college_s_own_look_stands_before_ours(offline: Website, tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    (theme / "templates").mkdir(parents=True)
    (theme / "static").mkdir()
    (theme / "templates" / "not_found.html").write_text(
        '{% extends "base.html" %}{% block main %}<p>走丢了</p>{% endblock %}', encoding="utf-8"
    )
    (theme / "static" / "extra.css").write_text("p { color: #000 }", encoding="utf-8")
    logo = tmp_path / "校徽.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")

    replace(offline, theme=theme, logo=logo, colour="#7a0019").pages()

    assert "走丢了" in text(offline, "404.html")
    assert text(offline, "assets/extra.css") == "p { color: #000 }"
    assert "--blue: #7a0019" in text(offline, "assets/site.css")
    assert page(offline, "index.html").find(".//p[@class='site']//img") is not None
    assert (public(offline) / "assets/logo.svg").exists()


def test_two_sites_of_one_process_keep_their_own_names(offline: Website, tmp_path: Path) -> None:
    other = replace(offline, folder=tmp_path / "other", site_name="另一个站")
    offline.pages()
    other.pages()

    deliver(offline)

    assert "另一个站" not in text(offline, f"{BASE}-0001.html")


def test_a_template_with_a_mistake_leaves_the_site_as_it_was(
    offline: Website, tmp_path: Path
) -> None:
    deliver(offline)
    before = text(offline, "index.html")
    theme = tmp_path / "theme"
    (theme / "templates").mkdir(parents=True)
    (theme / "templates" / "home.html").write_text("{{ nothing.such }}", encoding="utf-8")

    replace(offline, theme=theme).pages()

    assert text(offline, "index.html") == before


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"colour": "blue"}, "colour"),
        ({"colour": "#ffd700"}, "colour"),
        ({"links": {"主页": "javascript:alert(1)"}}, "links"),
        ({"request_url": "ehall"}, "request_url"),
        ({"logo": Path("/nothing/such.svg")}, "logo"),
        ({"logo": Path(__file__)}, "logo"),
        ({"theme": Path("/nothing")}, "theme"),
        ({"own_columns": {"03": {"name": "财务", "kinds": ["公示"]}}}, "own_columns"),
        ({"own_columns": {"tender": {"name": " ", "kinds": ["公示"]}}}, "own_columns"),
    ],
)
def test_a_look_that_cannot_be_is_named_at_start(
    offline: Website, settings: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(offline, **settings)

    assert caught.value.key == key


SETTINGS = """
base_url = "http://127.0.0.1:1"
colour = "#7a0019"
links = { "学校主页" = "https://www.example.edu.cn/" }
office = { name = "党政办公室", telephone = "0595-1" }
report_categories = ["0106"]
[own_columns.tender]
name = "招标采购"
kinds = ["招标公告", "中标公告"]
[[copies]]
address = "file:///srv/www"
"""


def test_every_setting_can_be_written_as_toml(tmp_path: Path) -> None:
    table = {"channel": "website"} | tomllib.loads(SETTINGS)

    made = registry.build("site", table, folder=tmp_path, shelf=MemoryShelf(), home=tmp_path)

    assert isinstance(made, Website)
    assert made.own_columns["tender"]["name"] == "招标采购"
    assert made.copies[0]["address"] == "file:///srv/www"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("office", {"fon": "0595-1"}),
        ("office", "党政办公室"),
        ("own_columns", {"tender": {"name": "招标采购"}}),
        ("copies", [{"adress": "file:///srv/www"}]),
    ],
)
def test_a_setting_that_is_misspelt_is_named(tmp_path: Path, key: str, value: object) -> None:
    table = {"channel": "website", "base_url": "http://127.0.0.1:1", key: value}

    with pytest.raises(ConfigError) as caught:
        registry.build("site", table, folder=tmp_path, shelf=MemoryShelf(), home=tmp_path)

    assert caught.value.key == key
