"""Days of the week and of the calendar."""

from __future__ import annotations

from datetime import date

import pytest

from publisher.screening.wording import patrol
from tests.publisher.screening.wording import notice, paragraphs, rules, slips_of


@pytest.mark.parametrize(
    "text",
    [
        "会议定于2026年11月28日（星期五）举行",
        "11月28日（周五）停电",
        "12月1日(星期日)停电",
        "11月28日周五停水",
        "2026-11-28（星期五）",
        "2026 年 11 月 28 日（星期五）",
        "11月28日（星期五）至30日（星期一）",
    ],
)
def test_a_weekday_that_does_not_fit_is_found(text: str) -> None:
    assert slips_of(text) == ["weekday"]


@pytest.mark.parametrize(
    "text",
    [
        "会议定于2026年11月28日（星期六）举行",
        "11月28日（周六）停电",
        "12月1日(星期二)停电",
        "1月1日（星期五）放假",  # the nearest is next year's
        "11月29日（星期天）",
        "2025年11月24日至11月28日（星期五）",
        "11月23日至27日（周一至周五）",
        "去年11月28日（星期五）",
        "11月28日、29日（周六、周日）",
        "农历8月15日（星期一）",
        "第13周周一",
    ],
)
def test_a_weekday_that_fits_is_not(text: str) -> None:
    assert slips_of(text) == []


def test_the_right_weekday_and_the_place_are_said() -> None:
    (found,) = patrol(notice(paragraphs("各单位：\n12月1日（星期日）开会。")))

    assert (found.action, found.place) == ("warn", "body 第 2 段")
    assert "2026年12月1日是星期二" in found.message


def test_a_day_without_year_is_that_of_the_date_of_issue() -> None:
    asked = notice(paragraphs("1月5日（星期一）上课"), issued_on=date(2025, 12, 20))

    assert "weekday" not in rules(asked)


def test_the_year_of_the_title_may_be_meant() -> None:
    body = paragraphs("6月7日（星期一）开考")

    assert rules(notice(body, title="关于2027年考试的通知")) == []
    assert rules(notice(body, title="关于考试的通知")) == ["weekday"]


@pytest.mark.parametrize(
    "text", ["2月30日前", "2026年2月29日起", "9月31日", "13月1日", "2026年13月", "4月25日至31日"]
)
def test_a_day_that_does_not_exist_is_found(text: str) -> None:
    assert slips_of(text) == ["impossible_date"]


@pytest.mark.parametrize(
    "text",
    ["2月28日", "2024年2月29日起施行", "12月31日", "13个月", "5月25日至31日", "版本2026.2.30"],
)
def test_a_day_that_exists_is_not(text: str) -> None:
    assert slips_of(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("会议定于2025年11月26日召开", []),
        ("会议定于2025年11月25日召开", ["distant_date"]),
        ("会议定于2028年11月27日召开", []),
        ("会议定于2028年11月29日召开", ["distant_date"]),
        ("根据2014年7月25日的文件", []),
        ("请于2030年1月1日前保持合同有效", []),
    ],
)
def test_an_arranged_day_far_away_is_brought_to_mind(text: str, expected: list[str]) -> None:
    assert slips_of(text) == expected
