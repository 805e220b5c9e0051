"""Numbers of offices may be published, and no other with them."""

from __future__ import annotations

import pytest

from publisher.screening import screen

KNOWN = ("13850012345", "zsb@163.com", "6217 0018 3000 4123 452")


@pytest.mark.parametrize(
    "text",
    [
        "招生热线 13850012345",
        "招生热线 138-5001-2345",
        "招生热线 １３８５００１２３４５",
        "邮箱 ZSB@163.com",
        "学费缴入账号 6217001830004123452",
    ],
)
def test_a_number_of_an_office_passes_however_it_is_written(text: str) -> None:
    assert screen({"title": text}, known=KNOWN) == ()


@pytest.mark.parametrize(
    "text", ["13850012346", "王老师 138500123456789", "xzsb@163.com", "13850012345、13950012345"]
)
def test_any_other_number_is_still_found(text: str) -> None:
    found = screen({"title": f"联系电话 {text}"}, known=KNOWN)

    assert bool(found) == bool(screen({"title": f"联系电话 {text}"}))


def test_nothing_is_hidden_where_nothing_is_known() -> None:
    assert [one.action for one in screen({"title": "电话 13850012345"})] == ["block"]
