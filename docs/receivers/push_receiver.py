"""A receiver for signed notices, to be copied into a CMS: Python's standard library, one file.

    python3 push_receiver.py --folder /srv/notices --port 8090 --secret-file /etc/push.secret \\
        --public https://cms.example.edu.cn

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
import os
import re
import sqlite3
import time
import traceback
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CONTRACT = 1
TOLERANCE_S = 300  # between the sender's clock and ours
KEY, SHA256 = r"[A-Za-z0-9._-]{1,100}", "[0-9a-f]{64}"
TEXTS = ("key", "digest", "title", "body_html", "index_number")  # without these nothing is shown
PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS notice (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE, identity TEXT, digest TEXT, state TEXT,
    sent_at TEXT, data TEXT, reason TEXT DEFAULT '');
CREATE INDEX IF NOT EXISTS notice_identity ON notice (identity);
"""


class Refused(Exception):
    """What the sender is told: a status and a sentence."""

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status, self.detail = status, detail


def require(is_right, detail, status=422):
    if not is_right:
        raise Refused(status, detail)


class Archive:
    """What has been received, in one folder."""

    def __init__(self, folder, public):
        self.files, self.database = folder / "files", folder / "notices.db"
        self.public = public.rstrip("/")
        self.files.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.database)) as base:
            base.executescript(SCHEMA)

    @contextmanager
    def writing(self):
        """One writer at a time: four calls with one key make one notice."""
        with closing(sqlite3.connect(self.database, timeout=20, isolation_level=None)) as base:
            base.execute("BEGIN IMMEDIATE")
            yield base
            base.execute("COMMIT")  # closed without it, nothing has happened

    def row(self, query, *values):
        with closing(sqlite3.connect(self.database, timeout=20)) as base:
            return base.execute(query, values).fetchone()

    def keep_file(self, digest, content):
        require(
            re.fullmatch(SHA256, digest) and hashlib.sha256(content).hexdigest() == digest,
            "文件的内容和它的摘要不一致",
        )
        unfinished = self.files / f".{digest}.{os.getpid()}.{time.time_ns()}"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.files / digest)
        return 200, {"sha256": digest}

    def publish(self, sent_at, data):
        """Take a notice; the same key again changes nothing, a newer edition takes its place."""
        for name in TEXTS:
            require(isinstance(data.get(name), str), f"缺少 {name}")
        key, digest = data["key"], data["digest"]
        require(data["title"].strip() and data["body_html"].strip(), "标题或正文是空的")
        require(re.fullmatch(SHA256, digest), "digest 应是 64 位小写十六进制数")
        for file in [*data["images"], *data["attachments"]]:
            require(re.fullmatch(SHA256, file["sha256"]), "sha256 应是 64 位小写十六进制数")
            require((self.files / file["sha256"]).is_file(), f"还没有收到文件 {file['name']}")
        identity, status = data["index_number"] or key, 200
        with self.writing() as base:
            known = base.execute("SELECT digest FROM notice WHERE key = ?", (key,)).fetchone()
            require(not known or known[0] == digest, "这个 key 已经用于别的内容", status=409)
            if not known:
                newest = base.execute(
                    "SELECT max(sent_at) FROM notice WHERE identity = ?", (identity,)
                ).fetchone()[0]
                is_late = newest is not None and newest > sent_at  # overtaken on its way
                if not is_late:
                    base.execute(
                        "UPDATE notice SET state = 'replaced'"
                        " WHERE identity = ? AND state = 'published'",
                        (identity,),
                    )
                base.execute(
                    "INSERT INTO notice (key, identity, digest, state, sent_at, data)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (key, identity, digest, "replaced" if is_late else "published", sent_at,
                     json.dumps(data, ensure_ascii=False)),
                )  # fmt: skip
                status = 201
        return status, self.state(key)[1]

    def take_back(self, sent_at, data):
        with self.writing() as base:
            base.execute(
                "UPDATE notice SET state = 'withdrawn', reason = ?"
                " WHERE key = ? AND state = 'published'",
                (str(data.get("reason", "")), data["key"]),
            )
        return self.state(data["key"])

    def state(self, key):
        row = self.row(
            "SELECT id, digest, state, (SELECT min(id) FROM notice AS first"
            " WHERE first.identity = notice.identity) FROM notice WHERE key = ?",
            key,
        )
        if row is None:
            return 404, {"state": "unknown", "key": key}
        url = f"{self.public}/notice/{row[3]}"  # the address stays through all editions
        return 200, {"state": row[2], "key": key, "digest": row[1], "id": str(row[0]), "url": url}

    def page(self, number):
        row = self.row(
            "SELECT data, state, reason FROM notice WHERE identity ="
            " (SELECT identity FROM notice WHERE id = ?)"
            " ORDER BY state = 'published' DESC, sent_at DESC, id DESC LIMIT 1",
            number,
        )
        if row is None:
            return 404, "没有这一页"
        if row[1] != "published":
            return 410, f"这条信息已撤回：{html.escape(row[2])}"
        data = json.loads(row[0])
        title, body = html.escape(data["title"]), data["body_html"]  # cleaned by the sender
        for file in data["images"]:
            body = body.replace(f'="media:{file["name"]}"', f'="/file/{file["sha256"]}"')
        links = "".join(
            f'<li><a href="/file/{file["sha256"]}" download="{html.escape(file["name"])}">'
            f"{html.escape(file['name'])}</a></li>"
            for file in data["attachments"]
        )
        return 200, (
            f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
            f"<h1>{title}</h1>{body}<ul>{links}</ul></html>"
        )


