"""Kinds, numbers and dates as offices write them."""

from __future__ import annotations

from datetime import date

import pytest

from publisher.documents.forms import date_of, kind_of, normal_number


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("关于放假安排的通知", "通知"),
        ("关于切实做好防御台风工作的紧急通知", "通知"),
        ("2026年招生章程（节选）", "章程"),
        ("关于《办法（征求意见稿）》公开征求意见的公告", "公告"),
        ("信息公开工作报告（2026年）（送审）", "报告"),
        ("“匠心讲堂”第23讲", "其他"),
        ("", "其他"),
    ],
)
def test_the_end_of_the_title_says_the_kind(title: str, kind: str) -> None:
    assert kind_of(title) == kind


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("泉工程院办〔2026〕38号", "泉工程院办〔2026〕38号"),
        ("泉工程院财【2026】12号", "泉工程院财〔2026〕12号"),
        ("泉工程院[2026]第005号", "泉工程院〔2026〕5号"),
        ("泉工程院（２０２６） 7 号", "泉工程院〔2026〕7号"),
        ("（泉工程院﹝2026﹞7号）", "泉工程院〔2026〕7号"),
        ("泉工程院〔2026〕15号　　签发人：陈某", "泉工程院〔2026〕15号"),
        ("一、项目编号：[350500]QZGC[GK]2026007", None),
        ("根据教办函〔2014〕23号文件精神", None),
        ("2026年11月20日", None),
    ],
)
def test_a_document_number_takes_its_proper_form(line: str, number: str | None) -> None:
    assert normal_number(line) == number


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("2026年9月14日", date(2026, 9, 14)),
        ("2026 年 09 月 04 日", date(2026, 9, 4)),
        ("２０２６年９月４日", date(2026, 9, 4)),
        ("2026-09-04", date(2026, 9, 4)),
        ("2026.9.4", date(2026, 9, 4)),
        ("二〇二六年八月二十八日", date(2026, 8, 28)),
        ("二○二六年十月十日", date(2026, 10, 10)),
        ("二零二六年十二月三十一日", date(2026, 12, 31)),
        ("二〇二六年一月二十日", date(2026, 1, 20)),
        ("2026年2月30日", None),
        ("2026年月日", None),
        ("二〇二六年十十月十日", None),
        ("2026年11月17日至30日", None),
    ],
)
def test_a_date_is_read_in_both_kinds_of_figures(line: str, day: date | None) -> None:
    assert date_of(line) == day
