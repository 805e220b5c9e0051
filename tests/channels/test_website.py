"""The website as the core sees it; what is read back has come over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from channels.website import Website
from publisher.channel import Attachment, Content, Receipt
from publisher.errors import (
    ChannelError,
    ConfigError,
    PermanentError,
    RetryableError,
    UnfitError,
    UnknownOutcomeError,
)
from tests.channels.website.notices import ILLUSTRATED, NOTICE, deliver, public
from tests.channels.website.served import served
from tests.outlet import Outlet

EXAMPLE = Website(base_url="https://xxgk.example.edu.cn", folder=Path("unused"))
PAGE = "info/2026/13771-0307-2026-0001.html"


@pytest.fixture
def website(tmp_path: Path) -> Iterator[Website]:
    """A website on a real socket, its folder empty."""
    with served(tmp_path / "site") as website:
        yield website


@pytest.mark.parametrize(
    ("base_url", "link"),
    [
        ("https://a.edu.cn", f"https://a.edu.cn/{PAGE}"),
        ("https://a.edu.cn/", f"https://a.edu.cn/{PAGE}"),
        ("https://a.edu.cn/xxgk/", f"https://a.edu.cn/xxgk/{PAGE}"),
    ],
)
def test_the_address_comes_from_the_index_number_alone(base_url: str, link: str) -> None:
    website = Website(base_url=base_url, folder=Path("unused"))

    assert website.link(NOTICE) == link
    assert website.link(replace(NOTICE, title="另一个标题")) == link


@pytest.mark.parametrize("base_url", ["", "a.edu.cn", "ftp://a.edu.cn", "https://a.edu.cn/?a=1"])
def test_a_wrong_address_of_the_site_is_named_at_start(base_url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Website(base_url=base_url, folder=Path("unused"))

    assert caught.value.key == "base_url"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"body": "<p> </p>"}, "body"),
        ({"audience": "campus"}, "audience"),
        ({"index_number": ""}, "index_number"),
        ({"index_number": "../../../2026-1"}, "index_number"),
        ({"index_number": "13771-0307-26-0001"}, "index_number"),
        ({"body": '<p>见图<img src="media:9.png" alt="图"></p>'}, "images"),
        ({"images": ILLUSTRATED.images}, "images"),
    ],
)
def test_says_what_keeps_a_notice_from_the_public_site(
    change: dict[str, object], field: str
) -> None:
    content = replace(NOTICE, **change)  # type: ignore[arg-type]  # one field in each case

    with pytest.raises(UnfitError) as caught:
        EXAMPLE.render(content)

    assert caught.value.field == field


@pytest.mark.parametrize("index_number", ["", "2026", "a/b-c-2026-1"])
def test_there_is_no_link_without_an_index_number(index_number: str) -> None:
    with pytest.raises(UnfitError) as caught:
        EXAMPLE.link(replace(NOTICE, index_number=index_number))

    assert caught.value.field == "index_number"


def test_a_notice_of_pictures_alone_is_unfit() -> None:
    picture = '<p><img src="media:1a2b.png" alt="海报"></p>'

    with pytest.raises(UnfitError, match="只有图片"):
        EXAMPLE.render(replace(ILLUSTRATED, body=picture))


def test_the_article_carries_title_metadata_body_and_files() -> None:
    article = EXAMPLE.render(ILLUSTRATED).body.decode()

    assert "<h1>关于2026—2027学年收费项目和标准的公示</h1>" in article
    for words in ("13771-0307-2026-0001", "财务处", "泉工程院财〔2026〕9号", "2026年8月28日"):
        assert f"<dd>{words}</dd>" in article
    assert '<img src="media:1a2b.png" alt="缴费流程">' in article
    assert 'download="收费 标准.pdf">收费 标准.pdf</a> <span>PDF 文件，8 B</span>' in article


def test_files_travel_under_ascii_names_and_keep_their_own_as_labels() -> None:
    picture, attachment = EXAMPLE.render(ILLUSTRATED).parts

    assert picture.name == "1a2b.png"
    assert attachment.name.isascii()
    assert attachment.name.endswith(".pdf")
    assert attachment.label == "收费 标准.pdf"


@pytest.mark.parametrize("name", ["网页.html", "图.svg", "程序.exe", "没有后缀", ".htaccess"])
def test_what_could_act_as_a_page_gets_a_harmless_name(name: str) -> None:
    attachment = Attachment(name=name, file=b"x", media_type="text/html")

    [part] = EXAMPLE.render(replace(NOTICE, attachments=(attachment,))).parts

    assert part.name.endswith(".bin")
    assert part.label == name


def test_facts_are_what_lists_need() -> None:
    content = replace(NOTICE, publish_at=datetime(2026, 11, 24, 0, 30, tzinfo=UTC))

    facts = EXAMPLE.render(content).facts

    assert facts["column"] == "03"
    assert facts["summary"] == "学费、住宿费和服务性收费的标准。"
    assert facts["issued_on"] == "2026-08-28"
    assert facts["publish_at"] == "2026-11-24T00:30:00+00:00"


def test_without_a_summary_the_opening_of_the_text_stands_for_it() -> None:
    exact = replace(NOTICE, summary="", body=f"<p>{'字' * 120}</p>")
    longer = replace(NOTICE, summary="", body=f"<p>{'字' * 121}</p>")

    assert EXAMPLE.render(exact).facts["summary"] == "字" * 120
    assert EXAMPLE.render(longer).facts["summary"] == "字" * 119 + "…"


@pytest.mark.parametrize(
    ("category", "column"), [("", "00"), ("9900", "00"), ("0307", "03"), ("1002", "10")]
)
def test_the_official_list_decides_the_column(category: str, column: str) -> None:
    assert EXAMPLE.render(replace(NOTICE, category=category)).facts["column"] == column


def test_markup_in_a_title_is_text() -> None:
    title = '<script>alert("1")</script>&'

    article = EXAMPLE.render(replace(NOTICE, title=title)).body

    assert b"<script" not in article


def test_what_is_delivered_is_confirmed_by_reading_it(website: Website) -> None:
    receipt = deliver(website, ILLUSTRATED)

    confirmed = website.confirm(key="delivery-1", receipt=receipt)

    assert confirmed == website.confirm(key="delivery-1", receipt=None)
    assert confirmed is not None
    assert confirmed.remote_id == "13771-0307-2026-0001"
    assert confirmed.url == website.link(ILLUSTRATED)
    assert "内容摘要一致" in confirmed.evidence


def test_the_page_carries_the_approved_bytes_with_addresses_for_media(website: Website) -> None:
    rendition = website.render(ILLUSTRATED)

    website.deliver(rendition, key="delivery-1")

    page = (public(website) / PAGE).read_bytes()
    article = rendition.body.replace(b'="media:', b'="13771-0307-2026-0001/')
    before, after = article.split("发布时填写".encode())
    assert before in page
    assert after in page
    assert b'data-key="delivery-1"' in page
    assert sha256(rendition.body).hexdigest().encode() in page


def test_a_key_that_never_came_here_is_certainly_not_there(website: Website) -> None:
    deliver(website)

    assert website.confirm(key="delivery-2", receipt=None) is None


def test_before_anything_is_delivered_nothing_is_there(tmp_path: Path) -> None:
    website = replace(EXAMPLE, folder=tmp_path / "new")

    assert website.confirm(key="delivery-1", receipt=None) is None
    assert not (tmp_path / "new").exists()


def test_a_new_edition_takes_the_place_of_the_old_one(website: Website) -> None:
    old = deliver(website, ILLUSTRATED)

    deliver(website, replace(NOTICE, title="更正后的公示"), key="delivery-2")

    assert website.confirm(key="delivery-1", receipt=old) is None
    assert website.confirm(key="delivery-2", receipt=None) is not None
    assert not (public(website) / PAGE.removesuffix(".html")).exists()


def test_a_withdrawn_notice_is_certainly_gone_and_its_page_says_so(website: Website) -> None:
    receipt = deliver(website, ILLUSTRATED)

    website.withdraw(receipt, reason="数据有误")

    page = (public(website) / PAGE).read_text(encoding="utf-8")
    assert website.confirm(key="delivery-1", receipt=receipt) is None
    assert "已撤回" in page
    assert "数据有误" in page
    assert "收费项目和标准" not in page
    assert not (public(website) / PAGE.removesuffix(".html")).exists()


def test_withdrawing_twice_or_what_never_was_counts_as_done(website: Website) -> None:
    receipt = deliver(website)
    website.withdraw(receipt, reason="数据有误")
    before = (public(website) / PAGE).read_bytes()

    website.withdraw(receipt, reason="又一次")
    website.withdraw(Receipt(remote_id="13771-0307-2026-0099"), reason="从未发布")

    assert (public(website) / PAGE).read_bytes() == before


def test_a_withdrawn_notice_can_be_published_again(website: Website) -> None:
    receipt = deliver(website)
    website.withdraw(receipt, reason="数据有误")

    deliver(website, key="delivery-2")

    assert website.confirm(key="delivery-2", receipt=None) is not None
    assert website.confirm(key="delivery-1", receipt=receipt) is None


@pytest.mark.parametrize("remote_id", ["", "../../etc/passwd", "a-b-2026-../x"])
def test_what_is_no_index_number_never_becomes_a_path(website: Website, remote_id: str) -> None:
    rendition = replace(website.render(NOTICE), facts={"index_number": remote_id})

    with pytest.raises(PermanentError):
        website.withdraw(Receipt(remote_id=remote_id), reason="无")
    with pytest.raises(PermanentError):
        website.deliver(rendition, key="delivery-1")


def test_the_address_alone_is_enough_to_look_up_and_to_take_down(website: Website) -> None:
    url = deliver(website).url
    known = Receipt(remote_id="", url=url)

    found = website.confirm(key="delivery-1", receipt=known)
    website.withdraw(known, reason="数据有误")

    assert found is not None
    assert website.confirm(key="delivery-1", receipt=known) is None


def test_a_receipt_that_says_nothing_is_looked_up_by_its_key(website: Website) -> None:
    deliver(website)

    assert website.confirm(key="delivery-1", receipt=Receipt(remote_id="")) is not None


def test_an_altered_page_is_not_taken_for_the_approved_one(website: Website) -> None:
    receipt = deliver(website)
    path = public(website) / PAGE
    path.write_bytes(path.read_bytes().replace("公示如下".encode(), "公示如上".encode()))

    with pytest.raises(UnknownOutcomeError) as caught:
        website.confirm(key="delivery-1", receipt=receipt)

    assert "核对" in caught.value.advice


def test_a_page_that_vouches_for_other_words_is_not_taken_either(website: Website) -> None:
    receipt = deliver(website)
    altered = replace(NOTICE, body="<p>现将收费项目和标准公示如上。</p>")
    other = Website(base_url=website.base_url, folder=website.folder / "other")
    deliver(other, altered)
    (public(website) / PAGE).write_bytes((public(other) / PAGE).read_bytes())

    with pytest.raises(UnknownOutcomeError, match="digest"):
        website.confirm(key="delivery-1", receipt=receipt)


def test_a_page_whose_attachment_is_missing_is_not_confirmed(website: Website) -> None:
    receipt = deliver(website, ILLUSTRATED)
    [attachment] = (public(website) / PAGE.removesuffix(".html")).glob("*.pdf")
    attachment.unlink()

    with pytest.raises(UnknownOutcomeError, match="404"):
        website.confirm(key="delivery-1", receipt=receipt)


def behind(outlet: Outlet, folder: Path, content: Content = NOTICE) -> tuple[Website, bytes]:
    """Return a website whose address leads to a scripted server, and the page it has written."""
    website = Website(base_url=outlet.url, folder=folder, timeout_s=0.5)
    deliver(website, content)
    return website, (public(website) / PAGE).read_bytes()


@pytest.mark.parametrize("status", [404, 410])
def test_nothing_at_the_address_is_certain(outlet: Outlet, tmp_path: Path, status: int) -> None:
    website, page = behind(outlet, tmp_path)
    outlet.answers(status, page)

    assert website.confirm(key="delivery-1", receipt=None) is None


@pytest.mark.parametrize("status", [204, 301, 302, 403, 429, 500, 502, 503])
def test_any_other_answer_proves_neither(outlet: Outlet, tmp_path: Path, status: int) -> None:
    website, page = behind(outlet, tmp_path)
    outlet.answers(status, b"" if status == 204 else page, {"Location": "/elsewhere"})

    with pytest.raises(UnknownOutcomeError):
        website.confirm(key="delivery-1", receipt=None)

    assert len(outlet.requests) == 1  # no redirect was followed


def test_reading_back_goes_past_caches(outlet: Outlet, tmp_path: Path) -> None:
    website, page = behind(outlet, tmp_path)
    outlet.answers(200, page)

    website.confirm(key="delivery-1", receipt=None)
    website.confirm(key="delivery-1", receipt=None)

    assert len(set(outlet.paths)) == 2


def test_the_page_of_another_site_proves_nothing(outlet: Outlet, tmp_path: Path) -> None:
    website, _ = behind(outlet, tmp_path)
    outlet.answers(200, "<h1>欢迎访问</h1>".encode())

    with pytest.raises(UnknownOutcomeError) as caught:
        website.confirm(key="delivery-1", receipt=None)

    assert "base_url" in caught.value.advice


def test_a_withdrawn_page_from_a_plain_file_server_is_gone_too(
    outlet: Outlet, tmp_path: Path
) -> None:
    website, _ = behind(outlet, tmp_path)
    website.withdraw(Receipt(remote_id=NOTICE.index_number), reason="数据有误")
    outlet.answers(200, (public(website) / PAGE).read_bytes())

    assert website.confirm(key="delivery-1", receipt=None) is None


def test_a_cut_line_a_half_page_and_silence_prove_nothing(outlet: Outlet, tmp_path: Path) -> None:
    website, _ = behind(outlet, tmp_path)
    outlet.takes_it_and_hangs_up()
    outlet.answers_half()
    outlet.answers_late(1.0)

    for _ in range(3):
        with pytest.raises(UnknownOutcomeError):
            website.confirm(key="delivery-1", receipt=None)


def test_a_refused_connection_says_nothing_of_the_page(tmp_path: Path) -> None:
    website = Website(base_url="http://127.0.0.1:1", folder=tmp_path)
    receipt = deliver(website)

    with pytest.raises(RetryableError):
        website.confirm(key="delivery-1", receipt=receipt)


def test_an_article_that_spells_its_own_media_address_is_refused(website: Website) -> None:
    body = '<p>写作 ="13771-0307-2026-0001/a.png" 的地址</p>'

    with pytest.raises(ChannelError, match="address of its own media"):
        deliver(website, replace(NOTICE, body=body))

    assert not (public(website) / PAGE).exists()


def test_a_site_that_answers_and_can_be_written_is_well(website: Website) -> None:
    assert website.check().is_well


def test_a_site_that_does_not_answer_is_not_reachable(tmp_path: Path) -> None:
    health = Website(base_url="http://127.0.0.1:1", folder=tmp_path).check()

    assert not health.is_reachable
    assert "base_url" in health.advice


@pytest.mark.parametrize("status", [200, 500])
def test_another_site_at_the_address_is_noticed(
    outlet: Outlet, tmp_path: Path, status: int
) -> None:
    outlet.answers(status, b"<h1>It works!</h1>")

    health = Website(base_url=outlet.url, folder=tmp_path).check()

    assert health.is_reachable
    assert not health.is_well


def test_a_folder_that_cannot_be_written_is_noticed(outlet: Outlet, tmp_path: Path) -> None:
    outlet.answers(200, '<meta name="generator" content="一稿">'.encode())
    (tmp_path / "taken").write_text("a file stands where the folder should be")

    health = Website(base_url=outlet.url, folder=tmp_path / "taken").check()

    assert "写不进去" in health.advice


def test_a_folder_that_cannot_be_made_is_not_a_delivery(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file stands where the folder should be")
    website = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "taken")

    with pytest.raises(RetryableError):
        deliver(website)
    with pytest.raises(RetryableError):
        website.withdraw(Receipt(remote_id=NOTICE.index_number), reason="无")


def test_after_a_restore_a_page_is_found_by_its_index_number(website: Website) -> None:
    deliver(website)
    for path in website.folder.rglob("*.db*"):
        path.unlink()  # the catalogue is older than the pages

    found = website.find(website.render(NOTICE), key="delivery-1")

    assert found is not None
    assert found.url == website.link(NOTICE)


def test_after_a_restore_the_page_of_another_delivery_is_not_taken_for_it(website: Website) -> None:
    deliver(website)

    assert website.find(website.render(NOTICE), key="delivery-2") is None


def test_after_a_restore_a_page_that_is_not_there_is_certainly_not_there(website: Website) -> None:
    assert website.find(website.render(NOTICE), key="delivery-1") is None
