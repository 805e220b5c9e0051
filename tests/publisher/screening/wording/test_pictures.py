"""Pictures without alternative text."""

from __future__ import annotations

from publisher.screening.wording import patrol
from tests.publisher.screening.wording import notice, rules


def test_a_picture_that_says_nothing_is_found() -> None:
    body = '<p><img src="media:a.png" alt="海报"></p><p><img src="media:b.png" alt=" "></p>'

    (found,) = patrol(notice(body))

    assert (found.rule, found.action, found.place) == (
        "picture_alt",
        "warn",
        "body 第 2 张图片",
    )


def test_one_that_says_something_is_not() -> None:
    assert rules(notice('<p><img src="media:a.png" alt="海报"></p>')) == []
