from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from publisher import settings
from publisher.errors import ConfigError

CONFIG = Path(__file__).parents[2] / "config"


def home(tmp_path: Path, **files: str) -> Path:
    """An installation with these files in config/."""
    (tmp_path / "config").mkdir()
    for name, text in files.items():
        (tmp_path / "config" / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_every_setting_stands_in_the_file_with_its_default_and_a_comment() -> None:
    text = (CONFIG / "publisher.toml").read_text(encoding="utf-8")
    written = tomllib.loads(text)
    tables: dict[str, type[BaseModel]] = {
        "server": settings.Server,
        "college": settings.College,
        "documents": settings.Documents,
        "screening": settings.Screening,
        "delivery": settings.Delivery,
        "sign_in": settings.SignIn,
        "alarm": settings.Alarm,
    }

    assert {name: set(table) for name, table in written.items()} == {
        name: set(kind.model_fields) for name, kind in tables.items()
    }
    for name, kind in tables.items():
        assert written[name] == kind().model_dump(), name
    for line in text.splitlines():
        assert not line or line[0] in "#[" or "#" in line, line


def test_nothing_is_needed_to_begin(tmp_path: Path) -> None:
    loaded = settings.load(tmp_path)

    assert loaded.targets == {}
    assert [stage.name for stage in loaded.stages] == ["department", "office", "secrecy"]
    assert loaded.database_url == f"sqlite:///{tmp_path}/data/publisher.db"


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("publisher", "[server]\nconsole_prt = 1", "config/publisher.toml [server] console_prt"),
        ("publisher", "[server]\nconsole_prt = 1", "是否想写 console_port"),
        ("publisher", "[server]\nconsole_port = '8000'", "[server] console_port"),
        ("publisher", "[server]\nconsole_port = 99999", "[server] console_port"),
        ("publisher", "[servr]\n", "是否想写 server"),
        ("publisher", "[server\n", "不是合法的 TOML"),
        ("publisher", "[college]\ncode = '12'", "[college] code"),
        ("review", "", "stage"),
        ("review", "[[stage]]\nname='a'\nlabel='甲'\nrole='boss'", "没有角色 'boss'"),
        (
            "review",
            "[[stage]]\nname='a'\nlabel='甲'\nrole='author'\n" * 2,
            "出现了两次",
        ),
        ("targets", "website = 1", "config/targets.toml website"),
        ("targets", "[Web]\nchannel='website'", "[Web]"),
        (
            "targets",
            "[wechat]\nsecret='env:NO_SUCH_NAME'",
            "[wechat] secret：环境变量 NO_SUCH_NAME",
        ),
        ("targets", "[wechat]\nsecret='file:nowhere'", "读不出密钥文件 nowhere"),
        ("publisher", "[alarm]\nmail_to=['a@b.cn']", "[alarm] mail_from：写了 mail_to"),
        ("publisher", "[alarm]\nmail_to=['张三']", "[alarm.mail_to] 0"),
        ("publisher", "[alarm]\nmail_from='a@b.cn\\nBcc: c@d.cn'", "[alarm] mail_from"),
        ("publisher", "[alarm]\nsmtp_password='sesame'", "smtp_password：密码不写在这里"),
        ("publisher", "[alarm]\nsmtp_password='env:NO_SUCH'", "环境变量 NO_SUCH 没有设置"),
        (
            "publisher",
            "[alarm]\nsmtp_password='env:PATH'\nsmtp_security='none'",
            "smtp_password：不加密的连接不能传密码",
        ),
    ],
)
def test_a_mistake_names_file_table_and_key(
    tmp_path: Path, file: str, text: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(home(tmp_path, **{file: text}))

    assert says in str(caught.value)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    home(tmp_path)
    (tmp_path / "config" / "publisher.toml").write_bytes("[server] # 主机".encode("gb18030"))

    with pytest.raises(ConfigError, match="读不出这个文件"):
        settings.load(tmp_path)


def test_secrets_come_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WECHAT_SECRET", "sesame")
    (tmp_path / "onebot").write_text("sesame too\n", encoding="utf-8")
    text = "[wechat]\nsecret='env:WECHAT_SECRET'\n[qq]\naccess_token='file:onebot'"

    loaded = settings.load(home(tmp_path, targets=text))

    assert loaded.targets["wechat"]["secret"] == "sesame"
    assert loaded.targets["qq"]["access_token"] == "sesame too"
    assert "sesame" not in repr(loaded)


def test_a_secret_in_a_table_of_tables_is_resolved_and_an_address_of_a_folder_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPY_PASSWORD", "sesame")
    text = "[[site.copies]]\naddress='file:///srv/www'\npassword='env:COPY_PASSWORD'"

    loaded = settings.load(home(tmp_path, targets=text))

    copy = {"address": "file:///srv/www", "password": "sesame"}
    assert loaded.targets["site"]["copies"] == [copy]


def test_the_password_of_the_mail_server_is_resolved_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "sesame")

    loaded = settings.load(home(tmp_path, publisher="[alarm]\nsmtp_password='env:SMTP_PASSWORD'"))

    assert loaded.alarm.smtp_password == "sesame"
    assert "sesame" not in repr(loaded)


