"""The day below the notice."""

from __future__ import annotations

from datetime import date

import pytest

from publisher.screening.wording import patrol
from tests.publisher.screening.wording import notice, paragraphs, rules


@pytest.mark.parametrize(
    "closing",
    ["2026年11月26日", "二〇二六年十一月二十六日", "２０２６年１１月２６日", "2025年11月27日"],
)
def test_a_day_that_is_not_the_date_of_issue_is_found(closing: str) -> None:
    body = paragraphs(f"特此通知。\n教务处\n{closing}")

    assert "closing_date" in rules(notice(body))


@pytest.mark.parametrize("closing", ["2026年11月27日", "二〇二六年十一月二十七日", "教务处"])
def test_the_date_of_issue_is_not(closing: str) -> None:
    assert rules(notice(paragraphs(f"特此通知。\n{closing}\n（此件主动公开）"))) == []


def test_a_day_in_a_sentence_is_not_the_closing_day() -> None:
    assert rules(notice(paragraphs("会议于2026年11月25日召开。\n特此通知。"))) == []


@pytest.mark.parametrize(
    ("closing", "expected"),
    [
        ("2026年12月27日", []),
        ("2026年12月28日", ["closing_date"]),
        ("2025年11月27日", ["closing_date"]),
    ],
)
def test_without_a_date_of_issue_it_is_compared_with_today(
    closing: str, expected: list[str]
) -> None:
    assert rules(notice(paragraphs(closing), issued_on=None)) == expected


def test_a_notice_of_december_may_appear_in_january() -> None:
    closing = date(2026, 12, 31)
    asked = notice(paragraphs("2026年12月31日"), issued_on=closing, today=date(2027, 1, 4))

    assert rules(asked) == []


def test_the_place_is_that_of_the_line() -> None:
    (found,) = patrol(notice(paragraphs("特此通知。\n2026年11月26日")))

    assert (found.action, found.place) == ("warn", "body 第 2 段")


def test_a_day_further_up_is_not_the_closing_day() -> None:
    body = paragraphs("会议时间\n2026年12月3日\n会议地点\n报告厅\n联系人\n党政办")

    assert rules(notice(body)) == []


def test_the_closing_day_stands_above_the_printed_attachment() -> None:
    body = paragraphs("教务处\n2026年11月26日\n附件\n名单\n一\n二\n三\n四")

    assert rules(notice(body)) == ["closing_date"]
