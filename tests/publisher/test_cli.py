from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import channels
from publisher import cli, clock, installation, settings
from publisher.model.alarm import Alarm
from publisher.storage import queries
from publisher.storage.database import open_database
from tests.story.college import word_notice
from tests.toy import TOY

TARGETS = """
[qq]
channel = "qq_notice"
base_url = "http://127.0.0.1:9"
access_token = "env:ONEBOT_TOKEN"
groups = [100001, 100002]
"""


class Shell:
    """Runs commands in one installation and keeps what they print."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.home, self.monkeypatch, self.capfd = home, monkeypatch, capfd

    def run(self, *arguments: str, code: int = 0, stdin: str = "") -> str:
        """Run one command and return what it printed; its exit code must be the one given."""
        self.monkeypatch.setattr("sys.argv", ["publisher", "--home", str(self.home), *arguments])
        if stdin:
            self.monkeypatch.setattr("sys.stdin.readline", lambda: stdin)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = self.capfd.readouterr()
        assert (ended.value.code or 0) == code, printed.out + printed.err
        return printed.out + printed.err

    def told(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def count(self) -> int:
        """Return how many items there are."""
        database = open_database(settings.load(self.home).database_url)
        with database.reads() as session:
            return len(queries.items(session))


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.setenv("ONEBOT_TOKEN", "sesame")
    installation.init(tmp_path / "home")
    (tmp_path / "home" / "config" / "targets.toml").write_text(TARGETS, encoding="utf-8")
    return Shell(tmp_path / "home", monkeypatch, capfd)


def test_a_word_notice_is_queued_as_a_draft_and_recognised(shell: Shell, tmp_path: Path) -> None:
    notice = word_notice(tmp_path)

    [item] = shell.told("queue", str(notice), "--to", "qq", "--at", "2099-11-24 08:30")

    assert item["title"] == "关于图书馆闭馆的通知"
    assert item["department"] == "党政办公室"
    assert item["document_number"] == "泉工程院办〔2026〕50号"
    assert item["issued_on"] == "2026-11-23"
    assert item["publish_at"] == "2099-11-24T08:30:00+08:00"
    assert item["status"] == "draft"


def test_terms_are_queued_with_it(shell: Shell, tmp_path: Path) -> None:
    targets = shell.home / "config" / "targets.toml"
    site = '[website]\nchannel = "website"\nbase_url = "http://127.0.0.1:9"\n'
    targets.write_text(TARGETS + site, encoding="utf-8")
    terms = ("--late", "ask", "--urgency", "emergency", "--display", "5-working")

    shell.run("queue", str(word_notice(tmp_path)), "--to", "website,qq", *terms)

    with open_database(settings.load(shell.home).database_url).reads() as session:
        [row] = queries.items(session)
    assert (row.edition.late, row.item.urgency) == ("ask", "emergency")
    assert (row.edition.display_days, row.edition.display_unit) == (5, "working")


def test_submitted_at_once_where_asked(shell: Shell, tmp_path: Path) -> None:
    [item] = shell.told("queue", str(word_notice(tmp_path)), "--to", "qq", "--submit")

    assert item["status"] == "in_review"
    assert item["index_number"] == f"13771-0000-{clock.now().year}-0001"
    assert len(item["digest"]) == 64


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--to", "nowhere"), "错误（targets）：没有发布目标 nowhere，可用的有：qq"),
        (
            ("--to", "qq", "--at", "2020-01-01 08:00"),
            "错误（publish_at）：发布时间 2020年1月1日 8:00 已经过去",
        ),
        (("--to", "qq", "--at", "08:30"), "错误（publish_at）：发布时间“08:30”看不懂"),
        (
            ("--to", "qq", "--at", "2099-02-02 08:00", "--until", "2099-02-01 08:00"),
            "错误（expires_at）：结束时间",
        ),
        (("--to", "qq", "--late", "never"), "错误（late）：过时处理只能是"),
        (("--to", "qq", "--urgency", "soon"), "错误（urgency）：紧急程度只能是"),
        (("--to", "qq", "--display", "five"), "错误（display_days）：公示期“five”看不懂"),
        (("--to", "qq", "--display", "5-weeks"), "错误（display_unit）：公示期的单位只能是"),
        (("--to", "qq", "--display", "5"), "错误（targets）：公示期从官网发出并确认之日起算"),
        (("--to", "qq", "--as", "无此人"), "没有叫 无此人 的人"),
        (("--to", "qq", "--category", "9999"), "错误（category）"),
        (("--to", "qq", "--override", "qq"), "错误（--override）"),
        (("--to", "qq", "--title", "长" * 201), "错误（title）：标题有 201 个字"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(
    shell: Shell, tmp_path: Path, given: tuple[str, ...], says: str
) -> None:
    said = shell.run("queue", str(word_notice(tmp_path)), *given, code=2)

    assert says in said
    assert "Traceback" not in said
    assert shell.count() == 0


@pytest.mark.parametrize(
    ("name", "file", "says"),
    [
        ("a.docx", b"", "空"),
        ("a.docx", b"not a zip", "docx"),
        ("a.pdf", b"%PDF-1.7", "PDF"),
        ("a.txt", b"\xff\xfe\x00\x01\x02", "错误（file）"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_field_file(
    shell: Shell, tmp_path: Path, name: str, file: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(file)

    said = shell.run("queue", str(tmp_path / name), "--to", "qq", code=2)

    assert "错误（file）" in said
    assert says in said
    assert shell.count() == 0


def test_a_file_that_is_not_there_says_so(shell: Shell, tmp_path: Path) -> None:
    assert "读不了文件" in shell.run("queue", str(tmp_path / "no.docx"), "--to", "qq", code=2)


def test_one_bad_file_of_several_queues_none(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bad.docx").write_bytes(b"no")

    shell.run("queue", str(word_notice(tmp_path)), str(tmp_path / "bad.docx"), "--to", "qq", code=2)

    assert shell.count() == 0


def test_a_private_number_is_named_by_its_place_and_never_shown(
    shell: Shell, tmp_path: Path
) -> None:
    notice = tmp_path / "通知.txt"
    notice.write_text("停水通知\n请联系张老师 138 0013 8000\n", encoding="utf-8")

    said = shell.run("queue", str(notice), "--to", "qq", "--submit", code=2)

    assert "手机号码" in said
    assert "8000" not in said
    assert shell.count() == 0


def test_a_target_that_cannot_be_reached_is_not_well(shell: Shell) -> None:
    said = shell.run("status", code=1)

    assert "qq" in said
    assert "不通" in said
    assert "\nqq：" in said  # what was found out, in a line of its own


def test_a_target_is_paused_with_a_reason_and_resumed(shell: Shell) -> None:
    shell.run("targets", "pause", "qq", "--reason", "设备检修")
    [paused] = shell.told("targets", "list")
    shell.run("targets", "resume", "qq")
    [resumed] = shell.told("targets", "list")

    assert (paused["is_paused"], paused["advice"]) == (True, "已暂停：设备检修")
    assert resumed["is_paused"] is False
    assert "没有发布目标" in shell.run("targets", "pause", "no", "--reason", "x", code=2)


def test_everything_and_a_channel_are_paused_and_what_still_holds_is_said(shell: Shell) -> None:
    shell.run("targets", "pause", "--all", "--reason", "全校停电")
    shell.run("targets", "pause", "--channel", "qq_notice", "--reason", "账号迁移")
    [paused] = shell.told("targets", "list")
    said = shell.run("targets", "resume", "--all")
    [still] = shell.told("targets", "list")
    shell.run("targets", "resume", "--channel", "qq_notice")
    [resumed] = shell.told("targets", "list")

    assert (paused["paused_scope"], paused["advice"]) == (
        "everything",
        "全部发布已暂停：全校停电",
    )
    assert "全部发布 已恢复" in said
    assert "还有暂停：QQ群公告（整个渠道）（账号迁移）" in said
    assert still["paused_scope"] == "channel:qq_notice"
    assert resumed["is_paused"] is False


@pytest.mark.parametrize(
    "named", [(), ("qq", "--all"), ("--all", "--channel", "qq_notice"), ("--channel", "nowhere")]
)
def test_a_pause_has_one_scope_that_there_is(shell: Shell, named: tuple[str, ...]) -> None:
    assert "错误（" in shell.run("targets", "pause", *named, "--reason", "x", code=2)
    assert shell.told("targets", "list")[0]["is_paused"] is False


def test_alarms_are_listed_and_an_open_one_is_not_well(shell: Shell) -> None:
    nothing = shell.run("alarms")
    database = open_database(settings.load(shell.home).database_url)
    with database.sessions.begin() as session:
        at = clock.now()
        session.add(Alarm(key="disk", since=at, text="磁盘只剩 0.4 GB，请清理"))
        session.add(Alarm(key="breaker qq", since=at, until=at, text="QQ 自动停发"))

    said = shell.run("alarms", code=1)
    listed = json.loads(shell.run("alarms", "--past", "5", "--json", code=1))

    assert "一切正常" in nothing
    assert "磁盘将满" in said
    assert "请清理" in said
    assert [(one["key"], one["until"] is None) for one in listed] == [
        ("disk", True),
        ("breaker qq", False),
    ]


def test_people_are_added_with_roles_and_get_tokens(shell: Shell) -> None:
    shell.run(
        "people", "add", "林晓", "--roles", "author", "--password-stdin", stdin="correct-horse\n"
    )
    token = shell.run("tokens", "create", "--person", "林晓")

    assert shell.told("people", "list") == [
        {"name": "林晓", "roles": ["author"], "is_active": True}
    ]
    assert token.startswith("yg_")
    assert token.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "stdin", "says"),
    [
        (("林晓", "--roles", "boss"), "", "错误（roles）：没有角色 boss"),
        (("林晓", "--roles", ""), "", "错误（roles）：至少给一个角色"),
        (
            ("林晓", "--roles", "author", "--password-stdin"),
            "short\n",
            "错误（password）：密码至少",
        ),
        (("甲", "--roles", "administrator,auditor"), "", "系统管理员不能同时是审计员"),
    ],
)
def test_a_person_who_cannot_be_is_refused(
    shell: Shell, given: tuple[str, ...], stdin: str, says: str
) -> None:
    assert says in shell.run("people", "add", *given, code=2, stdin=stdin)


def test_a_mistake_in_the_configuration_names_its_place(shell: Shell) -> None:
    path = shell.home / "config" / "targets.toml"
    path.write_text(TARGETS.replace("groups", "group"), encoding="utf-8")

    said = shell.run("check", code=2)

    assert "config/targets.toml [qq] group：没有这一项，是否想写 groups？" in said


def test_two_targets_cannot_show_pages_at_the_same_place(shell: Shell) -> None:
    site = '[%s]\nchannel = "website"\nbase_url = "http://127.0.0.1:8001"\n'
    path = shell.home / "config" / "targets.toml"
    path.write_text(site % "site" + site % "other", encoding="utf-8")

    assert "[other] channel：和 [site] 的页面在同一个位置" in shell.run("check", code=2)


def test_one_more_file_in_channels_is_one_more_target(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    play = '[play]\nchannel = "toy"\nurl = "http://127.0.0.1"\nsecret = "env:ONEBOT_TOKEN"\n'
    (shell.home / "config" / "targets.toml").write_text(play, encoding="utf-8")

    listed = shell.told("targets", "list")
    queued = shell.told("queue", str(word_notice(tmp_path)), "--to", "play", "--submit")
    monkeypatch.delitem(sys.modules, "channels.toy")

    assert [(one["name"], one["label"]) for one in listed] == [("play", "玩具")]
    assert queued[0]["status"] == "in_review"


def test_a_folder_without_an_installation_says_what_to_do(shell: Shell, tmp_path: Path) -> None:
    shell.home = tmp_path / "nowhere"

    assert "publisher init" in shell.run("status", code=2)


def test_an_installation_is_never_written_over(shell: Shell) -> None:
    assert "已经有一个安装" in shell.run("init", str(shell.home), code=2)


def test_withdrawing_what_is_not_there_says_so(shell: Shell) -> None:
    assert "没有编号为 7 的稿件" in shell.run("withdraw", "7", "--reason", "有误", code=2)


def test_the_ledger_is_listed(shell: Shell) -> None:
    assert shell.told("deliveries") == []
    assert "没有状态 lost" in shell.run("deliveries", "--state", "lost", code=2)


def test_the_coming_sends_of_a_target_are_listed(shell: Shell, tmp_path: Path) -> None:
    plan = shell.told("plan", "qq")
    printed = shell.run("plan", "qq")
    refused = shell.run("plan", "nowhere", code=2)

    assert (plan["target"], plan["pushes"], plan["unplaced"]) == ("qq", [], [])
    assert "时间" in printed
    assert "没有发布目标 nowhere" in refused


def test_the_record_of_a_review_is_written_to_a_file(shell: Shell, tmp_path: Path) -> None:
    shell.told("queue", str(word_notice(tmp_path)), "--to", "qq", "--submit")
    file = tmp_path / "record.pdf"

    said = shell.run("record", "1", "--to", str(file))
    missing = shell.run("record", "1", "--edition", "9", "--to", str(file), code=2)

    assert str(file) in said.replace("\n", "")
    assert file.read_bytes().startswith(b"%PDF")
    assert "没有第 9 版" in missing
