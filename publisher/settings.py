"""Settings of one installation: the only module that reads configuration files or environment.

An installation is a folder, `home`, that holds `config/` and `data/`. A file that is missing from
its `config/` is taken from the package.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from publisher.errors import ConfigError

PACKAGED = Path(__file__).parent / "_config"  # in an installed package
CHECKOUT = Path(__file__).parents[1] / "config"  # beside the sources
ROLES = {
    "author": "作者",
    "department_reviewer": "部门审核人",
    "office_reviewer": "办公室审核人",
    "secrecy_reviewer": "保密审查人",
    "operator": "运行值班",
    "auditor": "审计员",
    "administrator": "系统管理员",
}
TARGET_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Server(_Table):
    """[server]"""

    host: str = "127.0.0.1"
    console_port: int = Field(default=8000, ge=1, le=65535)
    site_port: int = Field(default=8001, ge=1, le=65535)
    rehearsal_port: int = Field(default=0, ge=0, le=65535)
    database_url: str = "sqlite:///data/publisher.db"
    engine: Literal["embedded", "procrastinate"] = "embedded"
    console_url: str = ""


class College(_Table):
    """[college]"""

    name: str = Field(default="泉州工程职业技术学院", min_length=1)
    code: str = Field(default="13771", pattern=r"^\d{5}$")


class Documents(_Table):
    """[documents], sizes in MiB"""

    max_word_mb: float = Field(default=20, gt=0)
    max_attachment_mb: float = Field(default=50, gt=0)
    max_picture_mb: float = Field(default=10, gt=0)


class Screening(_Table):
    """[screening]"""

    office_numbers: list[Annotated[str, Field(min_length=5)]] = Field(default_factory=list)


class Delivery(_Table):
    """[delivery]"""

    latest_after_h: float = Field(default=24.0, gt=0)
    late: Literal["send", "ask", "miss"] = "ask"
    send_late_h: float = Field(default=72.0, gt=0)
    follow_wait_h: float = Field(default=2.0, gt=0)
    follow_else: Literal["ask", "send"] = "ask"
    lease_s: float = Field(default=180.0, ge=5)
    look_up_h: float = Field(default=24.0, gt=0)
    take_down_h: float = Field(default=1.0, gt=0)
    check_every_s: float = Field(default=300.0, ge=5)


class SignIn(_Table):
    """[sign_in]"""

    session_h: float = Field(default=10.0, gt=0)
    attempts_per_15_min: int = Field(default=10, ge=1)


ADDRESS = r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+"  # of mail


class Alarm(_Table):
    """[alarm]"""

    min_free_mb: float = Field(default=500, ge=0)
    mail_to: list[Annotated[str, Field(pattern=f"^{ADDRESS}$")]] = []
    mail_from: str = Field(default="", pattern=f"^({ADDRESS})?$")
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)


class Stage(_Table):
    """One stage of review."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    role: str


class Year(_Table):
    """One year of config/working-days.toml."""

    source: str = Field(min_length=1)
    holidays: frozenset[date] = Field(strict=False)  # an array of TOML is a list
    make_up_workdays: frozenset[date] = Field(strict=False)


class _PublisherFile(_Table):
    server: Server = Server()
    college: College = College()
    documents: Documents = Documents()
    screening: Screening = Screening()
    delivery: Delivery = Delivery()
    sign_in: SignIn = SignIn()
    alarm: Alarm = Alarm()


class _ReviewFile(_Table):
    stage: list[Stage] = Field(min_length=1)


