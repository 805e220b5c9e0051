from __future__ import annotations

import pytest

from publisher.console.previews import KEPT_SHAPES, Shapes
from publisher.storage import queries
from tests.publisher.console.office import NOTICE, Office, picture, words


def illustrated(office: Office) -> int:
    office.of("林晓").post(
        "/items",
        files=[("new_picture", ("图.png", picture()))],
        **(NOTICE | {"new_alt": ["示意图"], "targets": ["site", "board", "walls"]}),
    )
    return 1


def test_each_kind_of_rendition_is_shown_as_readers_get_it(office: Office) -> None:
    number = illustrated(office)

    page = office.of("林晓").get(f"/items/{number}")

    edition = office.item(number).edition.id
    assert page.xpath("//iframe/@src") == [f"/editions/{edition}/previews/site/document"]
    assert page.xpath("//iframe/@sandbox") == ["allow-same-origin"]
    assert "停水通知" in words(page.xpath("//pre")[0])
    [shot] = page.xpath("//a[@class='shot']/img")
    assert shot.get("src") == f"/editions/{edition}/previews/walls"
    assert "停水通知" in shot.get("alt")


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_document_runs_nothing_and_asks_nobody_else(office: Office, is_frozen: bool) -> None:
    number = illustrated(office)
    visit = office.of("林晓")
    if is_frozen:
        visit.post(f"/items/{number}/submission")
    [address] = visit.get(f"/items/{number}").xpath("//iframe/@src")

    answer = visit.client.get(address)

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-same-origin; default-src 'none'; img-src 'self';")
    assert "frame-ancestors 'self'" in policy
    assert "script" not in policy
    assert "media:" not in answer.text


@pytest.mark.parametrize("is_frozen", [False, True])
def test_the_pictures_of_a_document_are_there(office: Office, is_frozen: bool) -> None:
    number = illustrated(office)
    visit = office.of("林晓")
    if is_frozen:
        visit.post(f"/items/{number}/submission")
    [address] = visit.get(f"/items/{number}").xpath("//iframe/@src")

    [source] = visit.get(address).xpath("//img/@src")
    answer = visit.client.get(source)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")


def test_what_is_shown_after_submission_is_what_was_frozen(office: Office) -> None:
    number = office.submitted(targets=["walls"])
    [frozen] = office.item(number).edition.renditions

    answer = office.of("林晓").client.get(f"/renditions/{frozen.id}")

    assert answer.content == office.app.media.read(frozen.body_digest)


@pytest.mark.parametrize(
    "path",
    [
        "/renditions/99",
        "/renditions/1/parts/nothing",
        "/editions/1/previews/nowhere",
        "/editions/9/previews/site",
    ],
)
def test_what_is_not_there_is_not_found(office: Office, path: str) -> None:
    office.submitted()

    assert "没有" in words(office.of("林晓").get(path, status=404))


def test_a_page_of_words_is_saved_and_not_shown(office: Office) -> None:
    office.submitted(targets=["site"])

    answer = office.of("林晓").client.get("/renditions/1")

    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].startswith("sandbox;")


def test_a_lost_picture_does_not_take_the_page_with_it(office: Office) -> None:
    number = illustrated(office)
    [file] = office.item(number).edition.files
    office.app.media.path(file.digest).unlink()
    office.door.state.shapes = Shapes()

    page = office.of("林晓").get(f"/items/{number}")

    assert "可能没有从备份中恢复" in words(page)


def test_a_damaged_text_does_not_take_the_page_with_it(office: Office) -> None:
    number = office.submitted(targets=["board"])
    [frozen] = office.item(number).edition.renditions
    office.app.media.path(frozen.body_digest).write_bytes(b"other words")

    page = office.of("林晓").get(f"/items/{number}")

    assert "已损坏" in words(page)
    assert "other words" not in words(page)


def test_a_draft_is_shaped_once_for_all_its_previews(office: Office) -> None:
    number = office.draft()
    shapes = Shapes()

    with office.app.database.reads() as session:
        edition = queries.item(session, number).edition
        first, again = (shapes.of(edition, office.app.desk) for _ in range(2))
        edition.title = "停电通知"
        other = shapes.of(edition, office.app.desk)
        session.expunge_all()

    assert first is again
    assert other is not first


def test_only_the_last_drafts_are_kept(office: Office) -> None:
    numbers = [office.draft(title=f"通知{n}") for n in range(KEPT_SHAPES + 1)]
    shapes = Shapes()

    with office.app.database.reads() as session:
        editions = [queries.item(session, number).edition for number in numbers]
        shaped = [shapes.of(edition, office.app.desk) for edition in editions]
        newest = shapes.of(editions[-1], office.app.desk)
        oldest = shapes.of(editions[0], office.app.desk)

    assert newest is shaped[-1]
    assert oldest is not shaped[0]
