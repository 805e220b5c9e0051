"""A OneBot server with one bot in one group, that answers by action, on a real socket."""

from __future__ import annotations

import html
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GROUP = 123456789
BOT = 10001
TOKEN = "sesame-4711"
NAMES = {"napcat": "NapCat.Onebot", "llbot": "LLOneBot", "snowluma": "SnowLuma"} | {
    "lagrange": "Lagrange.OneBot",
    "gocq": "go-cqhttp",
}
DELETES = {"llbot": "_delete_group_notice"}
Answer = tuple[int, object]


def ok(found: object = None) -> dict[str, object]:
    """An answer that says yes."""
    return {"status": "ok", "retcode": 0, "data": found}


def failed(text: str, retcode: int = 200) -> dict[str, object]:
    """An answer that says no, as NapCat and LLBot word it."""
    return {
        "status": "failed",
        "retcode": retcode,
        "data": None,
        "message": text,
        "wording": text,
    }


@dataclass
class Server:
    """State that a test sets, and what came in."""

    profile: str = "napcat"
    url: str = ""
    online: bool = True
    role: str | None = "admin"
    muted_until_s: object = 0
    groups: list[int] = field(default_factory=lambda: [GROUP])
    notices: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)  # in place of doing anything
    loses: set[str] = field(default_factory=set)  # done, then the line is cut
    ignores: set[str] = field(default_factory=set)  # says yes, does nothing
    escapes: bool = False  # lists texts as QQ is said to
    next_id: int = 0

    def sent(self, action: str) -> list[dict[str, Any]]:
        """The parameters of all calls of one action."""
        return [params for name, params in self.calls if name == action]

    def publish(self, text: str, *, sender: int = BOT, at_s: int | None = None) -> str:
        """Put a notice up, and return its id."""
        self.next_id += 1
        notice = {
            "notice_id": f"fid{self.next_id:029}",
            "sender_id": sender,
            "publish_time": int(time.time()) if at_s is None else at_s,
            "message": {"text": text, "images": []},
        }
        if self.profile in ("napcat", "snowluma"):
            notice["read_num"] = 12
        self.notices.insert(0, notice)
        return str(notice["notice_id"])

    def answer(self, action: str, params: dict[str, Any]) -> Answer:
        """Do what was asked, and answer as this profile does."""
        if action in self.answers:
            return self.answers[action]
        if action == "_send_group_notice":
            return 200, self._send(action, params)
        if action == DELETES.get(self.profile, "_del_group_notice"):
            return 200, self._delete(action, params)
        known = {
            "get_status": {"online": self.online, "good": True, "stat": {}},
            "get_login_info": {"user_id": BOT, "nickname": "校园通知"},
            "get_version_info": {"app_name": NAMES[self.profile], "app_version": "4.18.19"},
            "get_group_list": [{"group_id": g, "group_name": f"群{g}"} for g in self.groups],
            "get_group_member_info": {"role": self.role, "shut_up_timestamp": self.muted_until_s},
            "_get_group_notice": self._listed(),
        }
        if action in known:
            return 200, ok(known[action])
        return (404 if self.profile == "llbot" else 200), failed(f"{action} API 不存在", 404)

    def _listed(self) -> list[dict[str, Any]]:
        if not self.escapes:
            return self.notices[:20]
        shown: list[dict[str, Any]] = json.loads(json.dumps(self.notices[:20]))
        for notice in shown:
            text = html.escape(notice["message"]["text"]).replace(" ", "&nbsp;")
            notice["message"]["text"] = text.replace("http", "\x14http").replace("\n", "\r\n")
        return shown

    def _send(self, action: str, params: dict[str, Any]) -> dict[str, object]:
        named = "" if action in self.ignores else self.publish(params["content"])
        answers: dict[str, dict[str, object]] = {
            "napcat": {"status": "ok", "retcode": 0, "message": "", "wording": "", "echo": "k3"},
            "lagrange": ok(named) | {"echo": None},
            "gocq": ok({"notice_id": named}),
        }
        return answers.get(self.profile, ok())

    def _delete(self, action: str, params: dict[str, Any]) -> dict[str, object]:
        if action not in self.ignores:
            kept = [n for n in self.notices if n["notice_id"] != params["notice_id"]]
            if self.profile == "snowluma" and len(kept) == len(self.notices):
                return {"status": "failed", "retcode": 100, "wording": "delete failed"}
            self.notices[:] = kept
        return ok()


class _Handler(BaseHTTPRequestHandler):
    bot: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer; two would wait for each other

    def do_POST(self) -> None:
        params = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        action = self.path.rpartition("/")[2]
        self.bot.calls.append((action, params))
        self.bot.tokens.append(self.headers.get("Authorization", ""))
        status, body = self.bot.answer(action, params)
        if action in self.bot.loses:
            self.close_connection = True
            self.connection.close()
            return
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test's output is its own."""


def start() -> tuple[Server, ThreadingHTTPServer]:
    """Start a server on a free port of the loopback."""
    bot = Server()
    handler = type("Handler", (_Handler,), {"bot": bot})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    bot.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    return bot, http
