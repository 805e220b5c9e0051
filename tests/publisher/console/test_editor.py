from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import docx
import pytest

from publisher.storage import queries
from publisher.workflow import freeze
from tests.publisher.console.office import LATER, NOTICE, Office, picture, words
from tests.publisher.documents.make import pdf

PDF = pdf("Self-check")


def attached(name: str = "表.pdf", file: bytes = PDF) -> tuple[str, tuple[str, bytes]]:
    return "new_attachment", (name, file)


def shown(name: str = "图.png", file: bytes | None = None) -> tuple[str, tuple[str, bytes]]:
    return "new_picture", (name, picture() if file is None else file)


def value(page: Any, field: str) -> str:
    """Return what stands in a field of the form."""
    [found] = page.xpath(f"//*[@name='{field}']")
    return str(found.get("value") if found.tag == "input" else (found.text or "").lstrip("\n"))


def test_what_was_typed_becomes_a_draft(office: Office) -> None:
    number = office.draft(
        department="后勤管理处",
        document_number="泉工程院办〔2026〕38号",
        issued_on="2026-11-20",
        category="0307",
        publish_at=LATER,
        expires_at="2099-12-01 17:00",
        not_after="2099年11月25日 8:30",
    )

    item = office.item(number)
    assert item.edition.title == "停水通知"
    assert item.edition.body == "<p>周六停水。</p><p>请提前储水。</p>"
    assert item.edition.targets == ["site", "board"]
    assert item.category == "0307"
    assert item.issued_on == date(2026, 11, 20)
    assert item.edition.publish_at == datetime(2099, 11, 24, 0, 30, tzinfo=UTC)
    assert item.edition.expires_at == datetime(2099, 12, 1, 9, 0, tzinfo=UTC)
    assert item.edition.not_after == datetime(2099, 11, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("title", "", "标题不能为空"),
        ("title", "字" * 201, "最多 200 个字"),
        ("body", " \n ", "正文不能为空"),
        ("publish_at", "下周三", "看不懂"),
        ("publish_at", "2020-01-01T08:00", "已经过去"),
        ("expires_at", "2099-13-01T08:00", "不存在"),
        ("not_after", "x", "看不懂"),
        ("issued_on", "2026-02-30", "看不懂"),
        ("category", "9999", "不在《高等学校信息公开事项清单》中"),
        ("audience", "world", "公开范围"),
        ("kind", "", "文种"),
        ("urgency", "soon", "紧急程度只能是"),
        ("late", "never", "过时处理只能是"),
        ("display_days", "0", "公示期请写 1 到 365 之间的天数"),
        ("display_days", "五", "公示期请写成 5 这样的整数"),
        ("display_unit", "weeks", "公示期的单位只能是"),
        ("summary", "字" * 2001, "摘要最多 2000 个字"),
        ("document_number", "字" * 65, "文号最多 64 个字"),
        ("department", "字" * 201, "落款单位最多 200 个字"),
        ("targets", ["nowhere"], "没有发布目标 nowhere"),
        ("body_form", "rtf", "请选择正文的格式"),
    ],
)
def test_a_fault_goes_back_beside_its_field_with_all_that_was_typed(
    office: Office, field: str, typed: Any, sentence: str
) -> None:
    page = office.of("林晓").post("/items", status=422, **(NOTICE | {field: typed}))

    [summary] = page.xpath("//*[@id='faults']")
    place = "body" if field == "body_form" else field
    [link] = summary.xpath(f".//a[@href='#{place}']")
    assert sentence in words(summary)
    assert words(link) != ""
    assert page.xpath(f"//*[@id='{place}']")
    assert sentence in words(page.xpath(f"//*[@id='{place}-fault']")[0])
    assert place in ("targets", "audience") or value(page, "department") != ""
    assert words(office.of("林晓").get("/items")).count("停水通知") == 0


def test_terms_come_back_as_they_were_saved_and_reviewers_read_them(office: Office) -> None:
    terms = {"urgency": "urgent", "late": "ask", "display_days": "5", "display_unit": "working"}
    number = office.submitted(**terms)

    page = office.of("林晓").get(f"/items/{number}/edit")
    [edition] = office.item(number).editions
    shown = words(office.of("王建国").get(f"/editions/{edition.id}/review"))

    assert value(page, "display_days") == "5"
    for name in ("urgency", "late", "display_unit"):
        assert page.xpath(f"//select[@id='{name}']/option[@selected]/@value") == [terms[name]]
    for said in ("紧急程度 加急", "过时处理 由人决定", "公示期 5 个工作日", "结束时间 公示期满"):
        assert said.replace(" ", "") in shown.replace(" ", "")


