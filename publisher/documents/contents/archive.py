"""Files inside files: members of a zip archive, and what is embedded in an Office file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Protocol
from zipfile import ZipInfo

from publisher.documents import package
from publisher.documents.attachments import MEDIA_TYPES
from publisher.documents.contents.piece import Piece, UnreadableError

DEEPEST = 2  # archives within archives
NAMES_ARE_UTF8 = 0x800  # a flag of a member; without it Chinese programs write GBK
FORMULAS = tuple(word.encode("utf-16-le") for word in ("Equation Native", "MathType"))
TOO_DEEP = "里面的压缩包套得太深，请解开后再上传"
_EMBEDDED = re.compile(r"(?:word|xl|ppt)/embeddings/")


class Read(Protocol):
    """Reads a file by its ending."""

    def __call__(self, ending: str, file: bytes, *, depth: int) -> Iterator[Piece]:
        """Yield its pieces."""


def inner(file: bytes, *, is_archive: bool, depth: int, read: Read) -> Iterator[Piece]:
    """Yield what the files inside say; UnreadableError for one that nobody can read."""
    with package.opened(file) as opened:
        for member in opened.infolist():
            if member.is_dir() or not (is_archive or _EMBEDDED.match(member.filename)):
                continue
            name = _name(member)
            if depth >= DEEPEST:
                raise UnreadableError(TOO_DEEP)
            yield Piece(place="里的文件名", text=name)
            yield from _member(name, package.part(opened, member.filename) or b"", depth, read)


def _member(name: str, file: bytes, depth: int, read: Read) -> Iterator[Piece]:
    ending = PurePosixPath(name).suffix.lower()
    if package.is_encrypted(file):
        raise UnreadableError(f"里面的“{name}”设了密码，请取消密码后再上传")
    if file.startswith(package.OLE) and any(sign in file for sign in FORMULAS):
        yield Piece(place=f"里的公式“{name}”", is_picture=True)
        return
    if ending not in MEDIA_TYPES:
        raise UnreadableError(f"里面的“{name}”程序读不了，请去掉它，或换成 PDF、docx、xlsx")
    try:
        for piece in read(ending, file, depth=depth + 1):
            yield piece.within(name)
    except UnreadableError as error:
        raise UnreadableError(f"里面的“{name}”读不了：{error}") from error


def _name(member: ZipInfo) -> str:
    if member.flag_bits & NAMES_ARE_UTF8:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
