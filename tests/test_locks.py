"""What is installed is named by its digest, and by no address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LOCKS = sorted((Path(__file__).parents[1] / ".ci").glob("*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_digests_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")

    assert not re.search(r"https?://", text)
    packages = re.findall(r"(?m)^[a-z0-9][\w.\[\]-]*==", text)
    assert text.count("--hash=sha256:") >= len(packages)


def test_the_lock_for_tests_agrees_with_the_one_that_runs() -> None:
    running, testing = (
        set(re.findall(r"(?m)^([a-z0-9][\w.\[\]-]*==\S+)", (lock.parent / name).read_text()))
        for lock, name in (
            (LOCKS[0], "requirements.lock"),
            (LOCKS[0], "requirements-dev.lock"),
        )
    )

    assert running <= testing
