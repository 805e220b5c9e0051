"""Fixtures of the screens' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.screens import Screens
from tests.channels.screens.scene import Player, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two screens, served at a free port."""
    screens = Screens(
        base_url="http://screens.invalid",
        screens=("library", "canteen"),
        names={"library": "图书馆"},
        folder=tmp_path / "screens",
        poll_s=1.0,
        slide_s=3.0,
        pairing=False,
    )
    site = Site(screens=screens)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def library(site: Site) -> Screens:
    """The channel of one screen."""
    return site.screens.part("library")


@pytest.fixture
def player(site: Site) -> Iterator[Player]:
    """The player of that screen."""
    player = Player(url=f"{site.url}/screen/library")
    yield player
    player.session.close()
