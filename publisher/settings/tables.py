"""The tables of config/publisher.toml, with their defaults and limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Server(Table):
    """[server]"""

    host: str = "127.0.0.1"
    console_port: int = Field(default=8000, ge=1, le=65535)
    site_port: int = Field(default=8001, ge=1, le=65535)
    rehearsal_port: int = Field(default=0, ge=0, le=65535)
    database_url: str = "sqlite:///data/publisher.db"
    engine: Literal["embedded", "procrastinate"] = "embedded"
    console_url: str = ""


class College(Table):
    """[college]"""

    name: str = Field(default="泉州工程职业技术学院", min_length=1)
    code: str = Field(default="13771", pattern=r"^\d{5}$")


class Documents(Table):
    """[documents], sizes in MiB"""

    max_word_mb: float = Field(default=20, gt=0)
    max_attachment_mb: float = Field(default=50, gt=0)
    max_picture_mb: float = Field(default=10, gt=0)


class Screening(Table):
    """[screening]"""

    office_numbers: list[Annotated[str, Field(min_length=5)]] = Field(default_factory=list)


class Delivery(Table):
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


class SignIn(Table):
    """[sign_in]"""

    session_h: float = Field(default=10.0, gt=0)
    attempts_per_15_min: int = Field(default=10, ge=1)


ADDRESS = r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+"  # of mail


class Alarm(Table):
    """[alarm]"""

    min_free_mb: float = Field(default=500, ge=0)
    mail_to: list[Annotated[str, Field(pattern=f"^{ADDRESS}$")]] = []
    mail_from: str = Field(default="", pattern=f"^({ADDRESS})?$")
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)


class PublisherFile(Table):
    server: Server = Server()
    college: College = College()
    documents: Documents = Documents()
    screening: Screening = Screening()
    delivery: Delivery = Delivery()
    sign_in: SignIn = SignIn()
    alarm: Alarm = Alarm()
