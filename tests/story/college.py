"""A college at work: the product as one real process, its people, and what the public sees."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docx
import requests
from docx.enum.text import WD_ALIGN_PARAGRAPH as Align

PATIENCE_S = 90.0  # what is slow here waits on purpose: a lease, two looks apart
TIMEOUT_S = 20.0
REVIEWERS = {"department": "王建国", "office": "陈敏", "secrecy": "郑涛"}
Json = dict[str, Any]


@dataclass
class College:
    """One installation of the demo, on ports of its own."""

    home: Path
    first_port: int
    process: subprocess.Popen[bytes] | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.first_port}"

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.first_port + 1}"

    @property
    def practice(self) -> str:
        return f"http://127.0.0.1:{self.first_port + 2}"

    # -- the process

    def start(self) -> None:
        """Start `publisher demo` and wait until it answers."""
        with (self.home.parent / "demo.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command(), "demo", "--first-port", str(self.first_port)],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        self.until(lambda: self._answers(), "the demo answers")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.home.parent / "demo.log").read_text()
        try:
            return requests.get(f"{self.console}/healthz", timeout=2).status_code in (200, 503)
        except requests.ConnectionError:
            return False

    def kill(self) -> None:
        """Kill it as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Stop it as an operator would."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_S)

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run a command of the command line beside the running process."""
        done = subprocess.run(
            [*self._command(), *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "publisher", "--home", str(self.home)]

    # -- people

    def call(self, method: str, path: str, *, by: str, expect: int = 200, **options: Any) -> Json:
        """Call the API as somebody."""
        if by not in self.tokens:
            self.tokens[by] = self.run("tokens", "create", "--person", by).strip()
        headers = {"Authorization": f"Bearer {self.tokens[by]}"}
        url = f"{self.console}/api/v1{path}"
        answer = requests.request(method, url, headers=headers, timeout=TIMEOUT_S, **options)
        assert answer.status_code == expect, answer.text
        body: Json = answer.json()
        return body

    def queue(self, notice: Path, *, to: str, **options: str) -> int:
        """Queue a Word notice by the command line and submit it; its number."""
        given = [part for key, value in options.items() for part in (f"--{key}", value)]
        told = self.run(
            "queue", str(notice), "--to", to, "--submit", "--as", "林晓", "--json", *given
        )
        return int(json.loads(told)[0]["id"])

    def approve(self, item: int) -> None:
        """Have three people read it and approve what they saw."""
        for stage, person in REVIEWERS.items():
            seen = self.item(item)["digest"]
            review = {"stage": stage, "verdict": "approve", "digest": seen, "opinion": "同意"}
            self.call("POST", f"/items/{item}/reviews", by=person, json=review, expect=201)

    def withdraw(self, item: int, reason: str) -> None:
        self.call("POST", f"/items/{item}/withdrawal", by="林晓", json={"reason": reason})

    def item(self, item: int) -> Json:
        return self.call("GET", f"/items/{item}", by="林晓")

    def states(self, item: int) -> dict[str, str]:
        """Return the state of each delivery by target and part."""
        found = self.item(item)["deliveries"]
        return {f"{one['target']} {one['part']}".strip(): one["state"] for one in found}

    # -- what the public sees

    def page(self, url: str) -> requests.Response:
        return requests.get(url, timeout=TIMEOUT_S, allow_redirects=False)

    def articles(self) -> list[Json]:
        """Return the articles that followers of the public account can open now."""
        seen = self.page(f"{self.practice}/wechat/_visible").json()["articles"]
        return [article for article in seen if not article["is_deleted"]]

    def notices(self, group: int) -> list[Json]:
        """Return the notices that members of a QQ group can see now."""
        seen = self.page(f"{self.practice}/onebot/_visible").json()["notices"]
        notices: list[Json] = {int(number): found for number, found in seen.items()}[group]
        return notices

    def on_screen(self, screen: str) -> list[Json]:
        """Return what the player of a screen is told to show now."""
        items: list[Json] = self.page(f"{self.site}/screen/{screen}/manifest.json").json()["items"]
        return items

    def fault(self, outlet: str, call: str, fault: str, **more: Any) -> None:
        """Switch a fault of a practice outlet on."""
        asked = {"call": call, "fault": fault, "times": 1} | more
        answer = requests.post(f"{self.practice}/{outlet}/_faults", json=asked, timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds, or fail with what it was."""
        end = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end, f"not within {PATIENCE_S:.0f} s: {what}"
            time.sleep(0.1)

    def until_all(self, item: int, state: str) -> None:
        self.until(lambda: set(self.states(item).values()) == {state}, f"all deliveries {state}")


def free_ports(count: int = 3) -> int:
    """Return the first of some neighbouring free ports."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, count):
        if all(_is_free(first + number) for number in range(count)):
            return first
    raise OSError("no free ports")


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@contextmanager
def college(folder: Path) -> Iterator[College]:
    """Run a college in a folder; its process is stopped at the end."""
    made = College(folder / "home", free_ports())
    made.start()
    try:
        yield made
    finally:
        made.stop()


def word_notice(folder: Path, *, title: str = "关于图书馆闭馆的通知") -> Path:
    """Write a small official notice as a Word file."""
    document = docx.Document()
    document.add_paragraph("泉工程院办〔2026〕50号").alignment = Align.CENTER
    document.add_paragraph(title).alignment = Align.CENTER
    document.add_paragraph("各部门、各二级学院：")
    document.add_paragraph("因消防检修，图书馆本周六闭馆一天，周日 8:00 恢复开放。")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(
        [cell for row in table.rows for cell in row.cells],
        ["日期", "安排", "周六", "闭馆"],
        strict=True,
    ):
        cell.text = words
    document.add_paragraph("党政办公室").alignment = Align.RIGHT
    document.add_paragraph("2026年11月23日").alignment = Align.RIGHT
    path = folder / "图书馆闭馆通知.docx"
    document.save(str(path))
    return path
