from __future__ import annotations

from publisher.console.media import file_response


def test_only_pictures_are_shown_by_the_browser() -> None:
    picture = file_response(b"x", media_type="image/png", name="图.png")
    page = file_response(b"<script>", media_type="text/html", name="x.html")
    drawing = file_response(b"<svg/>", media_type="image/svg+xml", name="x.svg")

    assert picture.headers["content-disposition"].startswith("inline")
    assert page.headers["content-disposition"].startswith("attachment")
    assert drawing.headers["content-disposition"].startswith("attachment")


def test_a_name_can_say_nothing_else() -> None:
    answer = file_response(b"x", media_type="application/pdf", name='附件"1\r\nX: y;.pdf')

    said = answer.headers["content-disposition"]
    assert "\r" not in said
    assert '"' not in said
    assert said.endswith("%E9%99%84%E4%BB%B6%221%0D%0AX%3A%20y%3B.pdf")


def test_a_file_can_do_nothing_here() -> None:
    answer = file_response(b"x", media_type="application/pdf", name="")

    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
