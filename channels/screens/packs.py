"""A package that a machine without network plays by itself: the player and its slides, as a ZIP.

It goes by the machine's own clock, reports nothing, and drops what is over.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

from channels.screens import player
from channels.screens.store import Entry
from publisher.channel import CAMPUS_TIME

NOTE = """《{called}》大屏离线包，{made_at:%Y-%m-%d %H:%M} 生成

1. 把整个文件夹拷到播放机上，换掉旧的。
2. 用浏览器打开 index.html，按 F11 全屏。
3. 播放机的时钟要准：内容按它开始和结束。
"""


def pack(
    called: str, slides: Sequence[tuple[Entry, Sequence[bytes]]], *, setting: player.Setting
) -> bytes:
    """Return the ZIP; `slides` are the entries of the screen with the PNGs of their pages."""
    now = datetime.now(UTC)
    manifest = {
        "version": 1,
        "items": [player.item(entry) for entry, _ in slides],
        "alert": None,
        "black_out": list(setting.black_out),
        "now": player.iso(now),
    }
    page = player.TEMPLATES.get_template("player.html").render(
        root=".",
        screen="pack",
        called=called,
        college=setting.college_name,
        poll_s=setting.poll_s,
        has_pairing=False,
        has_logo=False,
        is_pack=True,
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as made:
        made.writestr("index.html", page)
        made.writestr("说明.txt", NOTE.format(called=called, made_at=now.astimezone(CAMPUS_TIME)))
        text = json.dumps(manifest, ensure_ascii=False)
        made.writestr("static/pack.js", f"window.SCREEN_PACK = {text};\n")
        for name in ("player.css", "player.js"):
            made.writestr(f"static/{name}", (player.STATIC / name).read_bytes())
        pages = {
            f"files/{digest}.png": content
            for entry, each in slides
            for digest, content in zip(entry.files, each, strict=True)
        }
        for name, content in pages.items():
            made.writestr(name, content)
    return file.getvalue()