WorkingDays = Mapping[int, Year]  # by the year; one that is missing is not known yet


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that can be set, read and checked once."""

    home: Path
    server: Server
    college: College
    documents: Documents
    screening: Screening
    delivery: Delivery
    sign_in: SignIn
    alarm: Alarm
    stages: tuple[Stage, ...]
    targets: Mapping[str, Mapping[str, object]] = field(repr=False)  # secrets resolved
    disclosure_list: Mapping[str, Any] = field(repr=False)  # its file as it stands
    working_days: WorkingDays = field(default_factory=dict, repr=False)

    @property
    def data(self) -> Path:
        """The folder of everything that changes."""
        return self.home / "data"

    @property
    def console_url(self) -> str:
        """The address of the console, as people type it."""
        return self.server.console_url or f"http://{self.server.host}:{self.server.console_port}"

    @property
    def database_url(self) -> str:
        """The address of the database; a relative SQLite path is below home."""
        prefix, url = "sqlite:///", self.server.database_url
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return f"{prefix}{self.home.absolute() / url.removeprefix(prefix)}"
        return url


def default_home() -> Path:
    """Return the folder meant by PUBLISHER_HOME, or else that of the demo."""
    named = os.environ.get("PUBLISHER_HOME")
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "yigao" / "demo"


def packaged(name: str) -> Path:
    """Return a configuration file as it comes with the package."""
    folder = PACKAGED if PACKAGED.is_dir() else CHECKOUT
    return folder / name


def load(home: Path, *, with_targets: bool = True) -> Settings:
    """Read and check everything; the first mistake is a ConfigError with file, table and key.

    Without targets no secret is needed.
    """
    own = _model(_PublisherFile, _read(home, "publisher.toml"), file="config/publisher.toml")
    stages = _model(_ReviewFile, _read(home, "review.toml"), file="config/review.toml").stage
    _check_stages(stages)
    check_engine(own.server)
    return Settings(
        home=home,
        server=own.server,
        college=own.college,
        documents=own.documents,
        screening=own.screening,
        delivery=own.delivery,
        sign_in=own.sign_in,
        alarm=_alarm(home, own.alarm),
        stages=tuple(stages),
        targets=_targets(home, _read(home, "targets.toml")) if with_targets else {},
        disclosure_list=_read(home, "disclosure-list.toml"),
        working_days=_working_days(_read(home, "working-days.toml")),
    )


def _read(home: Path, name: str) -> dict[str, Any]:
    own = home / "config" / name
    path = own if own.exists() else packaged(name)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"读不出这个文件：{error}", file=f"config/{name}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"不是合法的 TOML：{error}", file=f"config/{name}") from error


Table = TypeVar("Table", bound=_Table)


def _model(kind: type[Table], values: dict[str, Any], *, file: str) -> Table:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        table, key = _place(first["loc"])
        raise ConfigError(_words(first, kind), file=file, table=table, key=key) from error


def _place(loc: tuple[int | str, ...]) -> tuple[str, str]:
    names = [str(part) for part in loc]
    if len(names) == 1:
        return names[0], ""
    return ".".join(names[:-1]), names[-1]


def _words(error: Any, kind: type[_Table]) -> str:
    if error["type"] == "extra_forbidden":
        known = _known_keys(kind, error["loc"])
        close = get_close_matches(str(error["loc"][-1]), known, n=1)
        hint = f"是否想写 {close[0]}？" if close else f"可用的有：{'、'.join(known)}"
        return f"没有这一项，{hint}"
    if error["type"] == "missing":
        return "缺少这一项"
    return f"{error['input']!r} 不合要求：{error['msg']}"


def _known_keys(kind: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    for name in loc[:-1]:
        field = kind.model_fields.get(str(name))
        if field and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            kind = field.annotation
    return sorted(kind.model_fields)


def check_engine(server: Server) -> None:
    """Refuse workers on a database that has one process only."""
    if server.engine == "procrastinate" and not server.database_url.startswith("postgresql"):
        raise ConfigError(
            "procrastinate 要用 PostgreSQL，请把 database_url 写成 postgresql://…，或用 embedded",
            file="config/publisher.toml",
            table="server",
            key="engine",
        )


def _check_stages(stages: list[Stage]) -> None:
    names = [stage.name for stage in stages]
    for number, stage in enumerate(stages):
        place = {"file": "config/review.toml", "table": f"stage {number + 1}"}
        if stage.role not in ROLES:
            known = "、".join(ROLES)
            raise ConfigError(f"没有角色 {stage.role!r}，可用的有：{known}", key="role", **place)
        if names.count(stage.name) > 1:
            raise ConfigError(f"{stage.name!r} 出现了两次", key="name", **place)


def _working_days(tables: dict[str, Any]) -> dict[int, Year]:
    file = "config/working-days.toml"
    years = {}
    for name, table in tables.items():
        if not re.fullmatch(r"20\d\d", name) or not isinstance(table, dict):
            raise ConfigError("每一年是一个表，写成 [2027]", file=file, key=name)
        years[int(name)] = _year(name, table, file=file)
    return years


def _year(name: str, table: dict[str, Any], *, file: str) -> Year:
    try:
        year = _model(Year, table, file=file)
    except ConfigError as error:  # it took the key for a table
        raise ConfigError(error.message, file=file, table=name, key=error.table) from error
    for key, days in (
        ("holidays", year.holidays),
        ("make_up_workdays", year.make_up_workdays),
    ):
        if strays := sorted(day for day in days if str(day.year) != name):
            raise ConfigError(f"{strays[0]} 不在 {name} 年", file=file, table=name, key=key)
    if both := sorted(year.holidays & year.make_up_workdays):
        message = f"{both[0]} 同时在 holidays 里"
        raise ConfigError(message, file=file, table=name, key="make_up_workdays")
    return year


def _targets(home: Path, tables: dict[str, Any]) -> dict[str, dict[str, object]]:
    file = "config/targets.toml"
    resolved = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError("每个发布目标是一个表，写成 [名称]", file=file, key=name)
        if not TARGET_NAME.fullmatch(name):
            raise ConfigError("名称只用小写字母、数字、- 和 _，字母开头", file=file, table=name)
        resolved[name] = {key: _secrets(home, name, key, value) for key, value in table.items()}
    return resolved


def _secrets(home: Path, table: str, key: str, value: object) -> object:
    """Return a value with the secrets in it resolved, also within tables and lists of tables."""
    if isinstance(value, str):
        return _secret(home, table, key, value)
    if isinstance(value, dict):
        return {name: _secrets(home, table, key, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_secrets(home, table, key, each) for each in value]
    return value


def _alarm(home: Path, own: Alarm) -> Alarm:
    """Return the table with its secret resolved; a mail that could never go out is refused."""
    place = {"file": "config/publisher.toml", "table": "alarm"}
    for key in ("mail_from", "smtp_host"):
        if own.mail_to and not getattr(own, key):
            raise ConfigError("写了 mail_to，这一项也要写", key=key, **place)
    if not own.smtp_password:
        return own
    place["key"] = "smtp_password"
    if not own.smtp_password.startswith(("env:", "file:")):
        raise ConfigError("密码不写在这里，请写成 env:名称 或 file:文件", **place)
    if own.smtp_security == "none":
        raise ConfigError("不加密的连接不能传密码，smtp_security 请用 starttls 或 tls", **place)
    return own.model_copy(update={"smtp_password": _resolved(home, own.smtp_password, place)})


def _secret(home: Path, table: str, key: str, value: str) -> str:
    """Return the value itself, or what an env: or file: reference stands for."""
    return _resolved(home, value, {"file": "config/targets.toml", "table": table, "key": key})


def _resolved(home: Path, value: str, place: Mapping[str, str]) -> str:
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if not os.environ.get(name):
            raise ConfigError(f"环境变量 {name} 没有设置", **place)
        return os.environ[name]
    if value.startswith("file:") and not value.startswith("file://"):  # that is an address
        path = home / value.removeprefix("file:")
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"读不出密钥文件 {path.name}", **place) from error
    return value
