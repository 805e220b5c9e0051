from __future__ import annotations

from typing import Any

from publisher.channel import Receipt
from publisher.errors import PermanentError
from publisher.storage import queries
from tests.publisher.console.office import LATER, REVIEWERS, Office, words


def test_an_empty_list_says_what_to_do_first(office: Office) -> None:
    author = office.of("林晓").get("/items")
    auditor = office.of("赵琳").get("/items")

    assert "先新建一篇" in words(author)
    assert author.xpath("//a[@href='/items/new']")
    assert not auditor.xpath("//a[@href='/items/new']")


def test_the_list_shows_what_became_of_each_target(office: Office) -> None:
    office.approved(targets=["site", "walls"])

    row = words(office.of("林晓").get("/items").xpath("//tbody/tr")[0])

    assert "停水通知" in row
    assert "后勤管理处" in row
    assert "已发布" in row
    assert "官网 已确认 大屏 图书馆 已确认 大屏 食堂 已确认" in row


def test_the_live_list_is_the_same_list(office: Office) -> None:
    office.approved()

    live = office.of("林晓").get("/items/live")
    page = office.of("林晓").get("/items")

    assert words(live.xpath("//*[@id='rows']")[0]) == words(page.xpath("//*[@id='rows']")[0])
    assert page.xpath("//*[@data-live='/items/live']")


def test_older_items_are_a_page_away(office: Office) -> None:
    numbers = [office.draft(title=f"通知{number}") for number in range(queries.PAGE + 1)]

    first = office.of("林晓").get("/items")
    [older] = first.xpath("//a[@id='older']/@href")
    second = office.of("林晓").get(older)

    assert len(first.xpath("//tbody/tr")) == queries.PAGE
    assert second.xpath("//tbody//a/@href") == [f"/items/{numbers[0]}"]
    assert not second.xpath("//a[@id='older']")
    assert "没有更早的稿件了" in words(office.of("林晓").get("/items?before=1"))


def test_a_page_full_exactly_has_nothing_older(office: Office) -> None:
    for number in range(queries.PAGE):
        office.draft(title=f"通知{number}")

    assert not office.of("林晓").get("/items").xpath("//a[@id='older']")


def test_submitting_freezes_and_shows_the_digest(office: Office) -> None:
    number = office.draft()

    page = office.of("林晓").post(f"/items/{number}/submission")

    assert "已提交送审" in words(page)
    digest = office.item(number).edition.digest
    assert digest is not None
    assert digest[:12] in words(page)


def test_what_does_not_fit_is_shown_before_and_stops_the_submission(office: Office) -> None:
    number = office.draft(title="关于东校区部分区域临时停水的通知")
    visit = office.of("林晓")

    before = visit.get(f"/items/{number}")
    after = visit.post(f"/items/{number}/submission", status=422)

    assert "标题超过 12 个字" in words(before)
    assert before.xpath(f"//a[@href='/items/{number}/edit#title']")
    [banner] = after.xpath("//*[@role='alert']")
    assert "公告屏" in words(banner)
    assert office.item(number).edition.state == "draft"


def test_what_screening_stops_cannot_be_submitted_and_says_why(office: Office) -> None:
    number = office.draft(body="联系人手机 13800138000")

    page = office.of("林晓").get(f"/items/{number}")
    after = office.of("林晓").post(f"/items/{number}/submission", status=409)

    [button] = page.xpath("//*[@id='act-submit']")
    assert button.get("disabled") is not None
    assert "筛查未通过" in words(page)
    assert "13800138000" not in words(after.xpath("//*[@role='alert']")[0])


def test_a_draft_without_targets_cannot_be_submitted(office: Office) -> None:
    number = office.draft(targets=[])

    page = office.of("林晓").post(f"/items/{number}/submission", status=422)

    assert "请至少选一个发布目标" in words(page.xpath("//*[@role='alert']")[0])
    assert page.xpath(f"//a[@href='/items/{number}/edit#targets']")


def test_only_the_author_sees_buttons_that_work(office: Office) -> None:
    number = office.draft()

    page = office.of("吴凡").get(f"/items/{number}")

    assert page.xpath("//*[@id='act-submit']/@disabled")
    assert "吴凡 没有撰写稿件的权限" in words(page)


