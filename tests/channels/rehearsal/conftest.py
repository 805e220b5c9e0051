"""What the tests of the practice outlets share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channels.rehearsal.onebot.bot import Bot
from tests.channels.rehearsal.wechat.account import Account
from tests.rehearsal import Rehearsal, running


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """The practice outlets on a free port, with nothing in them; jobs are done at once."""
    with running(tmp_path / "rehearsal") as outlets:
        outlets.change("wechat", job_delay_s=0)
        yield outlets


@pytest.fixture
def account(rehearsal: Rehearsal) -> Account:
    """A caller with a token."""
    return Account(rehearsal)


@pytest.fixture
def bot(rehearsal: Rehearsal) -> Bot:
    """A caller of the bot."""
    return Bot(rehearsal)