def verify(headers, payload, secrets):
    """Return the id of a call; refuse what no secret of ours signed, or signed long ago."""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    require(re.fullmatch("[0-9]{1,12}", at), "没有签名", status=401)
    require(abs(time.time() - int(at)) <= TOLERANCE_S, "时间戳过期，请校准两边的时钟", status=401)
    given = headers.get("webhook-signature", "").encode().split()
    for secret in secrets:
        made = hmac.new(secret, f"{id}.{at}.".encode() + payload, hashlib.sha256).digest()
        good = b"v1," + base64.b64encode(made)
        if sum(hmac.compare_digest(good, each) for each in given):  # all, in constant time
            return id
    raise Refused(401, "签名不对，请核对两边的密钥")


class Handler(BaseHTTPRequestHandler):
    """Answers the sender at `place`, and readers elsewhere."""

    protocol_version, timeout = "HTTP/1.1", 60
    archive = secrets = place = most_bytes = None  # set by main

    def do_POST(self):
        self.answer(self.take)

    def do_GET(self):
        if urlsplit(self.path).path == self.place:
            self.answer(self.ask)
        else:
            self.show(urlsplit(self.path).path)

    def answer(self, act):
        try:
            status, said = act(parse_qs(urlsplit(self.path).query))
        except Refused as refused:
            status, said = refused.status, {"detail": refused.detail}
        except Exception:  # noqa: BLE001  # whatever it was, the sender gets an answer
            traceback.print_exc()
            status, said = 500, {"detail": "接收程序出错，请看它的日志"}
        said = json.dumps({"contract": CONTRACT, **said}, ensure_ascii=False)
        self.send(status, said.encode(), "application/json; charset=utf-8")

    def take(self, query):
        self.close_connection = True  # unless all of the body has been read
        length = self.headers.get("Content-Length", "")
        require(re.fullmatch("[0-9]{1,12}", length), "缺少 Content-Length", status=411)
        require(int(length) <= self.most_bytes, f"一次最多 {self.most_bytes} 字节", status=413)
        body = self.rfile.read(int(length))
        self.close_connection = False
        require(urlsplit(self.path).path == self.place, "没有这个地址", status=404)
        id = verify(self.headers, body, self.secrets)
        # the id is signed: a file's bytes cannot be sent again as a notice, nor the other way
        if id.startswith("file."):
            require(query.get("file") == [id[5:]], "webhook-id 和地址不一致")
            return self.archive.keep_file(id[5:], body)
        try:
            message = json.loads(body)
            data, act = message["data"], message["type"].removeprefix("notice.")
            acts = {"published": self.archive.publish, "withdrawn": self.archive.take_back}
            require(re.fullmatch(KEY, data["key"]), "key 里有不允许的字符")
            require(id == f"{data['key']}.{act}" and act in acts, "webhook-id 和内容不一致")
            return acts[act](str(message["timestamp"]), data)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(422, "内容不合约定") from None

    def ask(self, query):
        verify(self.headers, urlsplit(self.path).query.encode(), self.secrets)
        if "ping" in query:
            ours = {"time": int(time.time()), "max_bytes": self.most_bytes}
            return 200, {"state": "ready", "name": "push_receiver.py", **ours}
        return self.archive.state(query.get("key", [""])[0])

    def show(self, place):
        number, digest = re.fullmatch(r"/notice/(\d{1,9})", place), place.removeprefix("/file/")
        file = self.archive.files / digest if re.fullmatch(SHA256, digest) else None
        if number:
            status, text = self.archive.page(int(number[1]))
            self.send(status, text.encode(), "text/html; charset=utf-8")
        elif file and file.is_file():
            content = file.read_bytes()
            kinds = [kind for start, kind in PICTURES.items() if content.startswith(start)]
            self.send(200, content, kinds[0] if kinds else "application/octet-stream")
        else:
            self.send(404, "没有这一页".encode(), "text/plain; charset=utf-8")

    def send(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="a web server with HTTPS stands before")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--public", required=True, help="what readers type before /notice/1")
    parser.add_argument("--path", default="/receive")
    parser.add_argument("--max-mb", type=int, default=32, help="of one call")
    parser.add_argument("--secret-file", type=Path, required=True, help="one secret a line")
    given = parser.parse_args()
    lines = given.secret_file.read_text(encoding="ascii").split()
    Handler.secrets = [
        base64.b64decode(line.removeprefix("whsec_"), validate=True) for line in lines
    ]
    if not lines or min(map(len, Handler.secrets)) < 24:
        parser.error("the secret file needs lines with whsec_ and the Base64 of 24 bytes or more")
    Handler.archive, Handler.place = Archive(given.folder, given.public), given.path
    Handler.most_bytes = given.max_mb * 2**20
    ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
