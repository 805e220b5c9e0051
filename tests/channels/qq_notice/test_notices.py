"""A notice is known again by its id, or by its sender and its words."""

from __future__ import annotations

import pytest

from channels.qq_notice.notices import Notice, Reference, bare, digest

HERE = Notice(
    notice_id="fid1", sender_id="10001", published_at_s=7, text="停水 通知", read_num=None
)


@pytest.mark.parametrize(
    "listed",
    [
        "【停水】\r\n周六 9:00\r\nhttps://example.edu.cn/?a=1&b=2",
        "【停水】 周六 9:00 https://example.edu.cn/?a=1&amp;b=2",
        "【停水】&nbsp;周六&nbsp;9:00\n\x14https://example.edu.cn/?a=1&amp;b=2",
        "【停水】\u3000\n\n周六\xa09:00\u200b\nhttps://example.edu.cn/?a=1&amp;amp;b=2 ",
    ],
)
def test_a_text_is_the_same_however_it_is_handed_back(listed: str) -> None:
    sent = "【停水】\n周六 9:00\nhttps://example.edu.cn/?a=1&b=2"

    assert digest(listed) == digest(sent)


def test_a_link_that_looks_like_an_escape_is_still_the_same() -> None:
    assert bare("/?a=1&copy=2") == bare("/?a=1&amp;copy=2")


@pytest.mark.parametrize("other", ["周六 9:01", "周六9：00", ""])
def test_other_words_are_another_text(other: str) -> None:
    assert digest(other) != digest("周六 9:00")


@pytest.mark.parametrize(
    "reference",
    [
        Reference(group="1", notice_id="fid1", digest="0123456789ab", sent_at_s=1777301795),
        Reference(group="1", digest="0123456789ab", sent_at_s=1777301795),
        Reference(group="1"),
    ],
)
def test_a_reference_survives_its_receipt(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("remote_id", "is_known"),
    [
        ("1:fid1:0123456789ab:7", True),
        ("1:fid1", True),
        ("1::0123456789ab:", True),
        ("1::0123456789ab:soon", True),
        ("1:::7", False),
        ("1", False),
        ("", False),
        ("老师核实", False),
    ],
)
def test_a_short_receipt_is_read_as_far_as_it_goes(remote_id: str, is_known: bool) -> None:
    assert Reference.parse(remote_id).is_known is is_known


@pytest.mark.parametrize(
    ("reference", "is_found"),
    [
        (Reference(group="1", notice_id="fid1", digest="other"), True),
        (Reference(group="1", notice_id="fid2", digest=digest(HERE.text)), False),
        (Reference(group="1", digest=digest("停水通知")), True),
        (Reference(group="1", digest=digest("停电通知")), False),
    ],
)
def test_an_id_decides_where_it_is_known_else_the_words(
    reference: Reference, is_found: bool
) -> None:
    found = reference.among([HERE], sender_id="10001")

    assert (found is HERE) is is_found


def test_the_words_of_another_sender_are_not_ours() -> None:
    reference = Reference(group="1", digest=digest(HERE.text))

    assert reference.among([HERE], sender_id="10002") is None