def test_a_field_in_fault_says_so_to_screen_readers(office: Office) -> None:
    page = office.of("林晓").post("/items", status=422, **(NOTICE | {"title": ""}))

    [field] = page.xpath("//*[@id='title']")
    assert field.get("aria-invalid") == "true"
    assert field.get("aria-describedby") == "title-fault"


def test_several_faults_are_named_at_once(office: Office) -> None:
    typed = NOTICE | {"publish_at": "x", "expires_at": "y", "issued_on": "z"}

    page = office.of("林晓").post("/items", status=422, **typed)

    assert len(page.xpath("//*[@id='faults']//li")) == 3
    assert value(page, "publish_at") == "x"
    assert page.xpath("//*[@name='publish_at']/@type") == ["text"]


def test_what_no_text_may_hold_is_left_out(office: Office) -> None:
    number = office.draft(title="停\x00水\x1b通知", body="一\r\n二")

    edition = office.item(number).edition
    assert edition.title == "停水通知"
    assert edition.body == "<p>一</p><p>二</p>"


def test_a_word_file_becomes_a_draft_that_is_shown_for_checking(office: Office) -> None:
    visit = office.of("林晓")
    document = docx.Document()
    for line in ("关于图书馆闭馆的通知", "各部门：", "图书馆本周六闭馆一天。", "后勤管理处"):
        document.add_paragraph(line)
    file = BytesIO()
    document.save(file)

    page = visit.post("/items/import", files={"file": ("闭馆.docx", file.getvalue())})

    assert visit.url == "/items/1/edit"
    assert value(page, "title") == "关于图书馆闭馆的通知"
    assert "请核对" in words(page)


