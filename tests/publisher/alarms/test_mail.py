from __future__ import annotations

import dataclasses
import re
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from publisher import settings
from publisher.alarms import mail
from publisher.delivery.works import Works
from publisher.model.alarm import Alarm
from publisher.settings import Settings
from tests import mailbox as mailboxes
from tests import make
from tests.mailbox import HANG_UP, Mailbox
from tests.make import NINE

SINCE = NINE - timedelta(seconds=60)
PASSWORD = "sesame"


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return make.works(tmp_path, {})


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    started, server = mailboxes.start()
    yield started
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, mailbox: Mailbox) -> Settings:
    return configured(tmp_path, mailbox)


def configured(folder: Path, mailbox: Mailbox, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "mail_to": ["it@example.edu.cn", "office@example.edu.cn"],
        "mail_from": "yigao@example.edu.cn",
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox.port,
        "smtp_security": "none",
    }
    own = settings.Alarm(**(values | changes))
    return dataclasses.replace(settings.load(folder), alarm=own)


def alarm(works: Works, text: str = "磁盘只剩 0.4 GB", *, since: datetime = SINCE) -> int:
    with works.database.sessions.begin() as session:
        made = Alarm(key=f"disk {text}", since=since, text=text)
        session.add(made)
        session.flush()
        return made.id


def told_at(works: Works, alarm_id: int) -> datetime | None:
    with works.database.reads() as session:
        return session.get_one(Alarm, alarm_id).told_at


def after(**time: float) -> datetime:
    return NINE + timedelta(**time)


def test_all_that_is_wrong_goes_out_in_one_mail(
    works: Works, home: Settings, mailbox: Mailbox
) -> None:
    first, second = alarm(works), alarm(works, "数据库\n读写一次要 3 秒")

    mail.tell(works, home, now=NINE)

    [message] = mailbox.mails
    assert mailbox.recipients == [["it@example.edu.cn", "office@example.edu.cn"]]
    assert message["Subject"] == "【一稿告警】磁盘只剩 0.4 GB（共 2 项）"
    assert message["From"] == "yigao@example.edu.cn"
    assert message["Date"] == "Tue, 24 Nov 2026 09:00:00 +0800"
    assert message["Auto-Submitted"] == "auto-generated"
    [body] = mailbox.bodies
    assert "1. 磁盘只剩 0.4 GB" in body
    assert "2. 数据库 读写一次要 3 秒" in body
    assert "从 2026年11月24日 8:59 起" in body
    assert "http://127.0.0.1:8000/alarms" in body
    assert (told_at(works, first), told_at(works, second)) == (NINE, NINE)


def test_nobody_is_told_twice(works: Works, home: Settings, mailbox: Mailbox) -> None:
    alarm(works)

    for minutes in range(0, 120, 5):
        mail.tell(works, home, now=after(minutes=minutes))

    assert len(mailbox.mails) == 1


def test_a_flicker_tells_nobody(works: Works, home: Settings, mailbox: Mailbox) -> None:
    young = alarm(works, since=NINE - timedelta(seconds=59))
    mail.tell(works, home, now=NINE)
    with works.database.sessions.begin() as session:
        session.execute(update(Alarm).values(until=NINE))

    mail.tell(works, home, now=after(minutes=5))

    assert mailbox.mails == []
    assert told_at(works, young) is None


def test_what_comes_in_a_flood_waits_for_the_next_mail(
    works: Works, home: Settings, mailbox: Mailbox
) -> None:
    alarm(works)
    mail.tell(works, home, now=NINE)
    for number in range(5):
        alarm(works, f"告警 {number}", since=NINE)

    for minutes in range(1, 11):
        mail.tell(works, home, now=after(minutes=minutes))

    assert [str(message["Date"])[17:22] for message in mailbox.mails] == ["09:00", "09:10"]
    assert mailbox.bodies[1].count("告警 ") == 5


def test_the_first_after_a_quiet_time_goes_at_once(
    works: Works, home: Settings, mailbox: Mailbox
) -> None:
    alarm(works)
    mail.tell(works, home, now=NINE)
    alarm(works, "新的", since=after(minutes=20))

    mail.tell(works, home, now=after(minutes=21))

    assert len(mailbox.mails) == 2


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": "451 later"},
        {"RCPT": "550 nobody"},
        {"DATA": "554 no"},
        {"end of data": "452 full"},
        {"EHLO": HANG_UP},
    ],
)
def test_what_the_server_did_not_take_is_sent_later(
    works: Works, home: Settings, mailbox: Mailbox, answers: dict[str, str]
) -> None:
    number = alarm(works)
    mailbox.answers = answers
    mail.tell(works, home, now=NINE)
    untold = told_at(works, number)
    mailbox.answers = {}

    mail.tell(works, home, now=after(seconds=29))
    too_soon = len(mailbox.mails)
    mail.tell(works, home, now=after(seconds=30))

    assert (untold, too_soon) == (None, 0)
    assert len(mailbox.mails) == 1
    assert told_at(works, number) == after(seconds=30)


