"""Word files: what the reader of Word sees is what arrives."""

from __future__ import annotations

from io import BytesIO

import docx
import pytest
from docx.document import Document as WordDocument

from publisher.documents import read
from publisher.documents.word import MAX_ELEMENTS, MAX_XML_BYTES, convert
from publisher.errors import InvalidError
from tests.publisher.documents import make
from tests.publisher.documents.make import CENTER, RIGHT, line

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCUMENT = "word/document.xml"


def body(*steps: object) -> str:
    return read("通知.docx", make.word(make.title, *steps)).body  # type: ignore[arg-type]


def listed(style: str) -> str:
    return body(*(lambda d, text=text: d.add_paragraph(text, style) for text in "甲乙"))


def with_xml(markup: str) -> bytes:
    """Return a notice with one more element of WordprocessingML before the signature."""
    document = docx.Document()
    make.title(document)
    make.indented(document, "正文如下。")
    document.element.body.insert(2, make.xml(markup))
    return make.saved(document)


def table(document: WordDocument, *rows: str) -> object:
    cells = [row.split("|") for row in rows]
    made = document.add_table(rows=len(cells), cols=len(cells[0]))
    for y, row in enumerate(cells):
        for x, words in enumerate(row):
            made.cell(y, x).text = words
    return made


def test_alignment_becomes_classes_and_a_faked_indent_goes() -> None:
    found = body(
        lambda d: line(d, "　　左对齐。"),
        lambda d: line(d, "居中", aligned=CENTER),
        lambda d: line(d, "靠右", aligned=RIGHT),
    )

    assert found == '<p>左对齐。</p><p class="al-center">居中</p><p class="al-right">靠右</p>'


def test_a_line_without_indent_says_so_where_others_have_one() -> None:
    found = body(lambda d: line(d, "各部门："), lambda d: make.indented(d, "现通知如下。"))

    assert found == '<p class="noindent">各部门：</p><p>现通知如下。</p>'


def test_alignment_of_a_style_counts_like_that_of_the_paragraph() -> None:
    document = docx.Document()
    document.styles["Caption"].paragraph_format.alignment = CENTER
    make.title(document)
    line(document, "正文。")
    document.add_paragraph("图 1", style="Caption")

    assert '<p class="al-center">图 1</p>' in read("a.docx", make.saved(document)).body


def test_headings_keep_their_level_below_the_title() -> None:
    found = body(
        lambda d: line(d, "正文。"),
        lambda d: d.add_heading("第一章", level=1),
        lambda d: d.add_heading("第一节", level=2),
    )

    assert found == "<p>正文。</p><h2>第一章</h2><h3>第一节</h3>"


def test_bold_italic_underline_and_raised_figures_stay() -> None:
    def mixed(document: WordDocument) -> None:
        paragraph = line(document, "面积 5 m")
        paragraph.add_run("2").font.superscript = True
        paragraph.add_run("重要").bold = True
        paragraph.add_run("斜体").italic = True
        paragraph.add_run("下划线").underline = True

    assert body(mixed, lambda d: line(d, "完。")) == (
        "<p>面积 5 m<sup>2</sup><strong>重要</strong><em>斜体</em><u>下划线</u></p><p>完。</p>"
    )


def test_automatic_numbers_become_words() -> None:
    assert listed("List Number") == "<p>1. 甲</p><p>2. 乙</p>"


def test_bullets_become_a_list() -> None:
    assert listed("List Bullet") == "<ul><li>甲</li><li>乙</li></ul>"


def test_merged_cells_and_the_header_row_stay() -> None:
    def merged(document: WordDocument) -> None:
        made = table(document, "类别|时间|范围", "停电|上午|甲楼", "|下午|乙楼", "合计||2")
        made.cell(1, 0).merge(made.cell(2, 0))  # type: ignore[attr-defined]
        made.cell(3, 0).merge(made.cell(3, 1))  # type: ignore[attr-defined]

    found = body(lambda d: line(d, "安排如下："), merged)

    assert '<thead><tr><th scope="col">类别</th><th scope="col">时间</th>' in found
    assert '<td rowspan="2">停电' in found
    assert '<td colspan="2">合计' in found
    assert found.count("<tr>") == 4