def test_the_home_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLISHER_HOME", "/srv/yigao")

    assert settings.default_home() == Path("/srv/yigao")


def test_the_disclosure_list_has_ten_categories_and_fifty_items() -> None:
    listed = tomllib.loads((CONFIG / "disclosure-list.toml").read_text(encoding="utf-8"))

    assert len(listed["category"]) == 10
    assert len(listed["item"]) == 50
    assert sum(category["count"] for category in listed["category"]) == 50


def test_the_working_days_of_three_years_are_known(tmp_path: Path) -> None:
    years = settings.load(tmp_path).working_days

    assert sorted(years) == [2024, 2025, 2026]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("holidays = 1", "config/working-days.toml holidays：每一年是一个表"),
        ("[next]", "config/working-days.toml next"),
        ("[2027]", "[2027] source：缺少"),
        ("[2027]\nsource='x'\nholidays=['soon']\nmake_up_workdays=[]", "[2027] holidays"),
        ("[2027]\nsource='x'\nholidays=[2026-01-01]\nmake_up_workdays=[]", "不在 2027 年"),
        (
            "[2027]\nsource='x'\nholidays=[2027-02-06]\nmake_up_workdays=[2027-02-06]",
            "[2027] make_up_workdays：2027-02-06 同时在 holidays 里",
        ),
    ],
)
def test_a_mistake_in_the_working_days_names_its_place(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(home(tmp_path, **{"working-days": text}))

    assert says in str(caught.value)


def test_a_special_kind_is_told_by_the_title_and_says_only_what_is_different(
    tmp_path: Path,
) -> None:
    text = """
        [[kind]]
        name = "公示"
        risk = "personal"
        [[kind]]
        name = "任前公示"
        of = "公示"
        words = ["任前", "拟任"]
        risk = "major"
        [[kind]]
        name = "奖助公示"
        of = "公示"
        words = ["奖学金"]
    """

    kinds = settings.load(home(tmp_path, kinds=text)).kinds

    assert kinds.of("公示", "关于张三拟任职务的公示").name == "任前公示"
    assert kinds.of("公示", "关于张三拟任职务的公示").risk == "major"
    assert kinds.of("公示", "国家奖学金公示").risk == "personal"
    assert kinds.of("公示", "其他公示").name == "公示"
    assert kinds.of("通知", "关于奖学金的通知").risk == "ordinary"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[kind]]\nrisk = 'major'", "[kind.0] name：缺少"),
        ("[[kind]]\nname = '公示'\nrisk = 'great'", "[kind.0] risk"),
        ("[[kind]]\nname = '公示'\n[[kind]]\nname = '公示'", "[kind 1] name：'公示' 出现了两次"),
        ("[[kind]]\nname = '公示'\nwords = ['x']", "[kind 1] of：写了 words"),
        ("[[kind]]\nname = 'a'\nof = '公示'\nwords = ['x']", "[kind 1] of：没有文种 '公示'"),
        (
            "[[kind]]\nname = '公示'\n[[kind]]\nname = 'a'\nof = '公示'",
            "[kind 2] words：写了 of",
        ),
    ],
)
def test_a_mistake_in_the_kinds_names_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(home(tmp_path, kinds=text))

    assert says in str(caught.value)


STAGES = """
[[stage]]
name = "department"
label = "部门审核"
role = "department_reviewer"
[[stage]]
name = "leader"
label = "分管领导审核"
role = "leader"
"""


def test_a_class_of_risk_without_a_chain_passes_every_stage(tmp_path: Path) -> None:
    chain = '[[chain]]\nrisk = "ordinary"\nstages = ["department"]'

    reviewing = settings.load(home(tmp_path, review=STAGES + chain)).reviewing

    assert reviewing.chain("ordinary") == ("department",)
    assert reviewing.chain("major") == ("department", "leader")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[chain]]\nrisk = 'great'\nstages = ['leader']", "[chain.0] risk"),
        ("[[chain]]\nrisk = 'major'\nstages = []", "[chain.0] stages"),
        ("[[chain]]\nrisk = 'major'\nstages = ['x']", "[chain 1] stages：没有审核环节 'x'"),
        (
            "[[chain]]\nrisk = 'major'\nstages = ['leader', 'leader']",
            "[chain 1] stages：同一个环节写了两次",
        ),
        (
            "[[chain]]\nrisk = 'major'\nstages = ['leader']\n" * 2,
            "[chain 1] risk：'major' 出现了两次",
        ),
        ("[fast_path]\nroles = ['king']", "[fast_path] roles：没有角色 'king'"),
        ("[fast_path]\nlater_h = 0.0", "[fast_path] later_h"),
        ("[waiting]\nremind_h = 1.0", "是否想写 remind_after_h"),
    ],
)
def test_a_mistake_in_the_review_names_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(home(tmp_path, review=STAGES + text))

    assert says in str(caught.value)
