"""What the platform tells by itself: events posted to the address that the account has entered.

Source: the page on receiving event pushes, and the two events of publishing. Only addresses of this
machine are called. An event that is not answered with `success` in 5 s comes three times more.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from wechatpy.crypto import WeChatCrypto

from channels.rehearsal.records import Records
from channels.rehearsal.wechat.desk import Settings

SCHEMA = """
CREATE TABLE IF NOT EXISTS told (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, event TEXT NOT NULL, job INTEGER NOT NULL,
    answer TEXT NOT NULL);
"""
TRIES = 4  # the first, and three repeats
ANSWER_S = 5.0
BETWEEN_S = 0.2  # the platform's own gaps are not published
HERE = {"127.0.0.1", "localhost", "::1"}
SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event, to be told so many seconds from now."""

    name: str
    job: int
    body: str  # the elements that only this event has
    after_s: float


def mass_finished(
    job: int, *, status: str, urls: Sequence[str], after_s: float, sent: int = 1
) -> Event:
    """Return MASSSENDJOBFINISH."""
    items = "".join(
        f"<item><ArticleIdx>{place}</ArticleIdx><ArticleUrl><![CDATA[{url}]]></ArticleUrl></item>"
        for place, url in enumerate(urls, start=1)
    )
    body = (
        f"<MsgID>{job}</MsgID><Status><![CDATA[{status}]]></Status><TotalCount>{sent}</TotalCount>"
        f"<FilterCount>{sent}</FilterCount><SentCount>{sent}</SentCount><ErrorCount>0</ErrorCount>"
        "<CopyrightCheckResult><Count>0</Count><ResultList></ResultList><CheckState>1</CheckState>"
        f"</CopyrightCheckResult><ArticleUrlResult><Count>{len(urls)}</Count>"
        f"<ResultList>{items}</ResultList></ArticleUrlResult>"
    )
    return Event(name="MASSSENDJOBFINISH", job=job, body=body, after_s=after_s)


def publish_finished(
    job: int, *, status: int, article_id: str, urls: Sequence[str], after_s: float
) -> Event:
    """Return PUBLISHJOBFINISH."""
    items = "".join(
        f"<item><idx>{place}</idx><article_url><![CDATA[{url}]]></article_url></item>"
        for place, url in enumerate(urls, start=1)
    )
    told = f"<publish_id>{job}</publish_id><publish_status>{status}</publish_status>"
    if status == 0:
        told += (
            f"<article_id><![CDATA[{article_id}]]></article_id>"
            f"<article_detail><count>{len(urls)}</count>{items}</article_detail>"
        )
    else:
        told += "<fail_idx>1</fail_idx>"
    body = f"<PublishEventInfo>{told}</PublishEventInfo>"
    return Event(name="PUBLISHJOBFINISH", job=job, body=body, after_s=after_s)


def tell(records: Records, settings: Settings, events: Sequence[Event]) -> None:
    """Post events in the background, where the account has entered an address of this machine."""
    if not settings.callback_url or urlsplit(settings.callback_url).hostname not in HERE:
        return
    for event in events:
        call = threading.Thread(target=_tell, args=(records, settings, event), daemon=True)
        call.start()


def _tell(records: Records, settings: Settings, event: Event) -> None:
    time.sleep(event.after_s)
    created = int(time.time() + settings.clock_offset_s)
    words = (
        "<xml><ToUserName><![CDATA[gh_demo]]></ToUserName>"
        "<FromUserName><![CDATA[oHelper]]></FromUserName>"
        f"<CreateTime>{created}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[{event.name}]]></Event>{event.body}</xml>"
    )
    wanted = 1 + settings.callback_repeats
    for _ in range(TRIES):
        answer = _post(settings, words)
        _keep(records, event, answer)
        wanted -= answer == "success"
        if wanted <= 0:
            return
        time.sleep(BETWEEN_S)


def _post(settings: Settings, words: str) -> str:
    """Make one call, signed anew as the platform does; return what was answered."""
    stamp, nonce = str(int(time.time())), secrets.token_hex(5)
    query = {"timestamp": stamp, "nonce": nonce}
    query["signature"] = _signature(settings.callback_token, stamp, nonce)
    if settings.callback_aes_key:
        crypto = WeChatCrypto(settings.callback_token, settings.callback_aes_key, settings.appid)
        sealed = crypto.encrypt_message(words, nonce, stamp)
        secret = sealed.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
        query["encrypt_type"] = "aes"
        query["msg_signature"] = _signature(settings.callback_token, stamp, nonce, secret)
        words = f"<xml><Encrypt><![CDATA[{secret}]]></Encrypt></xml>"
    try:
        answer = requests.post(
            f"{settings.callback_url}?{urlencode(query)}",
            data=words.encode(),
            timeout=ANSWER_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        return type(error).__name__
    return answer.text[:100] if answer.status_code == 200 else f"HTTP {answer.status_code}"


def _signature(*words: str) -> str:
    return hashlib.sha1("".join(sorted(words)).encode()).hexdigest()


def _keep(records: Records, event: Event, answer: str) -> None:
    with records.transaction() as connection:
        connection.execute(
            "INSERT INTO told (at, event, job, answer) VALUES (?, ?, ?, ?)",
            (time.time(), event.name, event.job, answer),
        )


def latest(records: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the last calls, newest first."""
    rows = records.execute("SELECT * FROM told ORDER BY id DESC LIMIT ?", (SHOWN,)).fetchall()
    return [dict(row) for row in rows]