@pytest.mark.parametrize(
    ("name", "file", "sentence"),
    [
        ("通知.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Word 文件"),
        ("通知.docx", b"", "空"),
        ("通知.txt", b" ", "文字"),
        ("通知.xyz", b"x", "不支持这种文件"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    office: Office, name: str, file: bytes, sentence: str
) -> None:
    page = office.of("林晓").post("/items/import", status=422, files={"file": (name, file)})

    assert sentence in words(page.xpath("//*[@id='file-fault']")[0])


def test_no_file_at_all_says_so(office: Office) -> None:
    page = office.of("林晓").post("/items/import", status=422, files={"file": ("", b"")})

    assert "请先选择一个文件" in words(page)


def test_pictures_and_attachments_come_along(office: Office) -> None:
    visit = office.of("林晓")

    visit.post(
        "/items",
        files=[shown(), attached()],
        **(NOTICE | {"body": "前\n[图1]\n后", "new_alt": ["示意图"]}),
    )

    edition = office.item(1).edition
    attachment, image = sorted(edition.files, key=lambda file: file.role)
    assert attachment.name == "表.pdf"
    assert image.alt == "示意图"
    assert edition.body == (f'<p>前</p><p><img src="media:{image.name}" alt="示意图"></p><p>后</p>')
    assert visit.client.get(f"/media/{image.digest}").headers["content-type"] == "image/png"


def test_a_picture_without_words_is_asked_for_them_and_kept(office: Office) -> None:
    visit = office.of("林晓")

    page = visit.post("/items", status=422, files=[shown()], **NOTICE)
    [token] = page.xpath("//input[@name='image']/@value")
    visit.post("/items", **(NOTICE | {"image": [token], "image_alt": ["示意图"]}))

    assert "图1 的说明请写" in words(page)
    assert office.item(1).edition.files[0].alt == "示意图"


def test_a_fault_elsewhere_loses_no_upload(office: Office) -> None:
    visit = office.of("林晓")

    page = visit.post("/items", status=422, files=[attached()], **(NOTICE | {"title": ""}))
    [token] = page.xpath("//input[@name='attachment']/@value")
    visit.post("/items", **(NOTICE | {"attachment": [token]}))

    assert "表.pdf" in words(page)
    assert office.item(1).edition.files[0].name == "表.pdf"


def test_one_bad_file_loses_none_of_the_others(office: Office) -> None:
    page = office.of("林晓").post(
        "/items", status=422, files=[attached(), attached("程序.exe", b"MZ")], **NOTICE
    )

    assert "“程序.exe”的格式不能用" in words(page.xpath("//*[@id='attachments-fault']")[0])
    assert len(page.xpath("//input[@name='attachment']")) == 1


def test_a_file_nobody_was_given_is_not_taken(office: Office) -> None:
    forged: dict[str, Any] = {
        "attachment": ["nonsense"],
        "image": ["WyJkMSIsImEucG5nIl0.x"],
        "image_alt": ["x"],
    }

    number = office.draft(**forged)

    assert office.item(number).edition.files == []


def test_editing_keeps_files_and_may_drop_them(office: Office) -> None:
    visit = office.of("林晓")
    visit.post("/items", files=[attached(), attached("单.pdf", PDF + b"x")], **NOTICE)
    page = visit.get("/items/1/edit")
    tokens = page.xpath("//input[@name='attachment']/@value")

    kept = NOTICE | {"attachment": tokens, "attachment_dropped": tokens[:1]}
    visit.post("/items/1/editions", **kept)

    assert [file.name for file in office.item(1).edition.files] == ["单.pdf"]


def test_saving_the_form_as_it_is_changes_nothing(office: Office) -> None:
    visit = office.of("林晓")
    fields = NOTICE | {
        "body": '<p class="al-right">后勤管理处</p>',
        "body_form": "html",
        "publish_at": LATER,
        "category": "0307",
        "issued_on": "2026-11-20",
        "overrides.board.title": "停水",
        "overrides.board.publish_at": "2099-11-24T09:00",
        "new_alt": ["图"],
    }
    visit.post("/items", files=[shown(), attached()], **fields)
    before = manifest(office)

    visit.post("/items/1/editions", **everything(visit.get("/items/1/edit")))

    assert manifest(office) == before
    assert office.item(1).edition.number == 1


def everything(page: Any) -> dict[str, Any]:
    """Return all that the form of a page would send."""
    [form] = [one for one in page.forms if "editor" in (one.get("class") or "")]
    sent: dict[str, Any] = {}
    for name, text in form.form_values():
        sent.setdefault(name, []).append((text or "").lstrip("\n"))
    return {name: values for name, values in sent.items() if name != "new_picture"}


def manifest(office: Office) -> object:
    """Return all that people wrote or chose of the first item."""
    with office.app.database.reads() as session:
        return freeze.wording(queries.item(session, 1).edition)


def test_a_target_may_have_its_own_title_and_time(office: Office) -> None:
    number = office.draft(
        **{"overrides.board.title": "停水", "overrides.board.publish_at": "2099-11-24T09:00"}
    )

    assert office.item(number).edition.overrides == {
        "board": {"title": "停水", "publish_at": "2099-11-24T01:00:00+00:00"}
    }


def test_a_fault_of_one_target_leads_to_it(office: Office) -> None:
    page = office.of("林晓").post(
        "/items", status=422, **(NOTICE | {"overrides.board.publish_at": "改天"})
    )

    [link] = page.xpath("//*[@id='faults']//a")
    assert link.get("href") == "#overrides.board.publish_at"
    assert "公告屏" in words(link)


def test_changing_what_was_submitted_begins_a_new_edition(office: Office) -> None:
    number = office.submitted()

    office.of("林晓").post(f"/items/{number}/editions", **(NOTICE | {"title": "停水通知二"}))

    assert office.item(number).edition.number == 2
    assert office.item(number).edition.state == "draft"


def test_somebody_elses_item_cannot_be_changed(office: Office) -> None:
    number = office.draft()

    page = office.of("周宁").post(f"/items/{number}/editions", status=409, **NOTICE)

    assert "只有作者本人可以修改" in words(page)
    assert value(page, "title") == "停水通知"


def test_whoever_may_not_write_is_told_so(office: Office) -> None:
    page = office.of("赵琳").get("/items/new")
    after = office.of("赵琳").post("/items", status=409, files=[attached()], **NOTICE)

    assert "赵琳 没有撰写稿件的权限" in words(page)
    assert not page.xpath("//form[contains(@class, 'editor')]")
    assert "没有撰写稿件的权限" in words(after)


def test_the_official_list_is_offered_by_its_classes(office: Office) -> None:
    page = office.of("林晓").get("/items/new")

    groups = page.xpath("//select[@name='category']/optgroup/@label")
    assert len(groups) == 10
    assert len(page.xpath("//select[@name='category']//option")) == 51