def test_a_lost_answer_sends_it_again_under_the_same_name(
    works: Works, home: Settings, mailbox: Mailbox
) -> None:
    alarm(works)
    mailbox.answers = {"end of data": HANG_UP}
    mail.tell(works, home, now=NINE)
    mailbox.answers = {}

    mail.tell(works, home, now=after(minutes=1))

    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_a_server_that_is_down_is_asked_less_and_less(
    works: Works, home: Settings, mailbox: Mailbox
) -> None:
    alarm(works)
    mailbox.answers = {"EHLO": "421 down", "HELO": "421 down"}

    for second in range(0, 3600, 15):
        mail.tell(works, home, now=after(seconds=second))

    assert mailbox.connections == 7  # after 30 s, 1, 2, 4, 8, 16 and 30 minutes


def test_the_wait_has_an_end() -> None:
    waits = [mail.retry_after(failures).total_seconds() for failures in (0, 1, 5, 6, 7, 10_000)]

    assert waits == [30, 60, 960, 1800, 1800, 1800]


def test_a_server_that_is_not_there_harms_nobody(works: Works, home: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        own = home.alarm.model_copy(update={"smtp_port": taken.getsockname()[1]})
        number = alarm(works)

        mail.tell(works, dataclasses.replace(home, alarm=own), now=NINE)

    assert told_at(works, number) is None


def test_a_clock_that_was_set_back_silences_nobody(
    works: Works, home: Settings, mailbox: Mailbox
) -> None:
    alarm(works, since=after(hours=9) - timedelta(minutes=2))
    mail.tell(works, home, now=after(hours=9))
    alarm(works, "新的")

    mail.tell(works, home, now=NINE)

    assert len(mailbox.mails) == 2


def test_without_addresses_no_mail_is_sent(works: Works, mailbox: Mailbox, tmp_path: Path) -> None:
    alarm(works)

    mail.tell(works, configured(tmp_path, mailbox, mail_to=[]), now=NINE)

    assert mailbox.connections == 0


def test_one_refused_address_keeps_no_other_from_being_told(
    works: Works, home: Settings, mailbox: Mailbox
) -> None:
    number = alarm(works)
    mailbox.refuses = "it@example.edu.cn"

    mail.tell(works, home, now=NINE)

    assert mailbox.recipients == [["office@example.edu.cn"]]
    assert told_at(works, number) == NINE


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_password_goes_over_an_encrypted_line_only(
    works: Works, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    certificate = mailboxes.certificate(tmp_path)
    mailbox, server = mailboxes.start(
        certificate=certificate, tls=security == "tls", starttls=security == "starttls"
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    account = {"smtp_security": security, "smtp_user": "yigao", "smtp_password": PASSWORD}
    alarm(works)

    mail.tell(works, configured(tmp_path, mailbox, **account), now=NINE)

    server.shutdown()
    server.server_close()
    assert mailbox.encrypted == [True]
    assert mailbox.logins == [("yigao", PASSWORD)]


@pytest.mark.parametrize("certified", [True, False])
def test_a_line_that_cannot_be_trusted_is_not_used(
    works: Works, tmp_path: Path, certified: bool
) -> None:
    certificate = mailboxes.certificate(tmp_path) if certified else None
    mailbox, server = mailboxes.start(certificate=certificate, starttls=certified)
    account = {"smtp_security": "starttls", "smtp_user": "yigao", "smtp_password": PASSWORD}
    alarm(works)

    mail.tell(works, configured(tmp_path, mailbox, **account), now=NINE)

    server.shutdown()
    server.server_close()
    assert mailbox.mails == []
    assert mailbox.logins == []


def test_a_refused_password_is_never_logged(
    works: Works, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = mailboxes.certificate(tmp_path)
    mailbox, server = mailboxes.start(certificate=certificate, tls=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailbox.answers = {"AUTH": f"535 {PASSWORD} is wrong"}
    account = {"smtp_security": "tls", "smtp_user": "yigao", "smtp_password": PASSWORD}
    alarm(works)

    with capture_logs() as logged:
        mail.tell(works, configured(tmp_path, mailbox, **account), now=NINE)

    server.shutdown()
    server.server_close()
    assert re.search("SMTPAuthenticationError", str(logged))
    assert PASSWORD not in str(logged)
