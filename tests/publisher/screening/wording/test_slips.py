"""The list of slips and how it is applied."""

from __future__ import annotations

import pytest

from publisher.screening.wording.slips import Slip, slips
from tests.publisher.screening.wording import slips_of


def test_the_list_is_long_and_says_each_word_once() -> None:
    words = [slip.wrong for slip in slips()]

    assert len(words) >= 40
    assert len(words) == len(set(words))


@pytest.mark.parametrize("slip", slips(), ids=lambda slip: slip.wrong)
def test_a_wrong_word_is_found_and_the_right_one_is_not(slip: Slip) -> None:
    assert slips_of(f"请注意{slip.wrong}。") == ["slip"]
    assert slips_of(f"请注意{slip.right}。") == []


@pytest.mark.parametrize(
    "text",
    [
        "必须提供必需的材料",
        "台风将于夜间在闽南沿海登陆",
        "按排名先后录取",
        "自己经历的故事",
        "争做为民服务的先锋",
        "既使学生受益，又使教师提高",
        "通讯速度更快",
        "恢复盖章业务",
        "同学藉此机会交流",
        "校园满是桂花",
        "截止日期为12月5日，截至11月27日已收到5份",
        "三部份额相同",
        "招聘启事",
        "设计画册",
        "寒暑名额",
    ],
)
def test_words_that_only_look_like_it_are_not(text: str) -> None:
    assert slips_of(text) == []
