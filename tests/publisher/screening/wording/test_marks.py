"""Signs of the wrong form, alone or doubled."""

from __future__ import annotations

import pytest

from publisher.screening.wording import patrol
from tests.publisher.screening.wording import notice, paragraphs, slips_of


@pytest.mark.parametrize(
    "text",
    [
        "泉工程院办[2026]46号",
        "泉工程院办（2026）46号",
        "泉工程院办(2026)46号",
        "教办厅函【2023】52号",
        "泉工程院办﹝2026﹞46号",
        "泉工程院办〔2026〕第7号",
    ],
)
def test_a_document_number_of_another_form_is_found(text: str) -> None:
    assert slips_of(f"根据{text}文件") == ["document_number"]


@pytest.mark.parametrize(
    "text",
    [
        "泉工程院办〔2026〕46号",
        "教育部令第29号",
        "项目编号：[350500]QZGC[GK]2026007",
        "2026年第7号台风",
        "（2026）闽05民初7号",
    ],
)
def test_a_proper_number_is_not(text: str) -> None:
    assert slips_of(f"根据{text}文件") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("关闭电源,保存数据", ["half_width"]),
        ("全体师生:", ["half_width"]),
        ("时间:上午", ["half_width"]),
        ("到此为止.另行通知", ["half_width"]),
        ("关闭电源，保存数据：", []),
        ("时间:9:30，价格1,998,800.00元", []),
        ("1.学费 2.住宿费 A,B", []),
        ("共５人", ["full_width"]),
        ("共5人", []),
    ],
)
def test_width(text: str, expected: list[str]) -> None:
    assert slips_of(text) == expected


def test_width_is_said_once_for_a_notice() -> None:
    (found,) = patrol(notice(paragraphs("甲,乙\n丙,丁")))

    assert found.action == "inform"
    assert found.place == "body 第 1 段"
    assert "等 2 处" in found.message


@pytest.mark.parametrize("text", ["好。。", "甲，，乙", "甲、，乙", "好，。", "好。；"])
def test_a_doubled_mark_is_found(text: str) -> None:
    assert slips_of(text) == ["doubled_mark"]


@pytest.mark.parametrize("text", ["好！！", "等等……", "甲——乙", "“好。”，他说", "（略）。"])
def test_what_may_be_doubled_is_not(text: str) -> None:
    assert slips_of(text) == []


@pytest.mark.parametrize("text", ["（工作日)", "(工作日）", "电话（0595)22001006"])
def test_a_mixed_pair_is_found(text: str) -> None:
    assert slips_of(text) == ["mixed_brackets"]


@pytest.mark.parametrize("text", ["《办法", "办法》", "“三公", "三公”", "（试行", "试行）"])
def test_a_sign_alone_is_found(text: str) -> None:
    assert slips_of(text) == ["unpaired_mark"]


@pytest.mark.parametrize(
    "text",
    [
        "《甲》“乙”（丙）(丁)",
        "《关于〈办法〉的通知》（试行（二））",
        "1）甲；2）乙",
        "要求：1)甲；2)乙",
        "（包括：1）甲；2）乙）",
        "（工作日8:30—11:30，14:30—17:30）",
        "（8：30—17：30）",
        "a)甲 b)乙",
        "“第一段\n“第二段”是引文”",
    ],
)
def test_pairs_and_numbers_of_a_list_are_not(text: str) -> None:
    assert slips_of(text) == []
