"""Files inside files: members of a zip archive, and what is embedded in an Office file or PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Protocol
from zipfile import ZipInfo

from publisher.documents import package
from publisher.documents.attachments import MEDIA_TYPES
from publisher.documents.contents.parts import XML
from publisher.documents.contents.piece import Piece, UnreadableError

DEEPEST = 2  # files within files
NAMES_ARE_UTF8 = 0x800  # a flag of a member; without it Chinese programs write GBK
FORMULAS = tuple(word.encode("utf-16-le") for word in ("Equation Native", "MathType"))
TOO_DEEP = "里面的压缩包套得太深，请解开后再上传"
PHOTOS = (".png", ".jpg", ".jpeg")
DRAWINGS = (".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".wdp", ".webp", ".ico")
DRAWINGS_PACKED = (".wmz", ".emz", ".pcz")
SILENT = (".odttf", ".fntdata", ".ttf", ".otf")  # fonts
SOUNDS = (".mp4", ".m4v", ".mov", ".avi", ".wmv", ".mp3", ".m4a", ".wav", ".wma")
PASSED = (*XML, *PHOTOS, *DRAWINGS, *DRAWINGS_PACKED, *SILENT, *SOUNDS)
_PRINTER = re.compile(r"printersettings/|(?:^|/)printersettings\d*\.bin$", re.IGNORECASE)
_SIGNED = "_xmlsignatures/origin.sigs"  # always empty


class Read(Protocol):
    """Reads a file by its ending."""

    def __call__(self, ending: str, file: bytes, *, depth: int) -> Iterator[Piece]:
        """Yield its pieces."""


def inner(file: bytes, *, is_archive: bool, depth: int, read: Read) -> Iterator[Piece]:
    """Yield what the files inside say; UnreadableError for one that nobody can read."""
    with package.opened(file) as opened:
        if words := _decoded(opened.comment):
            yield Piece(place="压缩包的注释", text=words)
        for member in opened.infolist():
            if words := _decoded(member.comment):
                yield Piece(place="压缩包的注释", text=words)
            if is_archive and member.is_dir():
                yield Piece(place="里的文件夹名", text=_name(member))
            elif is_archive or _is_embedded(member):
                # by the entry, as a name may be there twice
                yield from one(_name(member), opened.read(member), depth=depth, read=read)
            elif member.filename.lower().endswith(SOUNDS):
                yield Piece(place=f"里的音视频“{_name(member)}”", is_picture=True)
            elif member.filename.lower().endswith(PHOTOS):
                yield from _photo(_name(member), opened.read(member), depth=depth, read=read)


def one(name: str, file: bytes, *, depth: int, read: Read) -> Iterator[Piece]:
    """Yield the name of a file inside another, and what it says."""
    if depth >= DEEPEST:
        raise UnreadableError(TOO_DEEP)
    yield Piece(place="里的文件名", text=name)
    if not file:
        return
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


def _photo(name: str, file: bytes, *, depth: int, read: Read) -> Iterator[Piece]:
    """Yield what is written beside the pixels; that there is a picture is told by its place."""
    ending = PurePosixPath(name).suffix.lower()
    with suppress(UnreadableError):  # is not shown either, or is of another kind than its name
        for piece in read(ending, file, depth=depth + 1):
            if not piece.is_picture:
                yield piece.within(name)


def _is_embedded(member: ZipInfo) -> bool:
    """Whether a part of an Office file is a file of its own: all that nothing else reads."""
    name = member.filename.lower()
    if member.is_dir() or name.endswith(PASSED):
        return False
    return not _PRINTER.search(name) and name != _SIGNED


def _name(member: ZipInfo) -> str:
    if member.flag_bits & NAMES_ARE_UTF8:
        return member.filename
    try:
        return _decoded(member.filename.encode("cp437"))
    except UnicodeEncodeError:
        return member.filename


def _decoded(words: bytes) -> str:
    """Return a name or remark in UTF-8, as macOS writes it without saying so, or in GBK."""
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return words.decode("gb18030", "replace")
