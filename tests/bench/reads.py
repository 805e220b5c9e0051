"""How many readers a second: an item page and a player's list, beside nginx with the same bytes.

`python -m tests.bench.reads [--seconds N]`. Both servers stand on the loopback of this machine and
share its cores with the client, wrk (Debian packages `nginx-light` and `wrk`). What readers mostly
get, 304 for a page that they know, is measured too.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from channels.screens import Screens
from channels.website import Website
from publisher.channel import Content
from tests.bench.measure import FellShortError, machine, ratio, rounds, show, table
from tests.channels.website.copies.servers import free_port, wait_for
from tests.channels.website.notices import NOTICE

CONNECTIONS = 32
ROUNDS = 3
SERVER = """
import sys, uvicorn
from pathlib import Path
from starlette.applications import Starlette
from starlette.routing import Mount
from channels.screens import Screens
from channels.website import Website
folder, port = Path(sys.argv[1]), int(sys.argv[2])
url = f"http://127.0.0.1:{port}"
site = Website(base_url=url, folder=folder / "site")
screens = Screens(base_url=url, screens=("library",), folder=folder / "screens", pairing=False)
app = Starlette(routes=[Mount("/screen", screens.pages()), Mount("/", site.pages())])
uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")
"""
NGINX = """
worker_processes auto; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; types {{ text/html html; application/json json; }}
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}
"""
PAGE = "info/2026/13771-0307-2026-0001.html"


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


def requests_a_second(url: str, seconds: int, *, tag: str = "") -> float:
    """Return what wrk counts; FellShortError where not every answer is a good one."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    if tag:
        command += ["-H", f"If-None-Match: {tag}"]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said and not tag:
        raise FellShortError(f"{url} answers errors")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None:
        raise FellShortError(said)
    return float(found[1])


def fill(folder: Path, port: int) -> None:
    """Publish a notice and put ten slides on a screen."""
    url = f"http://127.0.0.1:{port}"
    site = Website(base_url=url, folder=folder / "site")
    site.deliver(site.render(NOTICE), key="delivery-1")
    screens = Screens(base_url=url, screens=("library",), folder=folder / "screens", pairing=False)
    for number in range(10):
        content = Content(title=f"第{number}号通知", body="<p>周六停水。</p>")
        screens.deliver(screens.render(content), key=f"delivery-{number}")


def measure(folder: Path, seconds: int) -> None:
    """Measure both in turn, and print the ratios."""
    ours, theirs = free_port(), free_port()
    fill(folder, ours)
    www = folder / "www"
    www.mkdir()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=theirs), encoding="utf-8")
    with running([sys.executable, "-c", SERVER, str(folder), str(ours)], ours):
        for name, path in (("page.html", PAGE), ("list.json", "screen/library/manifest.json")):
            answer = requests.get(f"http://127.0.0.1:{ours}/{path}", timeout=10)
            (www / name).write_bytes(answer.content)
        page, tag = (www / "page.html").stat().st_size, answer.headers["ETag"]
        with running(["nginx", "-p", str(folder), "-c", str(config)], theirs):
            time.sleep(0.5)
            base = f"http://127.0.0.1:{ours}"
            found = rounds(
                {
                    "nginx, the page": lambda: requests_a_second(
                        f"http://127.0.0.1:{theirs}/page.html", seconds
                    ),
                    "ours, the page": lambda: requests_a_second(f"{base}/{PAGE}", seconds),
                    "nginx, the list": lambda: requests_a_second(
                        f"http://127.0.0.1:{theirs}/list.json", seconds
                    ),
                    "ours, the list": lambda: requests_a_second(
                        f"{base}/screen/library/manifest.json", seconds
                    ),
                    "ours, a list that is known": lambda: requests_a_second(
                        f"{base}/screen/library/manifest.json", seconds, tag=tag
                    ),
                },
                ROUNDS,
            )
    rows = [
        ("item page", ratio(found, "ours, the page", "nginx, the page")),
        ("list of a player", ratio(found, "ours, the list", "nginx, the list")),
        ("the same, known (304)", ratio(found, "ours, a list that is known", "nginx, the list")),
    ]
    show(f"a page of {page:,} bytes, {CONNECTIONS} connections, {seconds} s a round")
    show(table(("", "ours ÷ nginx"), rows))
    for name, values in found.items():
        show(f"{name}: {max(values):,.0f} a second at best")


def main() -> None:
    """Run where nginx and wrk are here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    given = parser.parse_args()
    for program, package in (("nginx", "nginx-light"), ("wrk", "wrk")):
        if shutil.which(program) is None:
            show(f"{program} is not here: apt-get install {package}")
            return
    show(machine())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # nginx's workers are another user
        measure(Path(folder), given.seconds)


if __name__ == "__main__":
    main()
