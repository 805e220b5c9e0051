"""All leaks of the corpus are stopped, and nothing that is clean."""

from __future__ import annotations

import pytest

from publisher.screening import screen
from tests.publisher.screening.corpus import Case, cases

CASES = list(cases())


@pytest.mark.parametrize("case", [case for case in CASES if case.rule], ids=lambda case: case.body)
def test_a_leak_is_blocked_by_its_rule(case: Case) -> None:
    found = screen({"body": case.body})

    assert case.rule in {one.rule for one in found if one.action == "block"}


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.rule], ids=lambda case: case.body
)
def test_what_is_clean_is_not_blocked(case: Case) -> None:
    assert [one.message for one in screen({"body": case.body}) if one.action == "block"] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.rule], ids=lambda case: case.body)
def test_no_finding_repeats_what_it_found(case: Case) -> None:
    digits = [run for run in _runs(case.body) if len(run) >= 6]

    for one in screen({"body": case.body}):
        assert not [run for run in digits if run in one.message + one.place]


def _runs(text: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in text).split()
