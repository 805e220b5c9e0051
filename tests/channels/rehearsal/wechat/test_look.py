"""An article under a policy that allows no inline style."""

from __future__ import annotations

import pytest

from channels.rehearsal.wechat.look import Look


def look(content: str) -> Look:
    return Look(content, local=lambda url: f"/here/{url}")


def test_equal_styles_share_a_class() -> None:
    shown = look('<p style="color:#333">一</p><p style="color:#333">二</p>')

    assert shown.body == '<div><p class="x0">一</p><p class="x0">二</p></div>'
    assert shown.style == ".article .x0 { color: #333 }"


@pytest.mark.parametrize(
    "style",
    [
        "background:url(http://evil.example/x)",
        "color:red}body{display:none",
        "position:fixed",
        "width:expression(1)",
        "color:\\65",
        'font-family:"open',
        "color",
        ":red",
    ],
)
def test_a_harmful_declaration_is_left_out(style: str) -> None:
    shown = look(f"<p style='{style};margin:0'>一</p>")

    assert shown.style == ".article .x0 { margin: 0 }"


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("<script>alert(1)</script><p>一</p>", "<div><p>一</p></div>"),
        ('<p onclick="x()" id="a" class="panel">一</p>', "<div><p>一</p></div>"),
        ('<a href="javascript:x()">一</a>', '<div><a rel="noopener">一</a></div>'),
        ('<img data-src="U" onerror="x()">', '<div><img src="/here/U" alt=""></div>'),
        ("", "<div><p></p></div>"),
    ],
)
def test_nothing_but_the_article_is_shown(content: str, body: str) -> None:
    assert look(content).body == body
