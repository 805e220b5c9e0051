"""Word to people: the alarms that are open, in one mail.

The ledger says who has been told what. It is written after the mail server took the mail, so a
lost answer may send the same mail twice, under the same Message-ID; none is ever left out.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from publisher.channel import CAMPUS_TIME
from publisher.delivery.works import Works
from publisher.model.alarm import Alarm
from publisher.model.target import ShelfRow
from publisher.schedule import times
from publisher.settings import Alarm as MailSettings
from publisher.settings import Settings

log = structlog.get_logger()

SETTLED = timedelta(seconds=60)  # what is over sooner tells nobody
GAP = timedelta(minutes=10)  # between two mails; the first after a quiet time goes at once
FIRST_RETRY_S = 30.0  # doubled each time
LONGEST_RETRY_S = 1800.0
TIMEOUT_S = 20.0  # for each answer of the mail server
SUBJECT = 40  # characters of the first alarm
ROW = "alarms/mail"  # where the shelf keeps when the next mail may go, and how often it failed


def tell(works: Works, settings: Settings, *, now: datetime) -> int:
    """Mail the alarms that nobody was told of; return how many. Slow: it speaks to a server."""
    own = settings.alarm
    if not own.mail_to:
        return 0
    with works.database.reads() as session:
        row = session.get(ShelfRow, ROW)
        untold = _untold(session, now=now) if _may_try(row, now=now) else []
    if not untold:
        return 0
    failures = int(row.value or 0) if row else 0
    try:
        send(own, digest(untold, settings, now=now))
    except (OSError, smtplib.SMTPException) as error:
        # no word of the server's: it may repeat what it was told
        log.error("no mail went out", error=type(error).__name__, tries=failures + 1)
        _wait(works, failures + 1, until=now + retry_after(failures))
        return 0
    _told(works, untold, now=now)
    return len(untold)


def _may_try(row: ShelfRow | None, *, now: datetime) -> bool:
    wait = (row.ends_at - now) if row and row.ends_at else timedelta()
    return wait <= timedelta() or wait > timedelta(seconds=LONGEST_RETRY_S)  # clock was set back


def retry_after(failures: int) -> timedelta:
    """Return how long to leave a mail server alone that has failed so often before. Pure."""
    return timedelta(seconds=min(FIRST_RETRY_S * 2.0 ** min(failures, 10), LONGEST_RETRY_S))


def _untold(session: Session, *, now: datetime) -> Sequence[Alarm]:
    return session.scalars(
        select(Alarm)
        .where(Alarm.until.is_(None), Alarm.told_at.is_(None), Alarm.since <= now - SETTLED)
        .order_by(Alarm.since, Alarm.id)
    ).all()


def digest(alarms: Sequence[Alarm], settings: Settings, *, now: datetime) -> EmailMessage:
    """Return one mail about all of them. Pure."""
    own, college = settings.alarm, settings.college.name
    texts = [" ".join(alarm.text.split()) for alarm in alarms]
    first = texts[0] if len(texts[0]) <= SUBJECT else f"{texts[0][:SUBJECT]}…"
    more = f"（共 {len(texts)} 项）" if len(texts) > 1 else ""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"【一稿告警】{first}{more}"
    message["From"], message["To"] = own.mail_from, ", ".join(own.mail_to)
    message["Date"] = format_datetime(now.astimezone(CAMPUS_TIME))
    names = "-".join(str(alarm.id) for alarm in alarms[:20])
    message["Message-ID"] = f"<alarm-{names}@{_domain(own)}>"
    message["Auto-Submitted"] = "auto-generated"
    listed = [
        f"{number}. {text}\n   从 {times.say(alarm.since)} 起\n"
        for number, (alarm, text) in enumerate(zip(alarms, texts, strict=True), start=1)
    ]
    lines = [
        f"{college}的一稿有 {len(texts)} 项需要处理：\n",
        *listed,
        f"现在的情况：{settings.console_url}/alarms",
        "同一项只发一次邮件；10 分钟内新出现的合在下一封里。本邮件由程序发出，请勿回复。",
    ]
    message.set_content("\n".join(lines), charset="utf-8", cte="base64")
    return message


def _domain(own: MailSettings) -> str:
    return own.mail_from.rpartition("@")[2]


def send(own: MailSettings, message: EmailMessage) -> None:
    """Hand a mail to the server; OSError or SMTPException where it was not taken."""
    context = ssl.create_default_context()
    host, port, name = own.smtp_host, own.smtp_port, _domain(own)
    server = (
        smtplib.SMTP_SSL(host, port, name, timeout=TIMEOUT_S, context=context)
        if own.smtp_security == "tls"
        else smtplib.SMTP(host, port, name, timeout=TIMEOUT_S)
    )
    try:
        if own.smtp_security == "starttls":
            server.starttls(context=context)
        if own.smtp_user:
            server.login(own.smtp_user, own.smtp_password)
        refused = server.send_message(message)
    finally:
        server.close()  # no QUIT: the mail is out, and a server that hangs must not undo that
    if refused:
        log.warning("some were not told", refused=len(refused))


def _wait(works: Works, failures: int, *, until: datetime) -> None:
    with works.database.sessions.begin() as session:
        session.merge(ShelfRow(key=ROW, value=str(failures), ends_at=until))


def _told(works: Works, alarms: Sequence[Alarm], *, now: datetime) -> None:
    ids = [alarm.id for alarm in alarms]
    with works.database.sessions.begin() as session:
        session.execute(update(Alarm).where(Alarm.id.in_(ids)).values(told_at=now))
        session.merge(ShelfRow(key=ROW, value="0", ends_at=now + GAP))
    log.info("people were told", alarms=len(ids))
