"""Where a photo was taken leaves its file; pixels and all other notes in it stay.

Other notes stay because a label that says "made by AI" lives there and may not be removed
(人工智能生成合成内容标识办法, in force since 2025-09-01).
"""

from __future__ import annotations

import re
import struct
import zlib

from PIL import Image

GPS = 0x8825  # EXIF: pointer to the directory with the place
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_XMP_PLACE = re.compile(
    rb"""\s+exif:GPS\w+\s*=\s*("[^"]*"|'[^']*')|<exif:GPS(\w+)\b.*?</exif:GPS\2>""", re.DOTALL
)
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TEXT = (b"tEXt", b"zTXt", b"iTXt")


def without_place(file: bytes) -> bytes:
    """Return a JPEG or PNG file without the place it was taken; the same bytes if it has none.

    Raise ValueError where the file is not built as these formats are.
    """
    try:
        return _png(file) if file.startswith(_PNG) else _jpeg(file)
    except (struct.error, IndexError) as error:
        raise ValueError("the segments of the file cannot be followed") from error


def _jpeg(file: bytes) -> bytes:
    out, at = bytearray(file[:2]), 2
    while file[at] == 0xFF and file[at + 1] != 0xDA:  # up to the start of the scan
        (length,) = struct.unpack(">H", file[at + 2 : at + 4])
        marker, content = file[at : at + 2], file[at + 4 : at + 2 + length]
        if length < 2:
            raise ValueError("a segment shorter than its length field")
        kept = _segment(content) if marker == b"\xff\xe1" else content
        out += marker + struct.pack(">H", len(kept) + 2) + kept
        at += 2 + length
    return bytes(out) + file[at:]


def _segment(content: bytes) -> bytes:
    if content.startswith(_EXIF):
        return _EXIF + _exif(content[len(_EXIF) :])
    return _XMP_PLACE.sub(b"", content) if content.startswith(_XMP) else content


def _png(file: bytes) -> bytes:
    out, at = bytearray(_PNG), len(_PNG)
    while at < len(file):
        (length,) = struct.unpack(">I", file[at : at + 4])
        kind, content = file[at + 4 : at + 8], file[at + 8 : at + 8 + length]
        if len(content) != length:
            raise ValueError("a chunk longer than the file")
        kept = _chunk(kind, content)
        if kept is not None:
            crc = zlib.crc32(kind + kept)
            out += struct.pack(">I", len(kept)) + kind + kept + struct.pack(">I", crc)
        at += 12 + length
        if kind == b"IEND":
            break
    return bytes(out)


def _chunk(kind: bytes, content: bytes) -> bytes | None:
    """Return what is kept of a chunk; None where it has to go as a whole."""
    if kind == b"eXIf":
        return _exif(content)
    if kind in _PNG_TEXT and content.startswith(b"Raw profile type"):
        return None  # EXIF as text, written by old programs only
    return _XMP_PLACE.sub(b"", content) if kind == b"iTXt" else content


def _exif(block: bytes) -> bytes:
    exif = Image.Exif()
    exif.load(_EXIF + block)
    if GPS not in exif:
        return block
    del exif[GPS]
    return exif.tobytes().removeprefix(_EXIF)