def test_what_is_out_cannot_be_changed_and_says_so(office: Office) -> None:
    number = office.approved()
    visit = office.of("林晓")

    page = visit.get(f"/items/{number}")
    form = visit.get(f"/items/{number}/edit", status=409)

    assert page.xpath("//*[@id='act-edit']/@disabled")
    assert "请先撤回" in words(page)
    assert "请先撤回" in words(form)


def test_the_page_of_a_withdrawal_says_what_it_will_do(office: Office) -> None:
    number = office.approved(targets=["site", "walls"])

    page = words(office.of("林晓").get(f"/items/{number}/withdrawal"))

    assert "官网 已确认从平台撤下，并核对确已不在" in page
    assert "大屏 食堂" in page


def test_what_has_not_gone_out_will_be_cancelled(office: Office) -> None:
    number = office.approved(publish_at=LATER)

    page = words(office.of("林晓").get(f"/items/{number}/withdrawal"))

    assert "取消，不会发出" in page


def test_a_withdrawal_takes_everything_down(office: Office) -> None:
    number = office.approved()

    page = office.of("林晓").post(f"/items/{number}/withdrawal", reason="日期有误", note="见邮件")
    office.rest()

    assert "已开始撤回" in words(page)
    assert office.item(number).withdrawal_reason == "日期有误"
    assert {d.state for d in office.deliveries(number)} <= {"withdrawing", "withdrawn"}
    assert office.site.withdrawn == ["r1"]


def test_a_withdrawal_without_a_reason_goes_back_with_what_was_typed(office: Office) -> None:
    number = office.submitted()

    page = office.of("林晓").post(
        f"/items/{number}/withdrawal", status=422, reason=" ", note="见邮件"
    )

    assert "撤回原因请写" in words(page)
    assert words(page.xpath("//*[@id='note']")[0]) == "见邮件"
    assert page.xpath("//*[@id='reason']/@aria-invalid") == ["true"]
    assert office.item(number).withdrawn_at is None


def test_a_withdrawal_with_too_long_a_note_changes_nothing(office: Office) -> None:
    number = office.submitted()
    visit = office.of("林晓")

    visit.post(f"/items/{number}/withdrawal", status=422, reason="有误", note="字" * 2001)
    before = office.item(number).withdrawn_at
    visit.post(f"/items/{number}/withdrawal", reason="有误", note="字" * 2000)

    assert before is None
    assert office.item(number).withdrawn_at is not None


def test_somebody_without_the_right_cannot_withdraw(office: Office) -> None:
    number = office.submitted()

    page = office.of("赵琳").post(f"/items/{number}/withdrawal", status=409, reason="有误")

    assert "没有撤回稿件的权限" in words(page)


def test_the_live_page_tells_of_a_new_edition(office: Office) -> None:
    number = office.draft()
    visit = office.of("林晓")
    [address] = visit.get(f"/items/{number}").xpath("//*[@data-live]/@data-live")

    before = words(visit.get(address))
    visit.post(f"/items/{number}/submission")
    after = words(visit.get(address))

    assert "刷新页面" not in before
    assert "刷新页面" in after
    assert "审核中" in after


def test_the_page_tells_all_that_was_done_and_tried(office: Office) -> None:
    office.site.answers[:] = [PermanentError("column is closed", advice="请打开栏目")]
    number = office.approved(targets=["site"])

    page = words(office.of("林晓").get(f"/items/{number}"))

    for what in ("新建稿件", "提交送审", "审核通过", "投递失败", *REVIEWERS):
        assert what in page
    assert "请打开栏目" in page
    assert "平台拒绝column is closed" in page


def test_the_address_of_what_is_out_can_be_opened(office: Office) -> None:
    office.site.answers[:] = [Receipt(remote_id="r1", url="https://www.example.edu/1.html")]
    number = office.approved(targets=["site"])

    [link] = office.of("林晓").get(f"/items/{number}").xpath("//a[@target='_blank']")

    assert link.get("href") == "https://www.example.edu/1.html"
    assert "noopener" in link.get("rel")


def test_earlier_deliveries_stay_in_sight(office: Office) -> None:
    number = office.approved(publish_at=LATER)
    office.of("林晓").post(f"/items/{number}/editions", **EDITED)

    page = office.of("林晓").get(f"/items/{number}")

    assert "以前版次的投递" in words(page)
    assert "第 2 版" in words(page)


EDITED: dict[str, Any] = {
    "title": "停水通知（改）",
    "body": "周日停水。",
    "body_form": "text",
    "kind": "通知",
    "audience": "public",
    "targets": ["site"],
}
