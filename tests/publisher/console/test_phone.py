from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from publisher.channel import Previews, Rendition
from publisher.errors import PermanentError
from publisher.storage import queries
from tests.publisher.console import office as offices
from tests.publisher.console.office import Board, Office, words


@dataclass(frozen=True, kw_only=True)
class Phones(Board, Previews):
    """An outlet that shows a rendition on one phone."""

    label = "公众号"
    shown: list[tuple[str, bytes]] = field(default_factory=list)
    faults: list[PermanentError] = field(default_factory=list)

    def preview(self, renditions: Sequence[Rendition], *, to: str) -> None:
        if self.faults:
            raise self.faults[0]
        self.shown.append((to, renditions[0].body))


@dataclass
class Desk:
    office: Office
    phones: Phones
    number: int

    @property
    def page(self) -> str:
        return f"/editions/{self.office.item(self.number).edition.id}"

    def rendition(self) -> int:
        return self.office.item(self.number).edition.renditions[0].id


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An office with a notice for the public account in review."""
    opened, phones = offices.found(tmp_path), Phones()
    opened.app.channels["wechat"] = phones
    yield Desk(opened, phones, opened.submitted(targets=["wechat"]))
    opened.rest()
    opened.app.lanes.close()
    opened.app.database.engine.dispose()


def test_a_reviewer_sees_the_frozen_bytes_on_their_phone(desk: Desk) -> None:
    visit = desk.office.of("王建国")
    page = visit.get(f"{desk.page}/review")
    [asked] = page.xpath("//form[contains(@action, 'phone-previews')]//input[@name='rendition']")

    after = visit.post(f"{desk.page}/phone-previews", rendition=asked.get("value"), to="wang_jg")

    [(to, body)] = desk.phones.shown
    assert (to, body.decode().splitlines()[0]) == ("wang_jg", "停水通知")
    assert "预览已发到手机" in words(after)
    with desk.office.app.database.reads() as session:
        last = queries.notes_of(session, desk.number)[-1]
        assert (last.verb, last.who) == ("phone_preview", "王建国")


def test_what_is_not_approved_leaves_the_office_only_for_reviewers(desk: Desk) -> None:
    visit = desk.office.of("林晓")

    page = visit.get(f"{desk.page}/review")
    answer = visit.post(
        f"{desk.page}/phone-previews", status=409, rendition=desk.rendition(), to="friend"
    )

    assert not page.xpath("//form[contains(@action, 'phone-previews')]")
    assert "不是审核人" in words(answer)
    assert desk.phones.shown == []


@pytest.mark.parametrize("to", ["", "张 三", "x" * 65])
def test_a_name_that_the_outlet_cannot_have_is_refused(desk: Desk, to: str) -> None:
    visit = desk.office.of("王建国")

    page = visit.post(f"{desk.page}/phone-previews", status=422, rendition=desk.rendition(), to=to)

    assert page.xpath("//*[@id='to-wechat-fault']")
    assert desk.phones.shown == []


def test_what_the_outlet_says_is_told(desk: Desk) -> None:
    desk.phones.faults.append(PermanentError("43004", advice="这个微信号还没有关注公众号"))

    page = desk.office.of("王建国").post(
        f"{desk.page}/phone-previews", status=409, rendition=desk.rendition(), to="wang_jg"
    )

    assert "还没有关注公众号" in words(page)


def test_a_rendition_that_is_not_there_is_no_fault_of_ours(desk: Desk) -> None:
    visit = desk.office.of("王建国")

    visit.post(f"{desk.page}/phone-previews", status=404, rendition="99999", to="wang_jg")
    visit.post(f"{desk.page}/phone-previews", status=404, rendition="x", to="wang_jg")
