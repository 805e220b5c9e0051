from __future__ import annotations

from pathlib import Path

import pytest

from publisher.errors import InvalidError
from publisher.workflow import people
from tests import make
from tests.make import NINE

APART = ("department_reviewer", "office_reviewer", "secrecy_reviewer", "auditor")


@pytest.mark.parametrize("role", APART)
def test_an_administrator_neither_reviews_nor_audits(tmp_path: Path, role: str) -> None:
    roles = ("administrator", role)

    with (
        make.database(tmp_path).sessions.begin() as session,
        pytest.raises(InvalidError, match="系统管理员不能同时是"),
    ):
        people.add(session, "吴凡", roles=roles, password=None, at=NINE)


def test_an_administrator_may_run_targets(tmp_path: Path) -> None:
    with make.database(tmp_path).sessions.begin() as session:
        roles = ("administrator", "operator")
        person = people.add(session, "吴凡", roles=roles, password=None, at=NINE)

        assert people.clashes(session) == []
        assert person.roles == {"administrator", "operator"}


def test_whoever_has_both_from_before_keeps_them_and_is_named(tmp_path: Path) -> None:
    with make.database(tmp_path).sessions.begin() as session:
        person = make.person(session, "吴凡", "administrator", "office_reviewer")

        told = people.clashes(session)

        assert person.roles == {"administrator", "office_reviewer"}
        assert len(told) == 1
        assert told[0].startswith("吴凡：系统管理员不能同时是")
