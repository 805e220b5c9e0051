"""All that an attachment says, hidden parts included: what readers could find in it.

Pure: bytes in, pieces out. Words inside pictures stay unread; such a place is told as a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from publisher.documents.attachments import MEDIA_TYPES
from publisher.documents.contents import archive, pdf, picture, plain, sheets, slides, text
from publisher.documents.contents.piece import Piece, UnreadableError
from publisher.errors import InvalidError

__all__ = ["Piece", "UnreadableError", "pieces"]

MOST_PIECES = 300_000
MOST_CHARACTERS = 30_000_000  # of all pieces, also of archives within archives
TOO_MUCH = "内容太多，程序读不完，请拆成几个小的文件"
BROKEN = "可能已损坏，请用原来的程序打开，另存后再上传"
Reader = Callable[[bytes], Iterable[Piece]]
READERS: dict[str, Reader] = {
    ".pdf": pdf.pieces,
    ".docx": text.pieces,
    ".xlsx": sheets.pieces,
    ".pptx": slides.pieces,
    ".png": picture.pieces,
    ".jpg": picture.pieces,
    ".jpeg": picture.pieces,
    ".txt": plain.text_pieces,
    ".csv": plain.table_pieces,
}
PACKAGES = (".zip", ".docx", ".xlsx", ".pptx")
UNKNOWN = "这种格式程序读不了，请换成 PDF、docx 或 xlsx"


def pieces(name: str, media_type: str, file: bytes) -> tuple[Piece, ...]:
    """Return what a file says; UnreadableError where some of it cannot be known."""
    ending = next((e for e, kind in MEDIA_TYPES.items() if kind == media_type), "")
    ending = ".csv" if name.lower().endswith(".csv") and ending == ".txt" else ending
    found: list[Piece] = []
    characters = 0
    for piece in _read(ending, file, depth=0):
        found.append(piece)
        characters += len(piece.text)
        if len(found) > MOST_PIECES or characters > MOST_CHARACTERS:
            raise UnreadableError(TOO_MUCH)
    return tuple(found)


def _read(ending: str, file: bytes, *, depth: int) -> Iterator[Piece]:
    """Yield the pieces; whatever a library makes of a hostile file, it is unreadable."""
    if ending not in READERS and ending not in PACKAGES:
        raise UnreadableError(UNKNOWN)
    try:
        if ending in READERS:
            yield from READERS[ending](file)
        if ending == ".pdf":
            yield from pdf.inner(file, depth=depth, read=_read)
        if ending in PACKAGES:
            yield from archive.inner(file, is_archive=ending == ".zip", depth=depth, read=_read)
    except (UnreadableError, GeneratorExit):
        raise
    except InvalidError as error:
        raise UnreadableError(error.message) from error
    except Exception as error:  # parsers raise all kinds of errors on bad files
        raise UnreadableError(BROKEN) from error
