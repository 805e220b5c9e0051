"""Notices for the tests of the patrol."""

from __future__ import annotations

from datetime import date

from publisher.screening.wording import Notice, patrol

TODAY = date(2026, 11, 27)


def notice(
    body: str = "<p>特此通知。</p>",
    *,
    title: str = "关于开会的通知",
    kind: str = "通知",
    attachments: tuple[str, ...] = (),
    issued_on: date | None = TODAY,
    today: date = TODAY,
) -> Notice:
    return Notice(
        title=title,
        body=body,
        kind=kind,
        attachments=attachments,
        issued_on=issued_on,
        today=today,
    )


def paragraphs(text: str) -> str:
    return "".join(f"<p>{line}</p>" for line in text.split("\n"))


def rules(notice: Notice) -> list[str]:
    return [found.rule for found in patrol(notice)]


def slips_of(text: str) -> list[str]:
    """Return the rules that a body of plain lines breaks."""
    return rules(notice(paragraphs(text)))
