"""The official form, and what offices do to it."""

from __future__ import annotations

from datetime import date

import pytest
from docx.document import Document as WordDocument

from publisher.documents import Document, read
from tests.publisher.documents import make
from tests.publisher.documents.make import CENTER, RIGHT, indented, line, signature, title


def imported(*steps: object) -> Document:
    return read("文件.docx", make.word(*steps))  # type: ignore[arg-type]


def words(document: WordDocument) -> None:
    indented(document, "正文。")


def plain(text: str) -> Document:
    return read("文件.txt", text.encode())


def test_a_whole_official_document_is_taken_apart() -> None:
    found = imported(
        lambda d: line(d, "泉州工程职业技术学院文件", aligned=CENTER, points=36, red=True),
        lambda d: line(d, "泉工程院办〔2026〕38号", aligned=CENTER),
        lambda d: line(d, ""),
        lambda d: title(d, "关于放假安排的通知"),
        lambda d: line(d, ""),
        lambda d: line(d, "各部门："),
        lambda d: indented(d, "现将放假安排通知如下："),
        lambda d: indented(d, "10月1日至7日放假。"),
        lambda d: indented(d, "附件：1. 值班表"),
        lambda d: indented(d, "2. 联系表"),
        lambda d: signature(d, "泉州工程职业技术学院", "2026年9月14日"),
        lambda d: indented(d, "（此件主动公开）"),
    )

    assert (found.title, found.kind) == ("关于放假安排的通知", "通知")
    assert found.document_number == "泉工程院办〔2026〕38号"
    assert (found.department, found.issued_on) == ("泉州工程职业技术学院", date(2026, 9, 14))
    assert (found.audience, found.attachment_names) == ("public", ("值班表", "联系表"))
    assert found.summary == "10月1日至7日放假。"
    assert found.remarks == ("正文列有 2 个附件（值班表、联系表），没有随文件提供，请补传。",)
    assert found.body == (
        '<p class="noindent">各部门：</p><p>现将放假安排通知如下：</p><p>10月1日至7日放假。</p>'
        '<p>附件：1. 值班表</p><p>2. 联系表</p><p class="al-right">泉州工程职业技术学院</p>'
        '<p class="al-right">2026年9月14日</p><p>（此件主动公开）</p>'
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["关于采购项目\n中标的公告  "], "关于采购项目中标的公告"),
        (["泉州工程职业技术学院", "关于放假的通知"], "泉州工程职业技术学院关于放假的通知"),
        (["关于放假的通知", "（征求意见稿）"], "关于放假的通知（征求意见稿）"),
        (["匠心讲堂第 23 讲：AI and\nRobots 应用"], "匠心讲堂第23讲：AI and Robots应用"),
        (["关于放假的通知", "温馨提示"], "关于放假的通知"),
    ],
)
def test_a_title_over_several_lines_is_one(lines: list[str], expected: str) -> None:
    found = imported(*(lambda d, t=t: title(d, t) for t in lines), words)

    assert found.title == expected


def test_a_smaller_centred_line_below_the_title_is_no_part_of_it() -> None:
    found = imported(
        title,
        lambda d: line(d, "（2026年5月8日）", aligned=CENTER),
        words,
    )

    assert found.title == make.TITLE
    assert found.issued_on == date(2026, 5, 8)
    assert "2026年5月8日" in found.body


def test_a_red_title_without_a_red_head_is_the_title() -> None:
    found = imported(
        lambda d: line(d, "喜报", aligned=CENTER, red=True), lambda d: indented(d, "我校获奖。")
    )

    assert found.title == "喜报"


def test_urgency_leaves_the_body_and_secrecy_stays_for_the_screening() -> None:
    found = imported(
        lambda d: line(d, "机密★1年"),
        lambda d: line(d, "特急"),
        title,
        words,
    )

    assert found.title == make.TITLE
    assert "机密★1年" in found.body
    assert "特急" not in found.body
    assert any("特急" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("mark", "urgency"),
    [
        ("特急", "emergency"),
        ("特提", "emergency"),
        ("加急", "urgent"),
        ("急件", "urgent"),
        ("停水通知", "normal"),
    ],
)
def test_a_mark_of_urgency_is_recognised(mark: str, urgency: str) -> None:
    found = imported(lambda d: line(d, mark), title, words)

    assert found.urgency == urgency


def test_a_number_in_wrong_brackets_is_mended_and_mentioned() -> None:
    found = imported(
        title,
        lambda d: line(d, "泉工程院财【2026】12号", aligned=CENTER),
        words,
    )

    assert found.document_number == "泉工程院财〔2026〕12号"
    assert any("泉工程院财〔2026〕12号" in remark for remark in found.remarks)
    assert "12号" not in found.body


def test_a_number_quoted_in_the_body_is_not_its_own() -> None:
    found = imported(title, lambda d: indented(d, "根据教办函〔2014〕23号，现通知如下。"))

    assert found.document_number == ""


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("后勤管理处　　", "后勤管理处"),
        ("财务处　党委组织部", "财务处、党委组织部"),
        ("党委宣传部\n信息技术中心", "党委宣传部、信息技术中心"),
        ("保 卫 处", "保卫处"),
        ("人事处（盖章）", "人事处"),
        ("学校防汛防台风工作领导小组", "学校防汛防台风工作领导小组"),
    ],
)
def test_the_issuing_unit_stands_above_the_date(unit: str, expected: str) -> None:
    found = imported(title, words, lambda d: signature(d, unit))

    assert found.department == expected
    assert found.issued_on == date(2026, 11, 20)