def test_a_header_of_two_rows_is_found_by_its_merged_cells() -> None:
    def two(document: WordDocument) -> None:
        made = table(document, "结余|支出|", "|培训|慰问", "1.00|2.00|3.00")
        made.cell(0, 0).merge(made.cell(1, 0))  # type: ignore[attr-defined]
        made.cell(0, 1).merge(made.cell(0, 2))  # type: ignore[attr-defined]

    found = body(lambda d: line(d, "如下："), two)

    head = found[: found.index("</thead>")]
    assert head.count("<tr>") == 2
    assert '<th scope="col" rowspan="2">结余' in head
    assert "<td>1.00</td>" in found


@pytest.mark.parametrize("first", ["姓名|", "1|2", "很长" * 10 + "的说明|乙"])
def test_a_row_that_reads_like_content_is_no_header(first: str) -> None:
    assert "<th" not in body(lambda d: line(d, "如下："), lambda d: table(d, first, "3|4"))


def test_a_picture_is_named_by_its_bytes_and_keeps_its_text() -> None:
    picture = make.picture()

    def illustrated(document: WordDocument) -> None:
        document.add_picture(BytesIO(picture))
        document.element.body.xpath("//wp:docPr")[0].set("descr", "校门")

    found = read("a.docx", make.word(make.title, lambda d: line(d, "看图。"), illustrated))

    [image] = found.images
    assert (image.file, image.media_type, image.alt) == (picture, "image/png", "校门")
    assert f'<img src="media:{image.name}" alt="校门">' in found.body
    assert not any("替代文字" in remark for remark in found.remarks)


def test_a_picture_without_text_or_in_another_format_is_mentioned_or_converted() -> None:
    def two(document: WordDocument) -> None:
        document.add_picture(BytesIO(make.picture("BMP")))

    found = read("a.docx", make.word(make.title, lambda d: line(d, "看图。"), two))

    assert [image.media_type for image in found.images] == ["image/png"]
    assert any("替代文字" in remark for remark in found.remarks)


def test_a_broken_picture_is_dropped_with_a_remark() -> None:
    def illustrated(document: WordDocument) -> None:
        document.add_picture(BytesIO(make.picture()))

    file = make.word(make.title, lambda d: line(d, "看图。"), illustrated)
    broken = make.changed(file, {"word/media/image1.png": make.picture()[:40]})

    found = read("a.docx", broken)

    assert found.images == ()
    assert "<img" not in found.body
    assert any("1 张图片损坏" in remark for remark in found.remarks)


def test_tracked_changes_are_accepted() -> None:
    found = read(
        "a.docx",
        with_xml(
            "<w:p><w:r><w:t>公示至</w:t></w:r>"
            '<w:del w:id="1"><w:r><w:delText>25日</w:delText></w:r></w:del>'
            '<w:ins w:id="2"><w:r><w:t>27日</w:t></w:r></w:ins></w:p>'
        ),
    )

    assert "公示至27日" in found.body
    assert "25日" not in found.body
    assert any("修订" in remark for remark in found.remarks)


def test_a_row_that_was_deleted_with_tracking_is_gone() -> None:
    row = "<w:tr>{}<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc></w:tr>"
    deleted = row.format('<w:trPr><w:del w:id="1"/></w:trPr>', "旧行")

    found = read("a.docx", with_xml(f"<w:tbl>{row.format('', '新行')}{deleted}</w:tbl>"))

    assert "新行" in found.body
    assert "旧行" not in found.body


def test_hidden_words_do_not_come_out() -> None:
    hidden = "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>内部备注</w:t></w:r></w:p>"

    found = read("a.docx", with_xml(hidden))

    assert "内部备注" not in found.body
    assert any("隐藏文字" in remark for remark in found.remarks)


def test_a_formula_becomes_words_and_is_mentioned() -> None:
    formula = "<w:p><m:oMathPara><m:oMath><m:r><m:t>S=ab</m:t></m:r></m:oMath></m:oMathPara></w:p>"

    found = read("a.docx", with_xml(formula))

    assert "<p>S=ab</p>" in found.body.replace(' class="noindent"', "")
    assert any("公式" in remark for remark in found.remarks)


