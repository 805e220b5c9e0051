"""The files that readers see, each written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from channels.website.notice import Notice, place_of


@dataclass(frozen=True)
class Tree:
    """The public folder of one site. Names that begin with a dot are never served."""

    root: Path
    is_lasting: bool = True  # False: nobody reads here yet, and os.sync() comes at the end
    written: set[str] = field(default_factory=set, compare=False)  # names, changed or as before
    removed: set[str] = field(default_factory=set, compare=False)
    _folders: set[Path] = field(default_factory=set, compare=False)  # with a rename to be settled

    def page(self, index_number: str) -> Path:
        """Return the file of a notice."""
        return self.root / f"{_place(index_number)}.html"

    def media(self, index_number: str) -> Path:
        """Return the folder of the pictures and attachments of a notice."""
        return self.root / _place(index_number)

    def column(self, code: str, number: int | None = None) -> Path:
        """Return a numbered page of a column; None: its front page."""
        name = "index" if number is None else str(number)
        return self.root / "column" / code / f"{name}.html"

    def month(self, name: str) -> Path:
        """Return the sitemap of one month."""
        return self.root / f"sitemap-{name}.xml"

    def titles(self, name: str) -> Path:
        """Return the titles of one month, for searching without a server of ours."""
        return self.root / "search" / f"titles-{name}.json"

    def notice(self, index_number: str) -> Notice | None:
        """Return what stands under an index number; None: nothing that can be read."""
        return read(self.page(index_number))

    def pages(self) -> Iterator[Path]:
        """Go through the files of all notices, withdrawn ones too."""
        for year in sorted((self.root / "info").glob("*")):
            yield from sorted(year.glob("*.html"))

    def write(self, path: Path, content: bytes) -> None:
        """Put a file in place at once: a reader sees the old one or the new one, never a half."""
        if not self.is_lasting:
            _write_at_once(path, content)
            return
        self._note(path, is_there=True)
        if _is(path, content):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = _unfinished(path)
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        self._folders.add(path.parent)

    def settle(self) -> None:
        """Make what was put in place so far survive a power cut."""
        while self._folders:
            settle(self._folders.pop())

    def remove(self, path: Path) -> None:
        """Take a file away; there may be none."""
        path.unlink(missing_ok=True)
        self._note(path, is_there=False)

    def prune(self, index_number: str, *, keep: Collection[str]) -> None:
        """Remove of a notice what its page does not name, and what a killed process left."""
        _unfinished(self.page(index_number)).unlink(missing_ok=True)
        folder = self.media(index_number)
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            if path.name not in keep:
                self.remove(path)
        if not keep:
            shutil.rmtree(folder)

    def _note(self, path: Path, *, is_there: bool) -> None:
        name = path.relative_to(self.root).as_posix()
        (self.written if is_there else self.removed).add(name)
        (self.removed if is_there else self.written).discard(name)


def _place(index_number: str) -> str:
    place = place_of(index_number)
    if place is None:
        raise ValueError(f"not an index number: {index_number!r}")
    return place


def read(path: Path) -> Notice | None:
    """Return the notice in a file; None: there is none, or it is the notice of another file."""
    try:
        notice = Notice.read(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return notice if notice is not None and notice.index_number == path.stem else None


def settle(folder: Path) -> None:
    """Make a rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_at_once(path: Path, content: bytes) -> None:
    try:
        with path.open("wb") as file:
            file.write(content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _is(path: Path, content: bytes) -> bool:
    """Whether the file has this content already."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.unfinished")
