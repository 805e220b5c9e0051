"""Marks of secrecy: the printed forms block, ordinary words do not."""

from __future__ import annotations

import pytest

from publisher.screening import screen


def actions(text: str) -> list[str]:
    fragment = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    return [found.action for found in screen({"body": fragment}) if found.rule == "secrecy_mark"]


@pytest.mark.parametrize(
    "text",
    [
        "机密★1年",
        "秘 密 ★ 6个月",
        "绝密★长期",
        "绝密☆",
        "文件头\n机密★\n正文",
        "机\u200b密★1年",
        "机密",
        "　秘　密　",
        "【机密】",
        "密级：秘密",
        "内部资料",
        "内部文件",
        "正文。（此件不公开）",
        "（此件不予公开）",
    ],
)
def test_a_mark_blocks(text: str) -> None:
    assert actions(text) == ["block"]


@pytest.mark.parametrize("text", ["绝密★启用前", "秘密★启封前", "试卷注明“机密★启用前”字样"])
def test_the_language_of_examinations_only_informs(text: str) -> None:
    assert actions(text) == ["inform"]


@pytest.mark.parametrize("text", ["不得传播机密文件", "保守秘密是每个人的义务"])
def test_bare_words_only_inform(text: str) -> None:
    assert actions(text) == ["inform"]


@pytest.mark.parametrize(
    "text",
    [
        "涉及商业秘密的内容不予公开",
        "《中华人民共和国保守国家秘密法》",
        "对于涉及国家秘密的信息不予公开",
        "带★号条款为实质性响应条款",
        "商业秘密★条款",
        "加强精密加工",
        "（此件主动公开）",
        "内部资料室开放时间",
    ],
)
def test_ordinary_language_is_left_alone(text: str) -> None:
    assert actions(text) == []


def test_a_cell_that_names_a_level_warns() -> None:
    [found] = screen({"body": "<table><tr><td>密级</td><td>秘密</td></tr></table>"})

    assert (found.action, found.place) == ("warn", "body 表格第 1 行第 2 列")
