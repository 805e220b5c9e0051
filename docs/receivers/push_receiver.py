"""A receiver for signed notices, to be copied into a CMS: Python's standard library, one file.

    python push_receiver.py --folder /srv/notices --port 8090 --public http://cms.example.edu.cn \\
        --secret-file /etc/push.secret

It keeps notices and files, answers what it has, and shows each notice at /notice/N. What a CMS
does with a notice goes into `publish` and `take_back`. The contract: docs/outlets/push.md.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import html
import json
import re
import sqlite3
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CONTRACT = 1
TOLERANCE_S = 300  # between the sender's clock and ours
MOST_BYTES = 64 * 2**20
SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS notice (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE, identity TEXT, digest TEXT, state TEXT,
    data TEXT, reason TEXT DEFAULT '');
CREATE INDEX IF NOT EXISTS notice_identity ON notice (identity, state);
"""


class Refused(Exception):
    """What the sender is told: a status and a sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Shelf:
    """What has been received, in one folder."""

    def __init__(self, folder: Path, public: str) -> None:
        self.folder, self.public = folder, public.rstrip("/")
        (folder / "files").mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as base:
            base.executescript(SCHEMA)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "notices.db", timeout=20, isolation_level=None)

    def keep_file(self, digest: str, content: bytes) -> dict:
        if (
            not re.fullmatch("[0-9a-f]{64}", digest)
            or hashlib.sha256(content).hexdigest() != digest
        ):
            raise Refused(422, "文件的内容和它的摘要不一致")
        unfinished = self.folder / "files" / f".{digest}.{time.time_ns()}"
        unfinished.write_bytes(content)
        unfinished.replace(self.folder / "files" / digest)
        return {"sha256": digest}

    def publish(self, data: dict) -> dict:
        """Take a notice; the same key again changes nothing, a newer edition takes its place."""
        key, digest = str(data.get("key", "")), str(data.get("digest", ""))
        if (
            not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", key)
            or not str(data.get("title", "")).strip()
        ):
            raise Refused(422, "缺少 key 或标题")
        for each in data.get("files", []):
            if not (self.folder / "files" / str(each.get("sha256"))).is_file():
                raise Refused(422, f"还没有收到文件 {each.get('name')}")
        identity = str(data.get("index_number") or key)
        with closing(self._open()) as base:
            base.execute("BEGIN IMMEDIATE")
            row = base.execute("SELECT digest, state FROM notice WHERE key = ?", (key,)).fetchone()
            if row and row[0] != digest:
                base.execute("ROLLBACK")
                raise Refused(409, "这个 key 已经用于别的内容")
            if not row:
                base.execute(
                    "UPDATE notice SET state = 'replaced'"
                    " WHERE identity = ? AND state = 'published'",
                    (identity,),
                )
                base.execute(
                    "INSERT INTO notice (key, identity, digest, state, data)"
                    " VALUES (?, ?, ?, 'published', ?)",
                    (key, identity, digest, json.dumps(data, ensure_ascii=False)),
                )
            base.execute("COMMIT")
        return self.state(key)

    def take_back(self, data: dict) -> dict:
        key = str(data.get("key", ""))
        with closing(self._open()) as base:
            base.execute(
                "UPDATE notice SET state = 'withdrawn', reason = ?"
                " WHERE key = ? AND state = 'published'",
                (str(data.get("reason", "")), key),
            )
        return self.state(key)

    def state(self, key: str) -> dict:
        with closing(self._open()) as base:
            row = base.execute(
                "SELECT id, identity, digest, state FROM notice WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                return {"state": "unknown", "key": key}
            first = base.execute(
                "SELECT min(id) FROM notice WHERE identity = ?", (row[1],)
            ).fetchone()[0]
        url = f"{self.public}/notice/{first}"  # the address stays through all editions
        return {"state": row[3], "key": key, "digest": row[2], "id": str(row[0]), "url": url}

    def page(self, number: int) -> tuple[int, str]:
        with closing(self._open()) as base:
            row = base.execute(
                "SELECT data, state, reason FROM notice WHERE identity ="
                " (SELECT identity FROM notice WHERE id = ?) ORDER BY id DESC LIMIT 1",
                (number,),
            ).fetchone()
        if row is None:
            return 404, "没有这一页"
        if row[1] != "published":
            return 410, f"这条信息已撤回：{html.escape(row[2])}"
        data = json.loads(row[0])
        body = data["body_html"]  # cleaned by the sender, which the signature proves
        for each in data["files"]:
            body = body.replace(f'="media:{each["name"]}"', f'="/file/{each["sha256"]}"')
        links = "".join(
            f'<li><a href="/file/{each["sha256"]}" download="{html.escape(each["label"])}">'
            f"{html.escape(each['label'])}</a></li>"
            for each in data["files"]
            if each["role"] == "attachment"
        )
        title = html.escape(data["title"])
        return 200, (
            f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
            f"<h1>{title}</h1>{body}<ul>{links}</ul></html>"
        )


def verify(headers: dict, payload: bytes, secrets: list[bytes]) -> None:
    """Refuse what is not signed with one of the secrets, or was signed long ago."""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdecimal() or abs(time.time() - int(at)) > TOLERANCE_S:
        raise Refused(401, "时间戳不对，请校准时钟")
    for secret in secrets:
        expected = hmac.new(secret, f"{id}.{at}.".encode() + payload, hashlib.sha256).digest()
        for each in headers.get("webhook-signature", "").split():
            version, _, given = each.partition(",")
            good = base64.b64encode(expected).decode()
            if version == "v1" and hmac.compare_digest(good.encode(), given.encode()):
                return
    raise Refused(401, "签名不对")


class Handler(BaseHTTPRequestHandler):
    """Answers the sender at `path`, and readers elsewhere."""

    shelf: Shelf
    secrets: list[bytes]
    path_here: str
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0") or 0)
        if length > MOST_BYTES:
            self.close_connection = True
            self.tell(413, {"detail": "内容太大"})
            return
        body = self.rfile.read(length)
        self.answer(lambda query: self.take(query, body), body)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == self.path_here:
            self.answer(self.ask, parts.query.encode())
        else:
            self.show(parts.path)

    def answer(self, act, payload: bytes) -> None:
        try:
            if urlsplit(self.path).path != self.path_here:
                raise Refused(404, "没有这个地址")
            headers = {name.lower(): value for name, value in self.headers.items()}
            verify(headers, payload, self.secrets)
            self.tell(200, act(parse_qs(urlsplit(self.path).query)))
        except Refused as refused:
            self.tell(refused.status, {"detail": refused.detail})

    def take(self, query: dict, body: bytes) -> dict:
        if "file" in query:
            return self.shelf.keep_file(query["file"][0], body)
        try:
            message = json.loads(body)
            act, data = message["type"], message["data"]
            acts = {
                "notice.published": self.shelf.publish,
                "notice.withdrawn": self.shelf.take_back,
            }
            return acts[act](data)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(422, "内容不合约定") from None

    def ask(self, query: dict) -> dict:
        if "ping" in query:
            return {"state": "ready", "name": "push_receiver.py"}
        return self.shelf.state(query.get("key", [""])[0])

    def show(self, place: str) -> None:
        number = re.fullmatch("/notice/([0-9]{1,9})", place)
        digest = re.fullmatch("/file/([0-9a-f]{64})", place)
        file = self.shelf.folder / "files" / digest[1] if digest else None
        if number:
            status, text = self.shelf.page(int(number[1]))
            self.send(status, text.encode(), "text/html; charset=utf-8")
        elif file and file.is_file():
            self.send(200, file.read_bytes(), "application/octet-stream")
        else:
            self.send(404, "没有这一页".encode(), "text/plain; charset=utf-8")

    def tell(self, status: int, said: dict) -> None:
        body = json.dumps({"contract": CONTRACT, **said}, ensure_ascii=False).encode()
        self.send(status, body, "application/json")

    def send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--public", required=True, help="what readers type")
    parser.add_argument("--path", default="/receive")
    parser.add_argument("--secret-file", type=Path, required=True, help="one secret a line")
    given = parser.parse_args()
    lines = given.secret_file.read_text(encoding="ascii").split()
    secrets = [base64.b64decode(line.removeprefix("whsec_")) for line in lines]
    Handler.shelf = Shelf(given.folder, given.public)
    Handler.secrets, Handler.path_here = secrets, given.path
    ThreadingHTTPServer(("127.0.0.1", given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
