"""The channel against a real WordPress."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import html as pages

from channels.wordpress import WordPress
from publisher.channel import Attachment, Content, Image, Receipt
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
    UnknownOutcomeError,
)
from tests import wordpress
from tests.channels.test_contract import DOT
from tests.channels.wechat.scene import MemoryShelf
from tests.wordpress import Cutter, Site

NOTICE = Content(
    title="关于“收费标准”的公示 <A&B>",
    body='<p>现将标准公示如下。</p><table><tbody><tr><th scope="row">学费</th><td>8,800</td></tr>'
    '</tbody></table><p class="al-right">财务处</p>',
    summary="学费和住宿费。",
    kind="公示",
    category="0307",
    department="财务处",
    document_number="泉工程院财〔2026〕9号",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    try:
        with wordpress.running(tmp_path_factory.mktemp("wordpress")) as site:
            yield site
    except wordpress.NoWordPressError as error:
        pytest.skip(str(error))


@pytest.fixture
def channel(site: Site, tmp_path: Path) -> WordPress:
    return WordPress(
        base_url=site.url,
        username="author",
        application_password=site.passwords["author"],
        folder=tmp_path / "wp",
        shelf=MemoryShelf(),
        settles_s=0.0,
        categories={"03": site.category},
    )


@pytest.fixture
def notice(request: pytest.FixtureRequest) -> Content:
    """A notice with a number of its own, for the tests share one site."""
    number = abs(hash(request.node.name)) % 10**6
    return replace(NOTICE, index_number=f"13771-0307-2026-{number:06}")


def posts(site: Site, notice: Content, **params: str) -> list[dict[str, Any]]:
    """All posts of a notice, whatever their state and suffix."""
    found: list[dict[str, Any]] = requests.get(
        f"{site.url}/wp-json/wp/v2/posts",
        auth=("editor", site.passwords["editor"]),
        params={"status": "any", "context": "edit", "per_page": "100"} | params,
        timeout=20,
    ).json()
    return [post for post in found if notice.index_number in post["slug"]]


def test_a_post_is_created_and_confirmed(site: Site, channel: WordPress, notice: Content) -> None:
    receipt = channel.deliver(channel.render(notice), key="delivery-1")

    confirmed = channel.confirm(key="delivery-1", receipt=receipt)

    [post] = posts(site, notice)
    page = requests.get(receipt.url, timeout=20).text
    assert confirmed is not None
    assert post["categories"] == [site.category]
    assert html.unescape(post["title"]["raw"]) == notice.title
    assert "8,800" in page
    assert notice.document_number in page


def test_pictures_and_files_are_uploaded_once_and_shown(
    site: Site, channel: WordPress, notice: Content
) -> None:
    picture = Image(name="1a2b.png", file=DOT, media_type="image/png", alt="缴费流程")
    file = Attachment(name="收费 标准.pdf", file=b"%PDF-1.7\n%", media_type="application/pdf")
    shown = replace(
        notice,
        body=f'{notice.body}<p><img src="media:1a2b.png" alt="缴费流程"></p>',
        images=(picture,),
        attachments=(file,),
    )
    receipt = channel.deliver(channel.render(shown), key="delivery-1")
    again = replace(shown, title="更正后的公示")
    channel.deliver(channel.render(again), key="delivery-2")

    library = requests.get(
        f"{site.url}/wp-json/wp/v2/media", params={"per_page": "100"}, timeout=20
    ).json()

    ours = [each for each in library if each["slug"].startswith("ann-")]
    [post] = posts(site, notice)
    assert len(ours) == 2
    assert {each["alt_text"] for each in ours} >= {"缴费流程"}
    assert post["featured_media"] in {each["id"] for each in ours}
    assert "收费 标准.pdf" in requests.get(receipt.url, timeout=20).text
    for each in ours:
        assert requests.get(each["source_url"], timeout=20).status_code == 200


def test_readers_get_the_very_words(site: Site, channel: WordPress, notice: Content) -> None:
    """What WordPress would prettify: quotes, dashes, dots, smileys, shortcodes, bare addresses."""
    words = (
        "he said \"yes\" 'no' -- 9-12 ... 尺寸3x4 :) 8-) [gallery] [1] (tm) & https://a.example/"
    )
    shown = replace(
        notice,
        title='说明 "A" -- [gallery] :)',
        body=f"<p>{escape(words, quote=False)}</p><p>https://a.example/watch?v=1</p>",
    )

    receipt = channel.deliver(channel.render(shown), key="delivery-1")

    page = pages.fromstring(requests.get(receipt.url, timeout=20).content.decode())
    text = str(page.xpath("string()"))
    assert words in text
    assert "https://a.example/watch?v=1" in text
    assert shown.title in page.findtext(".//title", "")
    assert not page.xpath("//div[@data-yigao]//iframe")
    assert channel.confirm(key="delivery-1", receipt=receipt) is not None


def test_files_go_with_the_post_and_with_the_edition(
    site: Site, channel: WordPress, notice: Content
) -> None:
    one, other = (
        Attachment(name="表.pdf", file=b"%PDF-1.7\n%" + word, media_type="application/pdf")
        for word in (b"old", b"new")
    )
    channel.deliver(channel.render(replace(notice, attachments=(one,))), key="delivery-1")
    old = files_of(site, notice)
    receipt = channel.deliver(channel.render(replace(notice, attachments=(other,))), key="d-2")
    new = files_of(site, notice)
    seen = [requests.get(url, timeout=20).status_code for url in (*old, *new)]

    channel.withdraw(receipt, reason="有误")

    assert seen == [404, 200]
    assert requests.get(new[0], timeout=20).status_code == 404


def test_a_file_that_another_post_offers_stays(
    site: Site, channel: WordPress, notice: Content
) -> None:
    file = Attachment(name="表.pdf", file=b"%PDF-1.7\n%both", media_type="application/pdf")
    shared = replace(notice, attachments=(file,))
    other = replace(shared, index_number=f"{notice.index_number}-b")
    receipt = channel.deliver(channel.render(shared), key="delivery-1")
    channel.deliver(channel.render(other), key="delivery-2")
    [address] = files_of(site, notice)

    channel.withdraw(receipt, reason="有误")

    assert requests.get(address, timeout=20).status_code == 200


def files_of(site: Site, notice: Content) -> list[str]:
    """The addresses of the files that the post of a notice offers."""
    first = min(posts(site, notice), key=lambda post: len(post["slug"]))
    return re.findall(r'href="([^"]+ann-file-[^"]+)"', first["content"]["raw"])


def test_a_post_that_a_person_renamed_is_found_by_its_mark(
    site: Site, channel: WordPress, notice: Content
) -> None:
    receipt = channel.deliver(channel.render(notice), key="delivery-1")
    edit(site, receipt, slug=f"renamed-{notice.index_number}")

    found = channel.confirm(key="delivery-1", receipt=None)

    assert found is not None
    assert found.remote_id == receipt.remote_id


def test_a_post_of_a_person_is_never_written_over(
    site: Site, channel: WordPress, notice: Content
) -> None:
    receipt = channel.deliver(channel.render(notice), key="delivery-1")
    edit(site, receipt, content="<p>人写的</p>")

    with pytest.raises(PermanentError) as caught:
        channel.deliver(channel.render(notice), key="delivery-1")

    [post] = posts(site, notice)
    assert "占用" in caught.value.advice
    assert post["content"]["raw"] == "<p>人写的</p>"


def test_a_site_is_written_to_by_its_addresses_without_permalinks(
    site: Site, channel: WordPress, notice: Content
) -> None:
    plain = replace(channel, has_permalinks=False)

    receipt = plain.deliver(plain.render(notice), key="delivery-1")

    assert plain.confirm(key="delivery-1", receipt=receipt) is not None
    assert plain.check().is_well


def test_two_installations_at_once_make_one_post(
    site: Site, channel: WordPress, notice: Content
) -> None:
    """They share no lock, so the site decides by the ending of the name."""
    rendition, receipts, errors = channel.render(notice), list[Receipt](), list[ChannelError]()

    def send(shelf: MemoryShelf) -> None:
        other = replace(channel, shelf=shelf)
        for _ in range(8):
            try:
                receipts.append(other.deliver(rendition, key="delivery-1"))
            except RetryableError as error:
                errors.append(error)
            else:
                return

    threads = [threading.Thread(target=send, args=(MemoryShelf(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [post] = posts(site, notice)
    assert {receipt.remote_id for receipt in receipts} == {f"{post['id']}:delivery-1"}
    assert not post["slug"].endswith("-2")


def edit(site: Site, receipt: Receipt, **fields: object) -> None:
    """Change a post by hand, as an editor."""
    number = receipt.remote_id.partition(":")[0]
    requests.post(
        f"{site.url}/wp-json/wp/v2/posts/{number}",
        auth=("editor", site.passwords["editor"]),
        json=fields,
        timeout=20,
    ).raise_for_status()


def test_a_newer_edition_takes_the_place_under_the_same_address(
    site: Site, channel: WordPress, notice: Content
) -> None:
    first = channel.deliver(channel.render(notice), key="delivery-1")
    second = channel.deliver(
        channel.render(replace(notice, title="更正：收费标准", body="<p>以此为准。</p>")),
        key="delivery-2",
    )

    [post] = posts(site, notice)
    assert second.url == first.url
    assert post["title"]["raw"] == "更正：收费标准"
    assert channel.confirm(key="delivery-2", receipt=second) is not None
    assert channel.confirm(key="delivery-1", receipt=first) is None


def test_a_withdrawn_post_is_in_the_bin_and_can_be_published_again(
    site: Site, channel: WordPress, notice: Content
) -> None:
    receipt = channel.deliver(channel.render(notice), key="delivery-1")
    channel.withdraw(receipt, reason="有误")
    channel.withdraw(receipt, reason="有误")

    gone = channel.confirm(key="delivery-1", receipt=receipt)
    seen = requests.get(receipt.url, timeout=20).status_code
    again = channel.deliver(channel.render(notice), key="delivery-2")

    assert gone is None
    assert seen == 404
    assert again.url == receipt.url
    assert channel.confirm(key="delivery-2", receipt=again) is not None
    assert len(posts(site, notice)) == 1


def test_four_parallel_sends_make_one_post(site: Site, channel: WordPress, notice: Content) -> None:
    rendition, receipts = channel.render(notice), list[Receipt]()

    def send() -> None:
        receipts.append(channel.deliver(rendition, key="delivery-1"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({receipt.remote_id for receipt in receipts}) == 1
    assert len(posts(site, notice)) == 1


def test_a_lost_answer_is_found_again_and_nothing_is_doubled(
    site: Site, channel: WordPress, notice: Content
) -> None:
    line = Cutter(site)
    lossy = replace(channel, base_url=line.url)
    line.loses("POST /wp-json/wp/v2/posts")
    with pytest.raises(UnknownOutcomeError):
        lossy.deliver(lossy.render(notice), key="delivery-1")

    found = lossy.confirm(key="delivery-1", receipt=None)
    lossy.deliver(lossy.render(notice), key="delivery-1")

    assert found is not None
    assert lossy.find(lossy.render(notice), key="delivery-1") is not None
    assert len(posts(site, notice)) == 1
    line.server.shutdown()


def test_a_lost_answer_to_an_upload_is_asked_for_again_and_nothing_is_doubled(
    site: Site, channel: WordPress, notice: Content
) -> None:
    line = Cutter(site)
    lossy = replace(channel, base_url=line.url)
    file = Attachment(name="表.pdf", file=b"%PDF-1.7\n%lost", media_type="application/pdf")
    rendition = lossy.render(replace(notice, attachments=(file,)))
    line.loses("POST /wp-json/wp/v2/media")
    with pytest.raises(Exception, match="before sending"):
        lossy.deliver(rendition, key="delivery-1")

    lossy.deliver(rendition, key="delivery-1")

    assert len(posts(site, notice)) == 1
    line.server.shutdown()


def test_a_category_that_is_not_there_is_noticed_before_anything_is_seen(
    site: Site, channel: WordPress, notice: Content
) -> None:
    wrong = replace(channel, categories={"03": 999})

    with pytest.raises(PermanentError) as caught:
        wrong.deliver(wrong.render(notice), key="delivery-1")

    assert "999" in caught.value.advice
    assert posts(site, notice) == []


def test_a_category_that_somebody_took_away_is_noticed(
    site: Site, channel: WordPress, notice: Content
) -> None:
    receipt = channel.deliver(channel.render(notice), key="delivery-1")
    edit(site, receipt, categories=[1])

    with pytest.raises(UnknownOutcomeError) as caught:
        channel.confirm(key="delivery-1", receipt=receipt)

    assert "分类" in caught.value.advice


@pytest.mark.parametrize("role", ["contributor", "nobody"])
def test_an_account_that_may_not_publish_stops_the_target(
    site: Site, channel: WordPress, notice: Content, role: str
) -> None:
    password = site.passwords.get(role, "wrong")
    other = replace(channel, username=role, application_password=password)

    with pytest.raises(CredentialsError):
        other.deliver(other.render(notice), key="delivery-1")

    assert posts(site, notice) == []
    assert not other.check().is_well


def test_a_file_that_the_site_does_not_take_is_refused_for_good(
    channel: WordPress, notice: Content
) -> None:
    file = Attachment(name="坏.svg", file=b"<svg/>", media_type="image/svg+xml")

    with pytest.raises(PermanentError) as caught:
        channel.deliver(channel.render(replace(notice, attachments=(file,))), key="delivery-1")

    assert "不收这个文件" in caught.value.advice


def test_the_account_of_an_author_is_well_and_that_of_an_editor_may_too_much(
    site: Site, channel: WordPress
) -> None:
    editor = replace(channel, username="editor", application_password=site.passwords["editor"])

    assert channel.check().is_well
    assert "任意代码" in editor.check().advice