def test_words_of_a_text_box_follow_its_paragraph() -> None:
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = (
        f'<w:p><w:r><mc:AlternateContent xmlns:mc="{mc}"><mc:Choice Requires="wps"><w:txbxContent>'
        "<w:p><w:r><w:t>框内文字</w:t></w:r></w:p></w:txbxContent></mc:Choice>"
        "</mc:AlternateContent></w:r></w:p>"
    )

    found = read("a.docx", with_xml(box))

    assert found.body.count("框内文字") == 1
    assert any("文本框" in remark for remark in found.remarks)


def test_a_chart_is_mentioned() -> None:
    chart = (
        "<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData "
        'uri="http://schemas.openxmlformats.org/drawingml/2006/chart"/></a:graphic></wp:inline>'
        "</w:drawing></w:r></w:p>"
    )

    assert any("图表" in remark for remark in read("a.docx", with_xml(chart)).remarks)


def test_tick_boxes_become_characters() -> None:
    w14 = "http://schemas.microsoft.com/office/word/2010/wordml"
    boxes = "".join(
        f'<w:sdt><w:sdtPr><w14:checkbox xmlns:w14="{w14}"><w14:checked w14:val="{n}"/>'
        f"</w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>☐</w:t></w:r></w:sdtContent></w:sdt>"
        for n in (0, 1)
    )

    assert "☐☑" in read("a.docx", with_xml(f"<w:p>{boxes}</w:p>")).body


def refused(file: bytes) -> str:
    with pytest.raises(InvalidError) as error:
        read("通知.docx", file)
    assert error.value.field == "file"
    assert error.value.message.endswith("。")
    return error.value.code


def test_an_entity_is_refused_in_any_part_and_encoding() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'

    assert refused(make.changed(make.notice(), {"word/extra.xml": bomb.encode()})) == "entities"
    assert refused(make.changed(make.notice(), {DOCUMENT: bomb.encode("utf-16")})) == "entities"


def test_a_picture_outside_the_file_is_refused() -> None:
    name = "word/_rels/document.xml.rels"
    relationships = make.part(make.notice(), name).replace(
        b"</Relationships>",
        b'<Relationship Id="x" TargetMode="External" Target="file:///etc/passwd" Type="http://schemas.'
        b'openxmlformats.org/officeDocument/2006/relationships/image"/></Relationships>',
    )

    assert refused(make.changed(make.notice(), {name: relationships})) == "external_image"


def test_a_document_that_would_take_minutes_is_refused_at_once() -> None:
    marks = b"<w:bookmarkEnd/>" * MAX_ELEMENTS
    document = make.part(make.notice(), DOCUMENT)
    longer = document.replace(b"</w:body>", marks + b"</w:body>")
    blanks = b"<x>" + b" " * (MAX_XML_BYTES // 4 - 7) + b"</x>"
    parts = {f"word/extra{number}.xml": blanks for number in range(4)}

    assert refused(make.changed(make.notice(), {DOCUMENT: longer})) == "too_long"
    assert refused(make.changed(make.notice(), dict(parts))) == "too_long"


def test_a_macro_is_refused() -> None:
    assert refused(make.changed(make.notice(), {"word/vbaProject.bin": b"x"})) == "macro"


@pytest.mark.parametrize(
    "parts",
    [
        {DOCUMENT: None},
        {DOCUMENT: b"<w:document"},
        {DOCUMENT: b""},
        {DOCUMENT: b"<x/>"},
        {"word/styles.xml": b"<"},
    ],
)
def test_a_package_with_a_bad_part_is_broken(parts: dict[str, bytes | None]) -> None:
    assert refused(make.changed(make.notice(), parts)) in ("broken", "no_text")


def test_a_package_that_is_cut_off_is_broken() -> None:
    assert refused(make.notice()[:-200]) == "broken"


def test_a_zip_or_a_workbook_is_no_word_file() -> None:
    workbook = b'<Types><Override ContentType="x.spreadsheetml.sheet.main+xml"/></Types>'

    assert refused(make.archive({"a.txt": b"x"})) == "not_what_it_says"
    assert refused(make.archive({"[Content_Types].xml": workbook})) == "not_what_it_says"


def test_an_embedded_style_map_is_not_obeyed() -> None:
    file = make.changed(make.notice("正文。"), {"mammoth/style-map": b"p => h1.evil"})

    assert "evil" not in convert(file).html
