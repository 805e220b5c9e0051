"""Archives: every member, whatever its name is written in and however often it is there."""

from __future__ import annotations

import warnings
import zipfile
from io import BytesIO

import pytest

from publisher.documents.contents import UnreadableError, pieces
from tests.publisher.documents.contents.make import SECRET, book, places, with_part, zipped
from tests.publisher.documents.contents.make import WORD as NOTICE

ZIP = "application/zip"


def named(name: bytes) -> bytes:
    """Return an archive with a member whose name does not say what it is written in."""
    stand_in = "n" * len(name)
    file = zipped(**{stand_in: SECRET.encode()})
    return file.replace(stand_in.encode(), name)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_names_in_chinese_are_read_in_both_encodings(encoding: str) -> None:
    assert places("材料.zip", named("名单.txt".encode(encoding))) == ["里的“名单.txt”第 1 行起"]


def test_names_of_members_are_words_too() -> None:
    assert places("材料.zip", zipped(**{f"{SECRET}__txt": b"x"})) == ["里的文件名"]


def test_a_member_that_is_there_twice_is_read_twice() -> None:
    made = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.txt", SECRET)
        archive.writestr("a.txt", "x")

    assert places("材料.zip", made.getvalue()) == ["里的“a.txt”第 1 行起"]


def test_the_comment_of_an_archive_is_read() -> None:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "x")
        archive.comment = SECRET.encode()

    assert places("材料.zip", made.getvalue()) == ["压缩包的注释"]


def test_a_workbook_in_a_notice_in_an_archive_is_read() -> None:
    sheet = book(lambda made: made["名单"].append(["甲", SECRET]))
    file = zipped(通知__docx=with_part(NOTICE, "word/embeddings/表.xlsx", sheet))

    [found] = places("材料.zip", file)

    assert found.endswith("工作表“名单”第 3 行 B 列")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (zipped(a__docx=book(lambda made: None)), "与内容不符"),
        (zipped(a__txt=b"\x00\x01\x02"), "不是文字"),
        (zipped(a__exe=b"MZ"), r"a\.exe"),
    ],
)
def test_a_member_that_cannot_be_read_stops_the_whole(file: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        pieces("材料.zip", ZIP, file)


def test_an_encrypted_archive_is_unreadable() -> None:
    file = bytearray(zipped(a__txt=b"x"))
    file[file.find(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(UnreadableError, match="密码"):
        pieces("材料.zip", ZIP, bytes(file))


def test_an_archive_that_swells_is_unreadable() -> None:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * 30 * 2**20)

    with pytest.raises(UnreadableError, match="过大"):
        pieces("材料.zip", ZIP, made.getvalue())
