"""All pages written anew in another folder, which then takes the place of the old one at once.

Done when the look of the pages changes or the catalogue is lost. A process that is killed while
it writes leaves the old folder as it was; readers never see a mixture.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from channels.website.catalogue import Catalogue
from channels.website.imprint import Imprint
from channels.website.lists import Lists
from channels.website.pages import ALONE, Neighbours, Pages
from channels.website.tree import Tree, read, settle

log = logging.getLogger(__name__)

AT_ONCE = 500  # notices entered in one transaction
DRESSED_AT_ONCE = 2_000  # by one process; fewer notices than that are not worth a process
MOST_PROCESSES = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Trees:
    """The folders of one site: `public` is a link to one below `trees`."""

    folder: Path

    @property
    def public(self) -> Path:
        return self.folder / "public"

    def current(self) -> Path | None:
        """Return the folder that readers see, or would: None before the first one is written.

        Without the link (after a restore, or a process killed while it was changed) it is the
        newest finished one.
        """
        if self.public.is_dir():
            return self.public
        found = [path for path in self._all() if not path.name.endswith(UNFINISHED)]
        return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)

    def begin(self, look: str) -> Path:
        """Return an empty folder to write in."""
        for path in self._all():
            if path.name.endswith(UNFINISHED):
                shutil.rmtree(path)
        number = 1
        while (self.folder / "trees" / f"{look[:12]}-{number}").exists():
            number += 1
        made = self.folder / "trees" / f"{look[:12]}-{number}{UNFINISHED}"
        made.mkdir(parents=True)
        return made

    def switch(self, made: Path) -> None:
        """Show readers the folder; the one before is removed."""
        os.sync()
        finished = made.with_name(made.name.removesuffix(UNFINISHED))
        made.rename(finished)
        settle(finished.parent)
        if self.public.is_dir() and not self.public.is_symlink():  # as older versions had it
            self.public.rename(finished.with_name(f"{finished.name}.before{UNFINISHED}"))
        link = self.folder / ".public.unfinished"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("trees") / finished.name)
        link.replace(self.public)
        settle(self.folder)
        for path in self._all():
            if path != finished:
                shutil.rmtree(path, ignore_errors=True)

    def _all(self) -> list[Path]:
        folder = self.folder / "trees"
        return sorted(path for path in folder.iterdir()) if folder.is_dir() else []


UNFINISHED = ".unfinished"


def rebuild(trees: Trees, pages: Pages, catalogue: Catalogue) -> None:
    """Write everything anew from the pages that stand there, and show it."""
    source = trees.current()
    made = trees.begin(pages.look)
    tree = Tree(made, is_lasting=False)
    if source is not None:
        _learn(Tree(source), catalogue)
    for name, content in pages.assets().items():
        tree.write(made / "assets" / name, content)
    for name, content in pages.standing().items():
        tree.write(made / name, content)
    lists = Lists(tree, pages, catalogue)
    if source is not None:
        _dress_all(Tree(source), lists)
    lists.everything()
    trees.switch(made)


def _learn(source: Tree, catalogue: Catalogue) -> None:
    """Make the catalogue agree with the pages: those it does not know, and those that are gone."""
    standing = {path.stem: path for path in source.pages()}
    known = set(catalogue.index_numbers())
    new = sorted(_moments(path for name, path in standing.items() if name not in known))
    for first in range(0, len(new), AT_ONCE):
        with catalogue.transaction():
            for _, path in new[first : first + AT_ONCE]:
                _enter(catalogue, Path(path))
    with catalogue.transaction():
        for index_number in known - standing.keys():
            catalogue.drop(index_number)


def _moments(paths: Iterable[Path]) -> Iterator[tuple[datetime, str]]:
    """Go through notices, each with its moment of publication; little of them is kept."""
    for path in paths:
        notice = read(path)
        if notice is not None:
            yield notice.moment("published_at"), str(path)


def _enter(catalogue: Catalogue, path: Path) -> None:
    notice = read(path)
    if notice is None:
        return
    if catalogue.delivery(notice.key) is None:
        catalogue.remember(notice)
    catalogue.enter(notice)
    if not notice.is_withdrawn and not catalogue.is_indexed(notice.index_number):
        catalogue.index(notice)


def _dress_all(source: Tree, lists: Lists) -> None:
    """Write every notice in the present look, its files beside it; a large site on all cores."""
    dresser = Dresser(imprint=lists.pages.imprint, source=source.root, target=lists.tree.root)
    is_small = lists.catalogue.count() < DRESSED_AT_ONCE
    if is_small or MOST_PROCESSES < 2:
        dresser.dress(_every(lists))
        return
    try:
        _on_all_cores(dresser, _every(lists))
    except BrokenProcessPool:  # processes cannot be started here, or one was killed
        log.warning("all pages are written by one process", exc_info=True)
        dresser.dress(_every(lists))


def _every(lists: Lists) -> Iterator[tuple[str, Neighbours]]:
    """Go through all notices with their neighbours; what is withdrawn has none."""
    for entry, neighbours in lists.standing():
        yield entry.index_number, neighbours
    for index_number in lists.catalogue.withdrawn():
        yield index_number, ALONE


def _on_all_cores(dresser: Dresser, every: Iterator[tuple[str, Neighbours]]) -> None:
    # spawned, for a fork would copy the locks of this process's threads
    with ProcessPoolExecutor(MOST_PROCESSES, mp_context=get_context("spawn")) as processes:
        under_way: deque[Future[None]] = deque()
        while chunk := list(islice(every, DRESSED_AT_ONCE)):
            under_way.append(processes.submit(dresser.dress, chunk))
            if len(under_way) > 2 * MOST_PROCESSES:  # so that chunks do not pile up
                under_way.popleft().result()
        for each in under_way:
            each.result()


@dataclass(frozen=True, kw_only=True)
class Dresser:
    """Writes notices of one folder into another, in the look of an imprint."""

    imprint: Imprint
    source: Path
    target: Path

    def dress(self, notices: Iterable[tuple[str, Neighbours]]) -> None:
        """Write these notices, each given by its index number."""
        source, target = Tree(self.source), Tree(self.target, is_lasting=False)
        pages = Pages(self.imprint)
        for index_number, neighbours in notices:
            notice = source.notice(index_number)
            if notice is not None:
                target.write(target.page(index_number), pages.notice(notice, neighbours))
                if notice.media:
                    _link_media(source.media(index_number), target.media(index_number))


def _link_media(source: Path, target: Path) -> None:
    """Give the new folder the same files; they are never changed in place."""
    if not source.is_dir():
        return
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.name.startswith("."):
            continue
        try:
            os.link(path, target / path.name)
        except OSError:  # a file system without links
            shutil.copy2(path, target / path.name)
