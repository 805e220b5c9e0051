from __future__ import annotations

import pytest
from starlette.datastructures import FormData

from publisher.console import form as forms
from publisher.errors import InvalidError
from publisher.workflow.compose import NamedFile

COOKIE = "cookie of Lin"


def posted(*fields: tuple[str, str]) -> forms.ItemForm:
    return forms.posted(FormData([*fields]), COOKIE, targets=["site", "board"])


def test_the_first_word_on_a_field_stands() -> None:
    form = forms.empty([])

    form.blame(InvalidError("第一", field="title"))
    form.blame(InvalidError("第二", field="title"))

    assert form.faults == {"title": "第一"}


def test_what_a_target_leaves_empty_is_not_its_own() -> None:
    form = posted(("overrides.site.title", " "), ("overrides.board.summary", "短"))

    assert form.draft().overrides == {"board": {"summary": "短"}}


def test_fields_of_targets_that_are_not_configured_are_not_read() -> None:
    form = posted(("overrides.elsewhere.title", "x"))

    assert set(form.overrides) == {"site", "board"}


def test_a_file_keeps_its_words_beside_another_that_is_dropped() -> None:
    first, second = (
        forms.kept(NamedFile(digest=digest, name=f"{digest}.png"), COOKIE).token
        for digest in ("d1", "d2")
    )

    form = posted(
        ("image", first),
        ("image_alt", "一"),
        ("image", second),
        ("image_alt", "二"),
        ("image_dropped", first),
    )

    assert [(kept.file.digest, kept.file.alt) for kept in form.images] == [("d2", "二")]


def test_words_for_a_picture_have_a_limit() -> None:
    def faults(letters: int) -> dict[str, str]:
        file = NamedFile(digest="d1", name="d1.png", alt="字" * letters)
        form = forms.ItemForm(values=forms.NEW | {"body": "一"}, images=[forms.kept(file, COOKIE)])
        form.draft()
        return form.faults

    assert faults(forms.MAX_ALT) == {}
    assert "images" in faults(forms.MAX_ALT + 1)


def test_terms_are_read() -> None:
    form = posted(
        ("urgency", "urgent"), ("late", "ask"), ("display_days", " 5 "), ("display_unit", "working")
    )

    draft = form.draft()

    assert (draft.urgency, draft.late) == ("urgent", "ask")
    assert (draft.display_days, draft.display_unit) == (5, "working")


def test_terms_that_are_left_empty_are_the_usual_ones() -> None:
    draft = posted().draft()

    assert (draft.urgency, draft.late) == ("normal", "")
    assert (draft.display_days, draft.display_unit) == (None, "calendar")


@pytest.mark.parametrize("typed", ["五", "5.5", "-5", "²", "10000"])
def test_days_that_cannot_be_read_say_how_to_write_them(typed: str) -> None:
    form = posted(("display_days", typed))
    form.draft()

    assert form.faults["display_days"] == "公示期请写成 5 这样的整数；不是公示就不填"
