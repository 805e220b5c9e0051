"""The editor of a body in a real browser: typed, pasted, dropped, and what is saved of it."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from publisher.console import assets
from publisher.documents import html
from tests.publisher.console import test_in_a_browser as browsers
from tests.publisher.console.office import picture
from tests.publisher.console.test_in_a_browser import NARROW, House

browser, house = browsers.browser, browsers.house
pytestmark = browsers.pytestmark

BODIES = [
    "<p>各部门：</p><p>周六 9:00 停水。</p>",
    '<h2 class="al-center">安排</h2><h3>一</h3><h4>二</h4><p class="al-right">后勤管理处</p>',
    '<p class="al-center noindent">a</p><p class="noindent">a  b</p>',
    "<p><strong>粗<em>斜</em></strong>平<u>下</u><s>删</s>H<sub>2</sub>O x<sup>2</sup></p>",
    "<p><em>斜<strong>粗</strong></em>&lt;b&gt; &amp; “引”</p>",
    "<p>签名：<u>\xa0\xa0\xa0\xa0</u></p><p>一<br>二<br><br>四</p>",
    '<p>见<a href="https://example.edu/?a=1&amp;b=2">官网<strong>通知</strong></a>。</p>',
    '<ul><li>一<ul><li>甲</li></ul></li><li>二</li></ul><ol start="3"><li>三</li></ol>',
    "<ul><li><p>一</p><p>续</p></li></ul><blockquote><p>引</p><ul><li>文</li></ul></blockquote><hr>",
    '<table><caption>表1 <strong>时间</strong></caption><thead><tr><th scope="col" colspan="2">时间'
    '</th></tr></thead><tbody><tr><th scope="row" rowspan="2">楼</th><td class="al-center">甲</td>'
    "</tr><tr><td></td></tr></tbody><tfoot><tr><td>一<br>二</td><td>三</td></tr></tfoot></table>",
    "<table><tbody><tr><td><p>一</p><ul><li>甲</li></ul></td><td>二</td></tr></tbody></table>",
    '<p>图<img src="media:a.png" alt="东门 &quot;图&quot;">示</p>'
    '<p><img src="media:a.png" alt="东门 &quot;图&quot;"></p>',
]
ROUND_TRIP = """async ([address, bodies]) => {
    const { extensions, read, write } = await import(address + "/document.js");
    const { getSchema } = await import(address + "/tiptap.js");
    const alt = '东门 "图"';
    const pictures = {
        has: (name) => Boolean(name), numbered: () => undefined, alt: () => alt, address: () => "",
    };
    const schema = getSchema(extensions(pictures));
    return bodies.map((body) => write(read(body, schema, pictures), () => alt));
}"""
FROM_WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>
<!-- p.MsoNormal {mso-style-parent:""; font-family:"宋体"; color:red} --></style></head>
<body lang=ZH-CN><!--StartFragment-->
<p class=MsoNormal align=center style='text-align:center;mso-pagination:none'><b>
<span style='font-size:22.0pt;font-family:方正小标宋;color:red'>停水安排<o:p></o:p></span></b></p>
<h1><span style='font-family:黑体'>一、时间</span></h1>
<p class=MsoNormal style='text-indent:32.0pt'>
<span style='font-weight:bold'>周六</span>停水<script>alert(1)</script>。</p>
<table class=MsoNormalTable border=1 style='mso-border-alt:solid'><tr style='mso-yfti-irow:0'>
<td width=100 rowspan=2 style='width:75.0pt'>
<p class=MsoNormal align=center style='text-align:center'>南区<o:p></o:p></p></td>
<td><p class=MsoNormal>一号楼</p></td></tr><tr><td><p class=MsoNormal>二号楼</p></td></tr></table>
<p class=MsoNormal align=right style='text-align:right'>后勤管理处<o:p></o:p></p>
<!--EndFragment--></body></html>"""
PASTE = """([type, text]) => {
    const data = new DataTransfer();
    data.setData(type, text);
    document.getElementById("body").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
DROP = """([bytes, name, type]) => {
    const data = new DataTransfer();
    const file = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    data.items.add(new File([file], name, { type }));
    const paper = document.getElementById("body");
    const { left, top } = paper.querySelector("p").getBoundingClientRect();
    paper.dispatchEvent(new DragEvent("drop", {
        dataTransfer: data, bubbles: true, cancelable: true,
        clientX: left + 5, clientY: top + 5 }));
}"""


def write(house: House, browser: Browser, **options: Any) -> tuple[Page, Locator]:
    """Open the editor on a new notice; return the page and the paper."""
    page = house.enter(browser, "林晓", **options)
    page.goto(house.url + "/items/new")
    page.get_by_label("标题", exact=True).fill("停水通知")
    paper = page.get_by_role("textbox", name="正文", exact=True)
    expect(paper).to_have_class(re.compile("paper"))
    paper.click()
    return page, paper


def save(page: Page) -> None:
    page.get_by_role("button", name="保存草稿").click()
    page.wait_for_url(re.compile("done=saved"))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def saved(house: House) -> str:
    assert house.complaints == []
    return house.office.item(1).edition.body


def test_a_body_comes_out_as_it_went_in(house: House, browser: Browser) -> None:
    page, _ = write(house, browser)
    address = assets.address("editor.js").rpartition("/")[0]

    written = page.evaluate(ROUND_TRIP, [address, BODIES])

    assert [html.clean(body) for body in BODIES] == [
        body.replace("\xa0", "&nbsp;") for body in BODIES
    ]
    assert [html.clean(body) for body in written] == [html.clean(body) for body in BODIES]
    assert written == BODIES
    assert house.complaints == []


def test_what_is_typed_is_saved(house: House, browser: Browser) -> None:
    page, _ = write(house, browser)

    page.keyboard.type("周六")
    page.keyboard.press("Control+b")
    page.keyboard.type("停水")
    page.keyboard.press("Control+b")
    page.keyboard.press("Enter")
    page.keyboard.type("后勤管理处")
    press(page, "居右")
    expect(page.get_by_role("button", name="居右")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#body-count")).to_have_text("9 字")
    save(page)

    assert saved(house) == '<p>周六<strong>停水</strong></p><p class="al-right">后勤管理处</p>'


def test_an_input_method_writes_once(house: House, browser: Browser) -> None:
    page, paper = write(house, browser)
    keyboard = page.context.new_cdp_session(page)

    for text in ("t", "to", "tong", "通"):
        keyboard.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
    keyboard.send("Input.insertText", {"text": "通知"})
    expect(paper).to_have_text("通知")
    page.keyboard.press("Control+z")
    expect(paper).to_have_text("")
    page.keyboard.press("Control+Shift+z")
    save(page)

    assert saved(house) == "<p>通知</p>"


def test_what_word_puts_on_the_clipboard_keeps_its_form_and_nothing_else(
    house: House, browser: Browser
) -> None:
    page, _ = write(house, browser)

    page.evaluate(PASTE, ["text/html", FROM_WORD])
    save(page)

    assert saved(house) == (
        '<p class="al-center"><strong>停水安排</strong></p><h2>一、时间</h2>'
        "<p><strong>周六</strong>停水。</p>"
        '<table><tbody><tr><td rowspan="2" class="al-center">南区</td><td>一号楼</td></tr>'
        '<tr><td>二号楼</td></tr></tbody></table><p class="al-right">后勤管理处</p>'
    )


def test_plain_text_is_pasted_by_lines(house: House, browser: Browser) -> None:
    page, _ = write(house, browser)

    page.evaluate(PASTE, ["text/plain", "各部门：\r\n<b>停水</b>"])
    save(page)

    assert saved(house) == "<p>各部门：</p><p>&lt;b&gt;停水&lt;/b&gt;</p>"


def test_a_table_is_made_and_its_cells_are_merged(house: House, browser: Browser) -> None:
    page, paper = write(house, browser)

    press(page, "插入表格")
    page.get_by_label("行数").fill("0")
    press(page, "确定")
    expect(page.get_by_text("行数请填 1 到 50")).to_be_visible()
    page.get_by_label("行数").fill("2")
    page.get_by_label("列数").fill("2")
    press(page, "确定")
    for words in ("时间", "地点", "周六"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.type("南区")
    press(page, "下方插行")
    paper.locator("td").nth(2).drag_to(paper.locator("td").nth(3))
    press(page, "合并单元格")
    page.keyboard.type("全天")
    save(page)

    assert saved(house) == (
        '<table><thead><tr><th scope="col">时间</th><th scope="col">地点</th></tr></thead>'
        '<tbody><tr><td>周六</td><td>南区</td></tr><tr><td colspan="2">全天</td></tr></tbody>'
        "</table>"
    )


def test_a_picture_is_dropped_into_the_text_and_described(house: House, browser: Browser) -> None:
    page, paper = write(house, browser)
    page.keyboard.type("示意图")

    dropped = base64.b64encode(picture()).decode()
    page.evaluate(DROP, [dropped, "东门.png", "image/png"])
    page.get_by_role("dialog").get_by_role("button", name="插入图片").click()
    expect(page.get_by_text("请写一句话，说明图上是什么")).to_be_visible()
    page.get_by_role("dialog").get_by_label("图片说明（必填）").fill("东门")
    page.get_by_role("dialog").get_by_role("button", name="插入图片").click()
    expect(paper.locator("img[alt='东门']")).to_be_visible()
    save(page)

    name = house.office.item(1).edition.files[0].name
    assert f'<img src="media:{name}" alt="东门">' in saved(house)
    assert house.office.item(1).edition.files[0].alt == "东门"


def test_a_file_that_is_no_picture_is_refused_in_words(house: House, browser: Browser) -> None:
    page, _ = write(house, browser)

    page.evaluate(DROP, [base64.b64encode(b"no").decode(), "东门.png", "image/png"])

    expect(page.locator("#body-status")).to_contain_text("这不是能用的图片")
    assert house.complaints == []


def test_a_link_is_checked(house: House, browser: Browser) -> None:
    page, _ = write(house, browser)
    page.keyboard.type("官网")
    page.keyboard.press("Control+a")

    page.keyboard.press("Control+k")
    page.get_by_label("网址").fill("javascript:alert(1)")
    press(page, "确定")
    expect(page.get_by_text("网址要以 https://")).to_be_visible()
    page.get_by_label("网址").fill("www.example.edu")
    press(page, "确定")
    save(page)

    assert saved(house) == '<p><a href="https://www.example.edu">官网</a></p>'


def test_the_unit_and_the_day_stand_at_the_right(house: House, browser: Browser) -> None:
    page, _ = write(house, browser)
    page.keyboard.type("停水。")

    press(page, "写落款")
    page.get_by_role("dialog").get_by_label("落款单位").fill("后勤管理处")
    page.get_by_role("dialog").get_by_label("成文日期").fill("2026-11-07")
    press(page, "写在文末")
    save(page)

    assert saved(house) == (
        '<p>停水。</p><p class="al-right">后勤管理处</p><p class="al-right">2026年11月7日</p>'
    )


def test_the_bar_is_one_stop_and_arrows_go_on(house: House, browser: Browser) -> None:
    page, paper = write(house, browser)

    page.keyboard.press("Alt+F10")
    expect(page.get_by_role("button", name="撤销")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="看源码")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="正文", exact=True).fill("<h2>停水</h2>")
    page.get_by_role("button", name="看源码").press("Enter")
    expect(paper.locator("h2")).to_have_text("停水")
    page.get_by_role("button", name="看源码").press("Escape")
    expect(paper).to_be_focused()
    save(page)

    assert saved(house) == "<h2>停水</h2>"


def test_a_fault_of_the_body_leads_to_it(house: House, browser: Browser) -> None:
    page, paper = write(house, browser)

    page.get_by_role("button", name="保存草稿").click()
    page.get_by_role("link", name="正文", exact=True).click()

    expect(paper).to_be_focused()
    expect(paper).to_have_attribute("aria-invalid", "true")


def test_without_scripts_the_textarea_is_edited(house: House, browser: Browser) -> None:
    number = house.office.draft(body='<p class="al-right">周六</p>', body_form="html")
    page = house.enter(browser, "林晓", java_script_enabled=False)
    page.goto(f"{house.url}/items/{number}/edit")

    expect(page.get_by_role("toolbar")).to_have_count(0)
    page.get_by_label("正文", exact=True).fill('<p class="al-right">周日</p>')
    save(page)

    assert saved(house) == '<p class="al-right">周日</p>'


@pytest.mark.parametrize("options", [{}, {"viewport": NARROW}], ids=["wide", "narrow"])
def test_everybody_can_read_the_editor(
    house: House, browser: Browser, options: dict[str, Any]
) -> None:
    page, paper = write(house, browser, bypass_csp=True, **options)
    press(page, "插入表格")
    found = [Axe().run(page)]
    press(page, "确定")
    expect(paper.locator("table")).to_be_visible()
    for words in ("一", "二", "三"):  # a head without words is the author's to fill
        page.keyboard.type(words)
        page.keyboard.press("Tab")

    found.append(Axe().run(page))

    assert [one["id"] for each in found for one in each.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
