"""What is said of attachments, beside what is there."""

from __future__ import annotations

import pytest

from publisher.screening.wording import patrol
from tests.publisher.screening.wording import notice, paragraphs, rules

LISTED = "附件：1. 信息公开事项自查表\n2. 信息公开联络员登记表"


def of(text: str, *attachments: str) -> list[str]:
    return rules(notice(paragraphs(text), attachments=attachments))


@pytest.mark.parametrize(
    "text",
    [
        "请填写附件1",
        "名单见附件。",
        "详见附件",
        "名单（附件）",
        "附件：名单",
        "请对照附件1、附件2开展自查",
        LISTED,
    ],
)
def test_an_attachment_that_is_not_there_is_found_once(text: str) -> None:
    assert of(text) == ["attachment_absent"]


@pytest.mark.parametrize(
    "text",
    [
        "按照《管理办法》附件2执行",
        "参照教办函〔2014〕23号附件1执行",
        "材料以附件形式发送至邮箱",
        "请将报名表作为邮件附件发送",
        "合同附件3份",
        "附件大小不超过10MB",
        "名单见附件。\n教务处\n附件\n拟推荐名单",
        "名单见附件1。\n教务处\n附件1\n拟推荐名单",
    ],
)
def test_attachments_of_something_else_or_in_the_body_are_not(text: str) -> None:
    assert of(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请填写附件1和附件2", []),
        ("请填写附件1至2", []),
        ("请填写附件3", ["attachment_number"]),
        ("请填写附件1至3", ["attachment_number"]),
        ("请填写附件1、2、3", ["attachment_number"]),
        ("请填写附件三", ["attachment_number"]),
        ("请填写附件1，2026年再报", []),
        ("请填写附件1、2026年计划", []),
        ("附件3份已寄出", []),
    ],
)
def test_a_number_beyond_the_last_is_found(text: str, expected: list[str]) -> None:
    assert of(text, "自查表.pdf", "登记表.xlsx") == expected


def test_numbers_in_the_names_count() -> None:
    assert of("请填写附件5", "附件5：登记表.xlsx") == []


def test_a_packed_file_may_hold_any_number() -> None:
    assert of("请填写附件5\n附件：1. 甲乙丙丁表", "全部材料.zip") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("特此通知。", ["attachment_unmentioned"]),
        ("登记表见附件。", []),
        ("请下载信息公开联络员登记表填写。", []),
    ],
)
def test_attachments_that_are_not_mentioned_are_brought_to_mind(
    text: str, expected: list[str]
) -> None:
    assert of(text, "信息公开联络员登记表.xlsx") == expected


@pytest.mark.parametrize(
    "names",
    [
        ("信息公开事项自查表.pdf", "信息公开联络员登记表.xlsx"),
        ("附件1：信息公开事项自查表.pdf", "附件2：信息公开联络员登记表.xlsx"),
        ("1-信息公开事项自查表（2026）.pdf", "2-联络员登记表.xlsx"),
        ("附件1.pdf", "附件2.xlsx"),
        ("附件1 信息公开 自查表.pdf", "附件2_信息公开联络员登记表（终稿）.xlsx"),
    ],
)
def test_names_that_mean_the_listed_ones_are_not_found(names: tuple[str, ...]) -> None:
    assert of(LISTED, *names) == []


def test_a_listed_name_without_file_is_brought_to_mind() -> None:
    asked = notice(paragraphs(LISTED), attachments=("信息公开事项自查表.pdf", "课程安排.xlsx"))

    (found,) = patrol(asked)

    assert (found.rule, found.action, found.place) == (
        "attachment_name",
        "inform",
        "body 第 2 段",
    )
