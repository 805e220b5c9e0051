"""A valid notice to change what matters in, and ways to look at a folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from channels.website import Website
from publisher.channel import Attachment, Content, Image, Receipt
from tests.channels.test_contract import DOT

NOTICE = Content(
    title="关于2026—2027学年收费项目和标准的公示",
    body="<p>现将收费项目和标准公示如下。</p>",
    summary="学费、住宿费和服务性收费的标准。",
    kind="公示",
    category="0307",
    category_name="收费项目、收费依据、收费标准及投诉方式",
    department="财务处",
    document_number="泉工程院财〔2026〕9号",
    index_number="13771-0307-2026-0001",
    issued_on=date(2026, 8, 28),
)
ILLUSTRATED = replace(
    NOTICE,
    body='<p>流程见图。</p><p><img src="media:1a2b.png" alt="缴费流程"></p>',
    images=(Image(name="1a2b.png", file=DOT, media_type="image/png", alt="缴费流程"),),
    attachments=(Attachment(name="收费 标准.pdf", file=b"%PDF-1.7", media_type="application/pdf"),),
)


def numbered(serial: int, content: Content = NOTICE) -> Content:
    """Return the notice with another serial number and title."""
    index_number = content.index_number[:-4] + f"{serial:04}"
    return replace(content, index_number=index_number, title=f"第{serial}号公示")


def deliver(website: Website, content: Content = NOTICE, *, key: str = "delivery-1") -> Receipt:
    return website.deliver(website.render(content), key=key)


def public(website: Website) -> Path:
    return website.folder / "public"


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written, by its path."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
