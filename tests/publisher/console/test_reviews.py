from __future__ import annotations

import pytest

from tests.publisher.console.office import LATER, NOTICE, REVIEWERS, Office, words


def test_the_queue_shows_first_what_waits_for_me(office: Office) -> None:
    number = office.submitted()

    mine = office.of("王建国").get("/reviews")
    others = office.of("陈敏").get("/reviews")

    edition = office.item(number).edition.id
    assert mine.xpath("//section[@aria-labelledby='mine-title']//tbody//a/@href") == [
        f"/editions/{edition}/review"
    ]
    assert mine.xpath("//nav//a[@href='/reviews']/*[@class='count']/text()") == ["1"]
    assert "现在没有等您审核的稿件" in words(others)
    assert "现在是“部门审核”，陈敏 不是这一级的审核人" in words(others)


def test_three_people_approve_and_it_goes_out(office: Office) -> None:
    number = office.approved()

    assert [review.person.name for review in office.item(number).edition.reviews] == list(REVIEWERS)
    assert {d.state for d in office.deliveries(number)} == {"confirmed"}


def test_the_form_carries_the_digest_that_was_shown(office: Office) -> None:
    number = office.submitted()
    edition = office.item(number).edition

    page = office.of("王建国").get(f"/editions/{edition.id}/review")

    assert page.xpath("//input[@name='digest']/@value") == [edition.digest]
    assert (edition.digest or "")[:12] in words(
        page.xpath("//form[contains(@class, 'verdict')]")[0]
    )


def test_another_digest_than_the_one_shown_is_refused(office: Office) -> None:
    number = office.submitted()

    page = office.review(number, "王建国", status=409, digest="0" * 64)

    assert "您看到的不是最新的版本" in words(page)
    assert office.item(number).edition.reviews == []


def test_an_edit_while_it_is_read_makes_the_verdict_void(office: Office) -> None:
    number = office.submitted()
    edition = office.item(number).edition
    visit = office.of("王建国")
    visit.get(f"/editions/{edition.id}/review")
    office.of("林晓").post(f"/items/{number}/editions", **(NOTICE | {"title": "停水通知二"}))

    page = visit.post(
        f"/editions/{edition.id}/reviews",
        status=409,
        stage="department",
        verdict="approve",
        digest=edition.digest,
    )

    assert "不在审核中" in words(page)


@pytest.mark.parametrize(("verdict", "state"), [("send_back", "sent_back"), ("reject", "rejected")])
def test_sending_back_needs_an_opinion(office: Office, verdict: str, state: str) -> None:
    number = office.submitted()

    page = office.review(number, "王建国", status=422, verdict=verdict, opinion=" ")
    before = office.item(number).edition.state
    office.review(number, "王建国", verdict=verdict, opinion="请写明恢复供水的时间")

    assert "退回或否决请写明意见" in words(page.xpath("//*[@id='opinion-fault']")[0])
    assert before == "in_review"
    assert office.item(number).edition.state == state


def test_the_author_reads_the_opinion_and_finds_the_item_among_the_tasks(office: Office) -> None:
    number = office.submitted()

    office.review(number, "王建国", verdict="send_back", opinion="请写明恢复供水的时间")

    visit = office.of("林晓")
    assert "请写明恢复供水的时间" in words(visit.get(f"/items/{number}"))
    assert "已退回" in words(visit.get("/agenda").xpath("//*[@id='tasks']")[0])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("林晓", "林晓 不是这一级的审核人"),
        ("陈敏", "现在是“部门审核”，陈敏 不是这一级的审核人"),
        ("赵琳", "赵琳 不是这一级的审核人"),
    ],
)
def test_whoever_may_not_review_reads_why(office: Office, name: str, sentence: str) -> None:
    number = office.submitted()

    page = office.of(name).get(f"/editions/{office.item(number).edition.id}/review")

    assert sentence in words(page)
    assert not page.xpath("//button[@name='verdict']")


def test_an_author_who_is_a_reviewer_too_may_not_review_their_own(office: Office) -> None:
    number = office.draft("周宁")
    office.of("周宁").post(f"/items/{number}/submission")

    edition = office.item(number).edition

    shown = office.of("周宁").get(f"/editions/{edition.id}/review")
    after = office.of("周宁").post(
        f"/editions/{edition.id}/reviews",
        status=409,
        stage="department",
        verdict="approve",
        digest=edition.digest,
    )

    assert "作者不能审核自己的稿件" in words(shown)
    assert "作者不能审核自己的稿件" in words(after)
    assert office.item(number).edition.reviews == []


def test_a_verdict_that_does_not_exist_is_refused(office: Office) -> None:
    number = office.submitted()

    page = office.review(number, "王建国", status=422, verdict="maybe")

    assert "请选择通过、退回修改或否决" in words(page)


def test_a_stage_that_does_not_exist_is_named_above_the_form(office: Office) -> None:
    number = office.submitted()

    page = office.review(number, "王建国", status=422, stage="third")

    assert "没有审核环节 third" in words(page.xpath("//main/*[@role='alert']")[0])
    assert not page.xpath("//*[@id='opinion-fault']")


def test_an_approval_that_comes_too_late_says_so(office: Office) -> None:
    number = office.submitted(expires_at=LATER)
    for name in REVIEWERS[:2]:
        office.review(number, name)
    with office.app.database.sessions.begin() as session:
        edition = session.merge(office.item(number).edition)
        edition.expires_at = edition.created_at

    page = office.review(number, "郑涛", status=409)

    assert "已过，请退回作者修改时间" in words(page)


def test_an_emergency_goes_out_on_one_senior_approval_and_is_reviewed_later(
    office: Office,
) -> None:
    number = office.submitted(urgency="emergency")
    edition = office.item(number).edition
    page = office.of("陈敏").get(f"/editions/{edition.id}/review")

    done = office.of("陈敏").post(
        f"/editions/{edition.id}/expedition", digest=edition.digest, reason="台风红色预警"
    )
    queue = office.of("王建国").get("/reviews")

    assert "我负责，先行发布" in words(page)
    assert "陈敏 今天" in words(done)
    assert "台风红色预警" in words(done)
    assert "已先发，待补审" in words(queue)
    office.rest()
    assert {d.state for d in office.deliveries(number)} == {"confirmed"}


def test_who_may_not_let_an_emergency_out_sees_no_button_and_is_refused(office: Office) -> None:
    number = office.submitted(urgency="emergency")
    edition = office.item(number).edition

    page = office.of("王建国").get(f"/editions/{edition.id}/review")
    refused = office.of("王建国").post(
        f"/editions/{edition.id}/expedition", status=409, digest=edition.digest, reason="急"
    )

    assert "先行发布" not in words(page)
    assert "先发后审要由办公室审核人、分管领导决定" in words(refused)
    assert office.deliveries(number) == []


def test_a_reason_to_go_out_early_is_asked_for_where_it_is_missing(office: Office) -> None:
    number = office.submitted(urgency="emergency")
    edition = office.item(number).edition

    page = office.of("陈敏").post(
        f"/editions/{edition.id}/expedition", status=422, digest=edition.digest, reason=""
    )

    assert page.xpath("//*[@id='expedite-fault']/text()") == ["请写明为什么要先发，最多 2000 个字"]
    assert office.deliveries(number) == []
