"""What a notice going up or coming down leaves on the site, and what a failure leaves."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from lxml import etree

from channels.website import Website
from channels.website.imprint import Imprint
from channels.website.notice import Notice
from channels.website.pages import Pages
from publisher.channel import CAMPUS_TIME
from publisher.errors import ChannelError, RetryableError, UnknownOutcomeError
from tests.channels.website.notices import (
    ILLUSTRATED,
    NOTICE,
    contents,
    deliver,
    numbered,
    public,
    stamps,
)
from tests.channels.website.served import served

ROOT = Path(__file__).parents[3]
ADDRESS = "/info/2026/13771-0307-2026-0001.html"
BASE = "info/2026/13771-0307-2026-0001"
THIS_MONTH = f"sitemap-{datetime.now(CAMPUS_TIME):%Y-%m}.xml"
LISTS = ["column/03/1.html", "column/03/index.html", "index.html", "feed.xml", THIS_MONTH]
LOOK = Pages(Imprint(base_url="http://127.0.0.1:1", site_name="旧站", college_name="学院"))


@pytest.fixture
def offline(tmp_path: Path) -> Website:
    """A website that nobody serves."""
    return Website(base_url="http://127.0.0.1:1", folder=tmp_path / "site")


def many(website: Website, count: int) -> None:
    for serial in range(1, count + 1):
        deliver(website, numbered(serial), key=f"delivery-{serial}")


def titles_on(website: Website, path: str) -> list[str]:
    """Return the titles that a list shows, in order."""
    page = etree.HTML((public(website) / path).read_bytes())
    return [link.text or "" for link in page.iterfind(".//ul[@class='entries']/li/a")]


@pytest.mark.parametrize("path", LISTS)
def test_a_notice_appears_in_every_list(offline: Website, path: str) -> None:
    deliver(offline)

    assert ADDRESS in (public(offline) / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", LISTS)
def test_a_withdrawn_notice_appears_in_none(offline: Website, path: str) -> None:
    offline.withdraw(deliver(offline), reason="数据有误")

    file = public(offline) / path
    assert not file.exists() or ADDRESS not in file.read_text(encoding="utf-8")


def test_feed_and_sitemaps_are_well_formed_and_complete(offline: Website) -> None:
    deliver(offline, replace(NOTICE, title="a < b & c\x0b", summary="控制符\x01"))

    feed = etree.fromstring((public(offline) / "feed.xml").read_bytes())
    months = etree.fromstring((public(offline) / "sitemap.xml").read_bytes())
    month = etree.fromstring((public(offline) / THIS_MONTH).read_bytes())

    atom, sitemap = "{http://www.w3.org/2005/Atom}", "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert feed.findtext(f"{atom}entry/{atom}title") == "a < b & c"
    assert feed.findtext(f"{atom}entry/{atom}id") == f"http://127.0.0.1:1{ADDRESS}"
    assert months.findtext(f"{sitemap}sitemap/{sitemap}loc") == f"http://127.0.0.1:1/{THIS_MONTH}"
    assert month.findtext(f"{sitemap}url/{sitemap}loc") == f"http://127.0.0.1:1{ADDRESS}"


def test_the_page_has_the_labels_of_government_pages(offline: Website) -> None:
    deliver(offline)

    page = etree.HTML((public(offline) / f"{BASE}.html").read_bytes())

    labels = {str(meta.get("name")): meta.get("content") for meta in page.iter("meta")}
    assert labels["SiteName"] == "泉州工程职业技术学院信息公开网"
    assert labels["ColumnName"] == "财务、资产及收费信息"
    assert labels["ArticleTitle"] == NOTICE.title
    assert labels["ContentSource"] == "财务处"
    assert labels["Description"] == NOTICE.summary
    assert labels["Url"] == f"http://127.0.0.1:1{ADDRESS}"
    assert str(labels["PubDate"]).startswith(f"{datetime.now(CAMPUS_TIME):%Y-%m-}")
    assert labels.keys() >= {"ColumnType", "Keywords"}


def test_the_same_delivery_twice_leaves_the_same_files(offline: Website) -> None:
    deliver(offline, ILLUSTRATED)
    before = contents(public(offline))

    deliver(offline, ILLUSTRATED)

    assert contents(public(offline)) == before


def test_full_pages_of_a_column_never_change_again(offline: Website) -> None:
    many(offline, 21)
    full = (public(offline) / "column/03/1.html").read_bytes()

    for serial in range(22, 30):
        deliver(offline, numbered(serial), key=f"delivery-{serial}")

    assert (public(offline) / "column/03/1.html").read_bytes() == full


def test_a_column_is_turned_over_from_new_to_old_without_a_gap(offline: Website) -> None:
    many(offline, 41)

    seen = {
        title
        for path in ("index", "3", "2", "1")
        for title in titles_on(offline, f"column/03/{path}.html")
    }

    front = (public(offline) / "column/03/index.html").read_text(encoding="utf-8")
    middle = (public(offline) / "column/03/2.html").read_text(encoding="utf-8")
    assert len(titles_on(offline, "column/03/2.html")) == 20
    assert titles_on(offline, "column/03/3.html") == ["第41号公示"]
    assert seen == {f"第{serial}号公示" for serial in range(1, 42)}
    assert 'href="2.html" rel="next"' in front
    assert 'href="3.html" rel="prev"' in middle
    assert 'href="1.html" rel="next"' in middle


@pytest.mark.parametrize(("count", "has_older"), [(20, False), (21, True)])
def test_older_pages_are_named_only_where_there_are_some(
    offline: Website, count: int, *, has_older: bool
) -> None:
    many(offline, count)

    front = (public(offline) / "column/03/index.html").read_text(encoding="utf-8")
    assert ("较早的信息" in front) is has_older


def test_a_withdrawal_leaves_a_gap_so_that_other_pages_stay(offline: Website) -> None:
    many(offline, 21)
    second = (public(offline) / "column/03/2.html").read_bytes()

    offline.withdraw(deliver(offline, numbered(5), key="delivery-5"), reason="数据有误")

    assert len(titles_on(offline, "column/03/1.html")) == 19
    assert (public(offline) / "column/03/2.html").read_bytes() == second


def test_what_is_published_again_is_news_again(offline: Website) -> None:
    many(offline, 3)
    offline.withdraw(deliver(offline, numbered(1), key="delivery-1"), reason="数据有误")

    deliver(offline, numbered(1), key="delivery-9")

    assert titles_on(offline, "column/03/index.html") == ["第1号公示", "第3号公示", "第2号公示"]


def test_a_correction_keeps_its_place_and_shows_both_times(offline: Website) -> None:
    many(offline, 2)
    page = public(offline) / f"{BASE}.html"
    notice = Notice.read(page.read_bytes())
    assert notice is not None
    earlier = dict.fromkeys(("published_at", "updated_at"), "2026-09-01T00:30:00+00:00")
    page.write_bytes(LOOK.notice(replace(notice, facts={**notice.facts, **earlier})))

    deliver(offline, replace(numbered(1), title="更正后的公示"), key="delivery-9")

    assert titles_on(offline, "column/03/index.html") == ["第2号公示", "更正后的公示"]
    assert "2026年9月1日 8:30" in page.read_text(encoding="utf-8")
    assert "首次发布于" in page.read_text(encoding="utf-8")


def test_attachments_of_the_old_edition_are_removed(offline: Website) -> None:
    deliver(offline, ILLUSTRATED)
    changed = replace(ILLUSTRATED.attachments[0], file=b"%PDF-2.0")

    deliver(offline, replace(ILLUSTRATED, attachments=(changed,)), key="delivery-2")

    [attachment] = (public(offline) / BASE).glob("*.pdf")
    assert attachment.read_bytes() == b"%PDF-2.0"


def obstruct(path: Path) -> Callable[[], None]:
    """Make one write fail, as a full disk would, until the returned function is called."""
    hidden = path.with_name(path.name + ".hidden")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.rename(hidden)
    (path / "in-the-way").mkdir(parents=True)

    def clear() -> None:
        (path / "in-the-way").rmdir()
        path.rmdir()
        if hidden.exists():
            hidden.rename(path)

    return clear


BEFORE_THE_PAGE = [f"{BASE}/1a2b.png", f"{BASE}.html"]


@pytest.mark.parametrize("path", [*BEFORE_THE_PAGE, *LISTS, "sitemap.xml"])
def test_a_failure_between_any_two_files_is_healed_by_repeating(
    offline: Website, path: str
) -> None:
    offline.pages()
    clear = obstruct(public(offline) / path)
    expected = RetryableError if path in BEFORE_THE_PAGE else UnknownOutcomeError
    with pytest.raises(expected) as caught:
        deliver(offline, ILLUSTRATED)
    clear()

    deliver(offline, ILLUSTRATED)

    assert "磁盘" in caught.value.advice
    for list_path in LISTS:
        assert ADDRESS in (public(offline) / list_path).read_text(encoding="utf-8")
    assert not list(public(offline).rglob(".*"))


@pytest.mark.parametrize("path", [*LISTS, "sitemap.xml"])
def test_what_a_killed_process_left_is_finished_before_it_is_read(
    website: Website, path: str
) -> None:
    clear = obstruct(public(website) / path)
    with pytest.raises(UnknownOutcomeError):
        deliver(website, ILLUSTRATED)
    with pytest.raises(UnknownOutcomeError):
        website.confirm(key="delivery-1", receipt=None)
    clear()

    confirmed = website.confirm(key="delivery-1", receipt=None)

    assert confirmed is not None
    for list_path in LISTS:
        assert ADDRESS in (public(website) / list_path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BEFORE_THE_PAGE)
def test_files_without_their_page_are_cleared_away(website: Website, path: str) -> None:
    clear = obstruct(public(website) / path)
    with pytest.raises(RetryableError):
        deliver(website, ILLUSTRATED)
    clear()

    assert website.confirm(key="delivery-1", receipt=None) is None
    assert not (public(website) / BASE).exists()


@pytest.mark.parametrize("path", ["column/03/index.html", "feed.xml"])
def test_a_withdrawal_that_failed_half_way_is_finished_by_repeating(
    offline: Website, path: str
) -> None:
    receipt = deliver(offline, ILLUSTRATED)
    clear = obstruct(public(offline) / path)
    with pytest.raises(RetryableError) as caught:
        offline.withdraw(receipt, reason="数据有误")
    clear()

    offline.withdraw(receipt, reason="数据有误")

    assert "还没有撤下" in caught.value.advice
    assert not (public(offline) / BASE).exists()
    for list_path in LISTS[:-1]:
        assert ADDRESS not in (public(offline) / list_path).read_text(encoding="utf-8")


def test_two_deliveries_at_once_both_stand_in_the_lists(offline: Website) -> None:
    errors: list[ChannelError] = []

    def some(serials: range) -> None:
        for serial in serials:
            try:
                deliver(offline, numbered(serial), key=f"delivery-{serial}")
            except ChannelError as error:
                errors.append(error)

    threads = [
        threading.Thread(target=some, args=(serials,)) for serials in (range(1, 7), range(7, 13))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert len(titles_on(offline, "column/03/index.html")) == 12


def test_processes_that_are_killed_leave_nothing_that_stays_wrong(offline: Website) -> None:
    offline.pages()
    command = [sys.executable, "-m", "tests.channels.website.endless", str(offline.folder)]
    processes = [subprocess.Popen([*command, str(first)], cwd=ROOT) for first in (1000, 2000)]
    while len(list(public(offline).glob("info/*/*.html"))) < 10:
        time.sleep(0.02)
    for process in processes:
        process.kill()
        process.wait()

    deliver(offline, numbered(1))

    standing = {
        path.stem
        for path in public(offline).glob("info/*/*.html")
        if "已撤回" not in path.read_text(encoding="utf-8")
    }
    for pages in ("column/03/[0-9]*.html", "sitemap-*.xml"):
        listed = "".join(path.read_text(encoding="utf-8") for path in public(offline).glob(pages))
        assert {name for name in re.findall(r"/([\w-]+)\.html", listed) if "-" in name} == standing
    assert not list(public(offline).rglob(".*"))


def with_archive(website: Website, count: int) -> None:
    """Give the site that many notices of earlier months, twenty a month."""
    rendition = website.render(NOTICE)
    for serial in range(1, count + 1):
        published_at = datetime(2020, 1, 15, tzinfo=UTC) + timedelta(days=30 * (serial // 20))
        times = {name: published_at.isoformat() for name in ("published_at", "updated_at")}
        index_number = f"13771-0307-2020-{serial:05}"
        facts = {**rendition.facts, **times, "index_number": index_number}
        notice = Notice(
            key=f"delivery-a{serial}", digest="0" * 64, facts=facts, article=rendition.body
        )
        path = public(website) / f"info/2020/{index_number}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LOOK.notice(notice))


def written_by_one_delivery(website: Website) -> set[str]:
    deliver(website, numbered(1), key="delivery-1")
    before = stamps(public(website))
    deliver(website, numbered(2), key="delivery-2")
    after = stamps(public(website))
    return {path for path, stamp in after.items() if before.get(path) != stamp}


def test_the_work_of_a_delivery_does_not_grow_with_what_came_before(tmp_path: Path) -> None:
    small = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "small")
    large = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "large")
    with_archive(small, 10)
    with_archive(large, 1000)

    few, many = written_by_one_delivery(small), written_by_one_delivery(large)

    assert max(len(few), len(many)) <= 11
    assert {"index.html", "feed.xml", "feed.json", THIS_MONTH} <= few & many
    assert "column/03/51.html" in many


@pytest.mark.parametrize(("count", "shown"), [(49, 49), (50, 50), (51, 50)])
def test_the_feed_holds_the_newest_fifty(offline: Website, count: int, shown: int) -> None:
    with_archive(offline, count - 1)

    deliver(offline)

    feed = (public(offline) / "feed.xml").read_text(encoding="utf-8")
    assert feed.count("<entry>") == shown
    assert ADDRESS in feed


def test_without_its_catalogue_the_site_is_learnt_from_its_pages(website: Website) -> None:
    many(website, 3)
    website.withdraw(deliver(website, numbered(2), key="delivery-2"), reason="数据有误")
    before = contents(public(website))
    for path in website.folder.glob("catalogue.db*"):
        path.unlink()

    website.pages()

    assert contents(public(website)) == before
    assert website.confirm(key="delivery-3", receipt=None) is not None
    assert website.confirm(key="delivery-2", receipt=None) is None


def test_a_page_that_vanished_leaves_the_lists_at_the_next_rebuilding(offline: Website) -> None:
    many(offline, 2)
    (public(offline) / f"{BASE}.html").unlink()

    replace(offline, site_name="新的网站名").pages()

    assert titles_on(offline, "column/03/index.html") == ["第2号公示"]


def test_a_new_look_keeps_the_approved_article(tmp_path: Path) -> None:
    with served(tmp_path, site_name="旧的网站名") as website:
        receipt = deliver(website, ILLUSTRATED)
        gone = deliver(website, numbered(2), key="delivery-2")
        website.withdraw(gone, reason="数据有误")

    with served(tmp_path, site_name="新的网站名") as website:
        confirmed = website.confirm(key="delivery-1", receipt=receipt)
        page = requests.get(website.link(ILLUSTRATED), timeout=5).text
        tombstone = requests.get(website.link(numbered(2)), timeout=5)

    assert confirmed is not None
    assert "新的网站名" in page
    assert "旧的网站名" not in page
    assert "新的网站名" in tombstone.text
    assert tombstone.status_code == 410
