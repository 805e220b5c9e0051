"""Office files are zip archives: looked at before anything is unpacked, read within limits."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from lxml import etree

from publisher.errors import InvalidError

MAX_ENTRIES = 2000  # a long Word file has about 100
MAX_UNPACKED_BYTES = 200 * 2**20
MAX_RATIO = 100  # of unpacked to packed; Word files have 3 to 30
RATIO_COUNTS_FROM_BYTES = 8 * 2**20  # a table of equal rows packs as tightly, and is smaller

OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # .doc, .xls, .wps, and whatever is encrypted
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MAIN_TYPES = {
    b"wordprocessingml.document.main": "docx",
    b"spreadsheetml.sheet.main": "xlsx",
    b"presentationml.presentation.main": "pptx",
}
_BROKEN = (BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError, EOFError)


def is_encrypted(file: bytes) -> bool:
    """Whether this is an Office file that asks for a password."""
    return file.startswith(OLE) and _ENCRYPTED in file


def opened(file: bytes) -> ZipFile:
    """Return the archive, or raise InvalidError for one that is broken or swells too much."""
    try:
        archive = ZipFile(BytesIO(file))
    except _BROKEN as error:
        raise broken() from error
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED_BYTES or any(map(_swells, entries)):
        raise InvalidError(
            "这个压缩文件解开后过大，可能是恶意文件，没有导入。请核对文件来源。",
            field="file",
            code="zip_bomb",
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise password_needed()
    return archive


def _swells(entry: ZipInfo) -> bool:
    large = entry.file_size > RATIO_COUNTS_FROM_BYTES
    return large and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)


def office_kind(archive: ZipFile) -> str:
    """Return "docx", "xlsx" or "pptx" by its main part; "zip" for any other archive."""
    types = part(archive, "[Content_Types].xml") or b""
    return next((kind for name, kind in _MAIN_TYPES.items() if name in types), "zip")


def refuse_macros(archive: ZipFile) -> None:
    """Raise InvalidError for an Office file with a program in it."""
    names = {PurePosixPath(name.lower()).name for name in archive.namelist()}
    types = part(archive, "[Content_Types].xml") or b""
    if "vbaproject.bin" in names or b"macroEnabled" in types:
        raise InvalidError(
            "文件里有宏（自动运行的程序），不能使用。"
            "请用 Word 或 WPS 另存为不含宏的 .docx、.xlsx 或 .pptx。",
            field="file",
            code="macro",
        )


def part(archive: ZipFile, name: str) -> bytes | None:
    """Return one part of the package, None where there is none."""
    if name not in archive.NameToInfo:
        return None
    try:
        return archive.read(name)
    except _BROKEN as error:
        raise broken() from error


def parsed(xml: bytes) -> etree._Element:
    """Return the root of a part; a document type, and so an entity, is refused."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise broken() from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidError(
            "文件里有不允许的实体声明，可能是恶意文件，没有导入。"
            "请核对文件来源，或在 Word 中另存后再试。",
            field="file",
            code="entities",
        )
    return root


def broken() -> InvalidError:
    """Return the error for a file that cannot be opened."""
    return InvalidError(
        "文件已损坏，打不开。请在 Word 或 WPS 中打开它，另存一份后再上传。",
        field="file",
        code="broken",
    )


def password_needed() -> InvalidError:
    """Return the error for a file that only a password opens."""
    return InvalidError(
        "文件设了打开密码，读不出内容。请取消密码后另存一份再上传。",
        field="file",
        code="encrypted",
    )
