"""Attachments: offered beside a notice as they are, so they must be what they say."""

from __future__ import annotations

import re
from pathlib import PurePath, PurePosixPath

from publisher.documents import package
from publisher.documents.pictures import normalised
from publisher.errors import InvalidError

_OFFICE = "application/vnd.openxmlformats-officedocument."
MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".zip": "application/zip",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".txt": "text/plain",
    ".csv": "text/csv",
}
MAX_NAME = 120  # characters; file systems take 255 bytes, and a Chinese character has three
PDF_HEADER_WITHIN_BYTES = 1024  # readers accept a header so far into the file
PROGRAMS = {".exe", ".com", ".bat", ".cmd", ".scr", ".msi", ".js", ".vbs", ".ps1", ".lnk", ".hta"}


def as_attachment(name: str, file: bytes, *, max_bytes: int = 50 * 2**20) -> str:
    """Return the media type of an attachment, found from its bytes and its ending.

    PDF, Word, Excel and PowerPoint of today, zip, PNG, JPEG, text and CSV are taken; everything
    else, and what is not what its name says, is an InvalidError (field "file").
    """
    if not file:
        raise _refused(f"附件“{name}”是空的，请重新选择。", "empty")
    if len(file) > max_bytes:
        raise _refused(f"附件“{name}”超过 {max_bytes / 2**20:g} MB，请压缩后再上传。", "too_large")
    if len(name) > MAX_NAME or re.search(r'[\x00-\x1f/\\:*?"<>|]', name):
        raise _refused(
            f"附件的文件名不能用，请改成 {MAX_NAME} 字以内、不含特殊符号的名字。", "bad_name"
        )
    ending = PurePath(name).suffix.lower()
    if ending not in MEDIA_TYPES:
        raise _refused(
            f"附件“{name}”的格式不能用，请换成 PDF、docx、xlsx、pptx、zip、图片、txt 或 csv。",
            "unsupported",
        )
    if package.is_encrypted(file):
        raise package.password_needed()
    found = _found(file)
    if MEDIA_TYPES[ending] != found and not (ending == ".csv" and found == "text/plain"):
        raise _refused(
            f"附件“{name}”的文件名与内容不符，请用原来的程序打开，另存后再上传。",
            "not_what_it_says",
        )
    return MEDIA_TYPES[ending]


def _found(file: bytes) -> str:
    """Return the media type that the bytes alone speak for, empty for one that is not taken."""
    if file.startswith(b"PK\x03\x04"):
        return _archive(file)
    if b"%PDF-" in file[:PDF_HEADER_WITHIN_BYTES]:
        return MEDIA_TYPES[".pdf"]
    if file.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        return normalised(file)[1]
    return "text/plain" if _is_text(file) else ""


def _archive(file: bytes) -> str:
    with package.opened(file) as archive:
        package.refuse_macros(archive)
        if any(PurePosixPath(name.lower()).suffix in PROGRAMS for name in archive.namelist()):
            raise _refused("压缩包里有可以运行的程序，不能作附件，请去掉后再上传。", "program")
        return MEDIA_TYPES[f".{package.office_kind(archive)}"]


def _is_text(file: bytes) -> bool:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return re.search(r"[\x00-\x08\x0e-\x1a]", file.decode(encoding)) is None
        except UnicodeDecodeError:
            continue
    return False


def _refused(message: str, code: str) -> InvalidError:
    return InvalidError(message, field="file", code=code)
