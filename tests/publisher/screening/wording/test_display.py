"""A 公示 and what it lacks."""

from __future__ import annotations

import pytest

from tests.publisher.screening.wording import notice, paragraphs, rules

PERIOD, CONTACT = "公示期5个工作日。", "联系电话：0595-22001006"


def of(text: str, kind: str = "公示") -> list[str]:
    return rules(notice(paragraphs(text), title="结果公示", kind=kind))


@pytest.mark.parametrize(
    "contact",
    [
        "联系人：谢老师",
        "监督电话见官网",
        "邮箱：a@qzgcxy.example",
        "向财务处（0595-22001025）反映",
    ],
)
def test_any_way_to_object_will_do(contact: str) -> None:
    assert of(f"{PERIOD}\n{contact}") == []


def test_none_is_found() -> None:
    assert of(PERIOD) == ["display_contact"]


@pytest.mark.parametrize(
    "period",
    [
        "公示时间：2026年11月28日至12月4日。",
        "公示期自11月30日起至12月4日止。",
        "公示七天",
        "公示期为 5 个工作日",
        "2026.11.30—2026.12.4",
        "长期有效",
    ],
)
def test_any_period_will_do(period: str) -> None:
    assert of(f"{period}\n{CONTACT}") == []


def test_no_period_is_found() -> None:
    assert of(f"现予公示。\n{CONTACT}") == ["display_period"]


def test_other_kinds_need_neither() -> None:
    assert of("现予公布。", kind="其他") == []
