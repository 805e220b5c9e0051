"""All settings of one installation, read and checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.errors import ConfigError
from publisher.settings import days, files, kinds, reviewing, targets
from publisher.settings.days import WorkingDays
from publisher.settings.kinds import Kinds
from publisher.settings.reviewing import Reviewing, Stage
from publisher.settings.tables import (
    Alarm,
    College,
    Delivery,
    Documents,
    PublisherFile,
    Screening,
    Server,
    SignIn,
)


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
    reviewing: Reviewing
    targets: Mapping[str, Mapping[str, object]] = field(repr=False)  # secrets resolved
    disclosure_list: Mapping[str, Any] = field(repr=False)  # its file as it stands
    kinds: Kinds = field(default_factory=Kinds)
    working_days: WorkingDays = field(default_factory=dict, repr=False)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages of review that there are."""
        return self.reviewing.stages

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


def load(home: Path, *, with_targets: bool = True) -> Settings:
    """Read and check everything; the first mistake is a ConfigError with file, table and key.

    Without targets no secret is needed.
    """
    own = files.model(
        PublisherFile, files.read(home, "publisher.toml"), file="config/publisher.toml"
    )
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
        reviewing=reviewing.reviewing(home),
        targets=targets.targets(home) if with_targets else {},
        disclosure_list=files.read(home, "disclosure-list.toml"),
        kinds=kinds.kinds(home),
        working_days=days.working_days(home),
    )


def check_engine(server: Server) -> None:
    """Refuse workers on a database that has one process only."""
    if server.engine == "procrastinate" and not server.database_url.startswith("postgresql"):
        raise ConfigError(
            "procrastinate 要用 PostgreSQL，请把 database_url 写成 postgresql://…，或用 embedded",
            file="config/publisher.toml",
            table="server",
            key="engine",
        )


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
    return own.model_copy(
        update={"smtp_password": targets.resolved(home, own.smtp_password, place)}
    )
