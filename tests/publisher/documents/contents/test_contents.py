"""Whatever somebody could find in a file is read, however well it is hidden."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText

from publisher.documents import contents
from publisher.documents.apart import pieces_apart
from publisher.documents.attachments import MEDIA_TYPES
from publisher.documents.contents import UnreadableError, parts, pieces
from tests.publisher.documents.contents.make import (
    SECRET,
    WORD,
    W,
    book,
    places,
    read,
    with_part,
    word,
    zipped,
)
from tests.publisher.documents.make import pdf


def table(document: object) -> None:
    made = document.add_table(rows=2, cols=2)  # type: ignore[attr-defined]
    for row, cells in enumerate((("姓名", "证件号"), ("甲", SECRET))):
        for column, text in enumerate(cells):
            made.cell(row, column).text = text


@pytest.mark.parametrize(
    ("file", "place"),
    [
        (word(lambda d: d.add_paragraph(SECRET)), "第 1 段"),
        (word(table), "表格第 2 行第 2 列"),
        (
            word(lambda d: d.sections[0].header.paragraphs[0].add_run(SECRET)),
            "页眉第 1 段",
        ),
        (
            word(lambda d: d.sections[0].footer.paragraphs[0].add_run(SECRET)),
            "页脚第 1 段",
        ),
        (word(lambda d: setattr(d.core_properties, "author", SECRET)), "文件属性“作者”"),
        (
            with_part(
                WORD,
                "word/comments.xml",
                f"<w:comments {W}><w:comment><w:p><w:r><w:t>{SECRET}</w:t></w:r></w:p>"
                "</w:comment></w:comments>",
            ),
            "批注第 1 段",
        ),
        (
            with_part(
                WORD,
                "word/document.xml",
                f"<w:document {W}><w:body><w:p><w:del><w:r><w:delText>{SECRET}</w:delText></w:r>"
                "</w:del></w:p></w:body></w:document>",
            ),
            "第 1 段（修订中删去的文字）",
        ),
        (
            with_part(
                WORD,
                "word/document.xml",
                f"<w:document {W}><w:body><w:p><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>{SECRET}"
                "</w:t></w:r></w:p></w:txbxContent></w:pict></w:r></w:p></w:body></w:document>",
            ),
            "文本框第 1 段",
        ),
    ],
)
def test_a_word_file_is_read_to_its_last_corner(file: bytes, place: str) -> None:
    assert places("通知.docx", file) == [place]


def test_a_number_that_a_change_of_type_cuts_is_one_number() -> None:
    def split(document: object) -> None:
        paragraph = document.add_paragraph(SECRET[:7])  # type: ignore[attr-defined]
        paragraph.add_run(SECRET[7:]).bold = True

    assert places("通知.docx", word(split)) == ["第 1 段"]


def _row(made: Workbook) -> None:
    made["名单"].append(["甲", SECRET])


def _hidden_column(made: Workbook) -> None:
    _row(made)
    made["名单"].column_dimensions["B"].hidden = True


def _hidden_row(made: Workbook) -> None:
    _row(made)
    made["名单"].row_dimensions[3].hidden = True


def _hidden_sheet(made: Workbook) -> None:
    sheet = made.create_sheet("旧")
    sheet["A1"], sheet.sheet_state = SECRET, "veryHidden"


def _comment(made: Workbook) -> None:
    made["名单"]["A1"].comment = Comment(SECRET, "甲")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_row, "工作表“名单”第 3 行 B 列"),
        (_hidden_column, "工作表“名单”第 3 行 B 列（隐藏）"),
        (_hidden_row, "工作表“名单”第 3 行 B 列（隐藏）"),
        (_hidden_sheet, "工作表“旧”（隐藏）第 1 行 A 列"),
        (_comment, "工作表“名单”第 1 行 A 列的批注"),
    ],
)
def test_a_workbook_is_read_with_all_that_it_hides(
    change: Callable[[Workbook], object], place: str
) -> None:
    assert places("名单.xlsx", book(change)) == [place]


def test_the_row_with_the_names_of_columns_heads_them() -> None:
    [found] = [piece for piece in read("名单.xlsx", book(_row)) if piece.text == SECRET]

    assert (found.heading, found.is_cell) == ("证件号", True)


def test_a_number_that_was_typed_as_a_number_keeps_its_digits() -> None:
    file = book(lambda made: made["名单"].append(["甲", 13850012345.0]))

    assert places("名单.xlsx", file, "13850012345") == ["工作表“名单”第 3 行 B 列"]


def annotated(text: str) -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(pdf("正文"))))
    writer.add_annotation(0, FreeText(text=text, rect=(10, 10, 200, 60)))
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def with_property(text: str) -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(pdf("正文"))))
    writer.add_metadata({"/Subject": text})
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("file", "place"),
    [
        (pdf(f"正文 {SECRET}"), "第 1 页"),
        (pdf("第一页", f"第二页 {SECRET}"), "第 2 页"),
        (annotated(SECRET), "第 1 页的批注"),
        (with_property(SECRET), "文件属性“主题”"),
    ],
)
def test_a_pdf_is_read_with_notes_and_properties(file: bytes, place: str) -> None:
    assert places("通知.pdf", file) == [place]


def test_a_scanned_page_is_told_as_a_picture() -> None:
    file = BytesIO()
    Image.new("RGB", (200, 300), "white").save(file, "PDF")

    found = read("扫描.pdf", file.getvalue())

    assert [piece.place for piece in found if piece.is_picture] == ["第 1 页"]


def test_files_in_an_archive_are_read() -> None:
    file = zipped(名单__xlsx=book(_row), 说明__txt=SECRET.encode("gb18030"))

    assert places("材料.zip", file) == [
        "里的“名单.xlsx”工作表“名单”第 3 行 B 列",
        "里的“说明.txt”第 1 行起",
    ]


def test_a_picture_tells_its_properties_and_has_to_be_looked_at() -> None:
    file, info = BytesIO(), PngInfo()
    info.add_text("Author", SECRET)
    Image.new("RGB", (4, 4)).save(file, "PNG", pnginfo=info)

    found = read("图.png", file.getvalue())

    assert [piece.place for piece in found if SECRET in piece.text] == ["图片属性“Author”"]
    assert [piece.place for piece in found if piece.is_picture] == ["整张图片"]


def test_a_table_of_text_has_heads() -> None:
    found = read("名单.csv", f"姓名,证件号\n甲,{SECRET}\n".encode("gb18030"))

    assert [(p.place, p.heading) for p in found if p.text == SECRET] == [
        ("第 2 行第 2 列", "证件号")
    ]


def picture(kind: str) -> bytes:
    file = BytesIO()
    Image.effect_noise((40, 40), 50).save(file, kind)
    return file.getvalue()


NEST = zipped(a__zip=zipped(b__zip=zipped(c__zip=zipped(d__txt=b"x"))))


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("坏.docx", b"PK\x03\x04" + b"x" * 200, "损坏"),
        ("坏.xlsx", with_part(book(_row), "xl/workbook.xml", b"<a"), "损坏"),
        ("坏.pdf", pdf("正文")[:300], "损坏"),
        ("深.zip", NEST, "套得太深"),
        ("旧.zip", zipped(名单__xls=b"x"), "名单.xls"),
        ("旧.docx", with_part(WORD, "word/embeddings/oleObject1.bin", b"x"), "oleObject1.bin"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, file: bytes, words: str) -> None:
    ending = f".{name.rpartition('.')[2]}"

    with pytest.raises(UnreadableError) as caught:
        pieces(name, MEDIA_TYPES[ending], file)

    assert words in str(caught.value)


def test_more_tags_than_can_be_read_in_time_are_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_TAGS_ELSEWHERE", 10)

    with pytest.raises(UnreadableError, match="太多"):
        read("通知.docx", WORD)


def test_more_words_than_can_be_read_are_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_CHARACTERS", 3)

    with pytest.raises(UnreadableError, match="太多"):
        read("说明.txt", "四个字呢".encode())


def test_a_kind_that_nobody_reads_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="格式"):
        pieces("歌.mp3", "audio/mpeg", b"x")


@pytest.mark.parametrize("at", range(0, 100, 7))
@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pdf", "a.zip", "a.png", "a.jpg", "a.csv"])
def test_a_file_that_was_cut_off_anywhere_is_unreadable_or_read(name: str, at: int) -> None:
    file = {
        "a.docx": WORD,
        "a.xlsx": book(_row),
        "a.pdf": pdf("正文"),
        "a.zip": zipped(名单__xlsx=book(_row)),
        "a.png": picture("PNG"),
        "a.jpg": picture("JPEG"),
        "a.csv": f"姓名,证件号\n甲,{SECRET}".encode(),
    }[name]

    with suppress(UnreadableError):  # and no other error
        assert isinstance(pieces(name, MEDIA_TYPES[name[1:]], file[: len(file) * at // 100]), tuple)


def test_a_locked_pdf_is_unreadable() -> None:
    writer, file = PdfWriter(), BytesIO()
    writer.append(PdfReader(BytesIO(pdf("正文"))))
    writer.encrypt("sesame", algorithm="RC4-128")
    writer.write(file)

    with pytest.raises(UnreadableError, match="密码"):
        read("锁.pdf", file.getvalue())


def test_a_process_of_its_own_says_the_same() -> None:
    file = book(_row)
    kind = MEDIA_TYPES[".xlsx"]

    assert pieces_apart("名单.xlsx", kind, file) == pieces("名单.xlsx", kind, file)
    with pytest.raises(UnreadableError, match="损坏"):
        pieces_apart("坏.pdf", MEDIA_TYPES[".pdf"], b"%PDF-1.7\n")
