"""All pages written anew beside the old ones, and shown at once."""

from __future__ import annotations

import shutil
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pytest

from channels.website import Website, rebuild
from tests.channels.website.notices import ILLUSTRATED, contents, deliver, numbered, public

PAGE = "info/2026/13771-0307-2026-0001.html"


@pytest.fixture
def old(tmp_path: Path) -> Website:
    """A site in its old look, with two notices and one that is withdrawn."""
    site = Website(base_url="http://127.0.0.1:1", folder=tmp_path / "site", site_name="旧站")
    deliver(site, ILLUSTRATED)
    deliver(site, numbered(2), key="delivery-2")
    site.withdraw(deliver(site, numbered(3), key="delivery-3"), reason="有误")
    return site


def test_readers_see_the_old_folder_until_the_new_one_is_whole(
    old: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(public(old))
    seen: list[bool] = []

    def look_first(trees: rebuild.Trees, made: Path) -> None:
        seen.append(contents(public(old)) == before)
        switch(trees, made)

    switch = rebuild.Trees.switch
    monkeypatch.setattr(rebuild.Trees, "switch", look_first)
    replace(old, site_name="新站").pages()

    assert seen == [True]
    assert "新站" in (public(old) / PAGE).read_text(encoding="utf-8")
    assert len(list((old.folder / "trees").iterdir())) == 1


def test_pictures_and_attachments_are_taken_over_without_a_copy(old: Website) -> None:
    picture = public(old) / "info/2026/13771-0307-2026-0001/1a2b.png"
    node = picture.stat().st_ino

    replace(old, site_name="新站").pages()

    assert picture.stat().st_ino == node


@pytest.mark.parametrize("moment", ["before the switch", "before the link", "after the link"])
def test_a_process_killed_while_it_writes_anew_leaves_a_site_that_is_whole(
    old: Website, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    class Killed(BaseException):
        pass

    def killed(*values: object, **named: object) -> None:
        raise Killed

    new = replace(old, site_name="新站")
    with monkeypatch.context() as patch:
        if moment == "before the switch":
            patch.setattr(rebuild.Trees, "switch", killed)
        elif moment == "before the link":
            patch.setattr(Path, "symlink_to", killed)
        else:
            patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(Killed):
            new.pages()
    assert (public(old) / PAGE).exists()

    new.pages()

    assert "新站" in (public(old) / PAGE).read_text(encoding="utf-8")
    assert "有误" in (public(old) / PAGE.replace("0001", "0003")).read_text(encoding="utf-8")
    assert len(list((old.folder / "trees").iterdir())) == 1


def test_a_folder_as_older_versions_wrote_it_is_taken_over(old: Website) -> None:
    finished = (old.folder / "public").resolve()
    (old.folder / "public").unlink()
    finished.rename(old.folder / "public")
    shutil.rmtree(old.folder / "trees")

    replace(old, site_name="新站").pages()

    assert public(old).is_symlink()
    assert "新站" in (public(old) / PAGE).read_text(encoding="utf-8")


def test_after_a_restore_without_the_link_everything_stands_again(old: Website) -> None:
    before = contents(public(old))
    (old.folder / "public").unlink()  # as backups keep no links

    Website(base_url=old.base_url, folder=old.folder, site_name="旧站").pages()

    assert contents(public(old)) == before


@pytest.mark.parametrize("has_processes", [True, False])
def test_a_large_site_is_written_by_several_processes_or_by_one(
    old: Website, monkeypatch: pytest.MonkeyPatch, *, has_processes: bool
) -> None:
    monkeypatch.setattr(rebuild, "DRESSED_AT_ONCE", 2)
    monkeypatch.setattr(rebuild, "MOST_PROCESSES", 2)
    if not has_processes:
        monkeypatch.setattr(rebuild, "_on_all_cores", broken)

    replace(old, site_name="新站").pages()

    for number in ("0001", "0002", "0003"):
        page = (public(old) / PAGE.replace("0001", number)).read_text(encoding="utf-8")
        assert "新站" in page


def broken(*values: object) -> None:
    raise BrokenProcessPool