def test_units_on_lines_of_their_own_are_joined() -> None:
    found = imported(
        title,
        words,
        lambda d: line(d, "智能制造学院", aligned=RIGHT),
        lambda d: signature(d, "校团委"),
    )

    assert found.department == "智能制造学院、校团委"


def test_a_unit_without_date_is_found_and_the_date_asked_for() -> None:
    found = imported(title, words, lambda d: line(d, "党政办公室", aligned=RIGHT))

    assert (found.department, found.issued_on) == ("党政办公室", None)
    assert "成文日期没有识别到，请补填。" in found.remarks


def test_without_signature_the_red_head_names_the_unit() -> None:
    found = imported(
        lambda d: line(d, "某某学院文件", aligned=CENTER, red=True),
        title,
        words,
    )

    assert found.department == "某某学院"


def test_a_document_without_any_form_asks_for_all_of_it() -> None:
    found = imported(lambda d: indented(d, "明天停水。"))

    assert (found.title, found.kind, found.department) == ("文件", "其他", "")
    assert found.remarks == (
        "发文单位没有识别到，请补填。",
        "成文日期没有识别到，请补填。",
        "标题没有识别到，暂用文件名，请修改。",
    )


@pytest.mark.parametrize(
    ("note", "audience"),
    [
        ("（此件主动公开）", "public"),
        ("（此件公开发布）", "public"),
        ("（此件主动公开，长期有效）", "public"),
        ("（此件发布范围：校内）", "campus"),
        ("（此件不予公开）", "campus"),
        ("(此件依申请公开)", "campus"),
    ],
)
def test_the_note_below_the_date_says_for_whom(note: str, audience: str) -> None:
    found = imported(title, words, signature, lambda d: indented(d, note))

    assert (found.audience, found.department) == (audience, "保卫处")


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["附件：登记表"], ["登记表"]),
        (["附件:1.自查表", "　　　2.登记表"], ["自查表", "登记表"]),
        (["附件：1．自查表；2026年版\n2．登记表。"], ["自查表；2026年版", "登记表"]),
        (["附件1：自查表", "附件2：登记表"], ["自查表", "登记表"]),
        (["附 件：", "1、自查表", "2、登记表"], ["自查表", "登记表"]),
        (["附件：1. 自查表  2. 登记表"], ["自查表", "登记表"]),
        (["附件：1. 自查表", "联系人：谢老师"], ["自查表"]),
        (["请对照附件1开展自查。"], []),
    ],
)
def test_the_attachment_list_is_read_in_all_its_shapes(lines: list[str], names: list[str]) -> None:
    found = imported(
        title,
        words,
        *(lambda d, t=t: indented(d, t) for t in lines),
        signature,
    )

    assert list(found.attachment_names) == names


def test_an_attachment_that_follows_on_the_next_page_is_not_missing() -> None:
    found = imported(
        title,
        words,
        lambda d: indented(d, "附件：名单"),
        signature,
        lambda d: d.add_page_break(),
        lambda d: line(d, "附件"),
        lambda d: line(d, "名单", aligned=CENTER),
    )

    assert found.attachment_names == ("名单",)
    assert not any("附件" in remark for remark in found.remarks)


def test_plain_text_is_read_without_any_alignment() -> None:
    found = plain(
        "关于停水的通知\n\n各单位：\n　　因检修，周六停水。\n　　特此通知。\n\n"
        "后勤管理处\n2026年11月20日\n"
    )

    assert (found.title, found.department) == ("关于停水的通知", "后勤管理处")
    assert found.issued_on == date(2026, 11, 20)
    assert found.summary == "因检修，周六停水。特此通知。"


@pytest.mark.parametrize("last", ["后勤处 2026年11月20日", "后勤处　二〇二六年十一月二十日"])
def test_unit_and_date_may_share_a_line(last: str) -> None:
    found = plain(f"关于停水的通知\n周六停水。\n{last}")

    assert (found.department, found.issued_on) == ("后勤处", date(2026, 11, 20))


def test_a_first_line_with_a_pause_is_text_and_not_the_title() -> None:
    found = plain("各位同学，明天停水\n请提前储水。")

    assert found.title == "文件"
    assert found.body == "<p>各位同学，明天停水</p><p>请提前储水。</p>"


def test_plain_text_may_have_a_title_in_two_lines_and_no_date() -> None:
    found = plain("某某学院\n信息公开工作报告\n\n现报告如下。\n某某学院\n")

    assert (found.title, found.kind) == ("某某学院信息公开工作报告", "报告")
    assert (found.department, found.issued_on) == ("某某学院", None)
    assert found.body == "<p>现报告如下。</p><p>某某学院</p>"


def test_the_only_line_is_title_and_text() -> None:
    found = plain("明天停水")

    assert (found.title, found.body) == ("明天停水", "<p>明天停水</p>")


def test_a_heading_that_is_not_centred_is_the_title() -> None:
    found = imported(lambda d: d.add_heading("停水，停电通知", 1), words)

    assert (found.title, found.body) == ("停水，停电通知", "<p>正文。</p>")


def test_a_date_in_the_middle_of_the_text_is_not_the_date_of_issue() -> None:
    found = plain("关于考试的通知\n考试时间：\n2026年12月1日\n请按时参加。\n请准备好证件。")

    assert found.issued_on is None
