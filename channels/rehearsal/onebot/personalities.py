"""The living ones: NapCat, LLBot and SnowLuma, as their sources have it (August 2026)."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from channels.rehearsal.onebot.personality import (
    Failure,
    Personality,
    event,
    images,
    listed,
    plain,
    settings_of,
)
from channels.rehearsal.onebot.retired import GoCqhttp, Lagrange


class NapCat(Personality):
    """NapCatQQ 4.18: the most used one."""

    name = "napcat"
    app_name, app_version = "NapCat.Onebot", "4.18.19"
    retcode_action = 200
    suffixes = ("_async", "_rate_limited")
    lists_new_member_notices = False
    takes_data_uris = True

    def ok(self, action: str, payload: Any, *, echo: Any) -> dict[str, Any]:
        carried = {} if action == "_send_group_notice" else {"data": payload}
        return {"status": "ok", "retcode": 0} | carried | self._tail("", echo)

    def failed(self, failure: Failure, *, echo: Any) -> dict[str, Any]:
        tail = self._tail(failure.text, echo)
        if not failure.has_echo:
            tail["echo"] = echo
        return {"status": "failed", "retcode": failure.retcode, "data": None} | tail

    def _tail(self, text: str, echo: Any) -> dict[str, Any]:
        shown = secrets.token_hex(6) if echo is None else echo
        return {"message": text, "wording": text, "echo": shown, "stream": "normal-action"}

    def unauthorized(self, *, is_missing: bool) -> Response:
        return HTMLResponse('{"message":"token verify failed!"}', 403)

    def broken_body(self) -> Response | None:
        return plain("Invalid JSON", 400)

    def unknown_action(self, action: str) -> Failure:
        return Failure(200, f"不支持的Api {action}")

    def notice_failed(self, em: str) -> Failure | None:
        return Failure(200, f"设置群公告失败,错误信息:{em}")

    def message_failed(self, result: int, words: str) -> Failure:
        return Failure(200, event("EventChecker Failed", {"result": result, "errMsg": words}))

    def timeout(self, *, has_result: bool = False) -> Failure:
        return Failure(200, event("Timeout", {"result": 0, "errMsg": ""} if has_result else {}))

    def bad_parameter(self, name: str, value: object) -> Failure:
        what = "required property" if value is None and name != "image" else "string"
        return Failure(400, f"Schema compilation error: Expected {what}", has_echo=False)

    def flag(self, name: str, value: object) -> bool:
        if value == "true" or value == "false":
            raise Failure(200, "设置群公告失败,错误信息:undefined")  # it became NaN on the way
        return super().flag(name, value)

    def check_image(self, parameters: dict[str, Any]) -> str:
        if "image" in parameters and parameters["image"] is None:
            raise self.bad_parameter("image", None)
        return super().check_image(parameters)

    def picture_failed(self, image: str) -> Failure:
        return Failure(200, f"群公告{image}设置失败,image字段可能格式不正确")

    def list_failed(self, em: str) -> Failure | None:
        return Failure(200, "获取公告失败")

    def delete_payload(self) -> Any:
        # the client's raw answer is passed on; what it holds is a guess
        return {"result": 0, "errMsg": ""}

    def no_member(self, group_id: str, user_id: str) -> Failure:
        return Failure(200, f"群({group_id})成员{user_id}不存在")

    def item(self, notice: sqlite3.Row, *, escapes: bool) -> dict[str, Any]:
        message = {"text": listed(notice["text"], escapes=escapes)}
        pictures = {"image": images(notice), "images": images(notice)}
        return super().item(notice, escapes=escapes) | {
            "message": message | pictures,
            "settings": settings_of(notice),
            "read_num": notice["read_num"],
        }


class LLBot(Personality):
    """LLBot 8.1: takes switches as text or boolean, and deletes by another name."""

    name = "llbot"
    app_name, app_version = "LLOneBot", "8.1.7"
    unknown_action_status = 404
    delete_action = "_delete_group_notice"
    suffixes = ("_async", "_rate_limited")
    takes_data_uris = True

    def ok(self, action: str, payload: Any, *, echo: Any) -> dict[str, Any]:
        return {"status": "ok", "retcode": 0, "data": payload, "message": "", "wording": ""}

    def failed(self, failure: Failure, *, echo: Any) -> dict[str, Any]:
        body = {"status": "failed", "retcode": failure.retcode, "data": None}
        return body | {"message": failure.text, "wording": failure.text}

    def unauthorized(self, *, is_missing: bool) -> Response:
        return JSONResponse({"message": "token verify failed"}, 403)

    def broken_body(self) -> Response | None:
        return self.respond(self.failed(Failure(400, "invalid JSON"), echo=None))

    def unknown_action(self, action: str) -> Failure:
        return Failure(404, f"{action} API 不存在")

    def notice_failed(self, em: str) -> Failure | None:
        return Failure(200, f"设置群公告失败, 错误信息: {em}")

    def message_failed(self, result: int, words: str) -> Failure:
        if result == 120:
            return Failure(200, "当前处于被禁言状态")
        return Failure(200, f"发送消息失败 (code={result}): {words}")

    def timeout(self, *, has_result: bool = False) -> Failure:
        return Failure(200, "waitForSelfEcho timeout")

    def bad_parameter(self, name: str, value: object) -> Failure:
        if value is None:
            return Failure(400, f"$.{name} missing required value")
        kinds = "string" if name in ("content", "image", "notice_id") else "boolean | string"
        return Failure(400, f"$.{name} expected {kinds} but got {value}")

    def flag(self, name: str, value: object) -> bool:
        if not isinstance(value, bool | str):
            raise self.bad_parameter(name, value)
        return value if isinstance(value, bool) else value in ("1", "true", "")

    def switches(self, parameters: dict[str, Any]) -> dict[str, bool]:
        names = {name: name for name in ("pinned", "confirm_required", "is_show_edit_card")} | {
            "popup": "tip_window",
            "to_new_members": "send_new_member",
        }
        return {
            ours: self.flag(theirs, parameters.get(theirs, self.notice_defaults[ours]))
            for ours, theirs in names.items()
        }

    def delete_failed(self, em: str) -> Failure | None:
        return Failure(200, f"删除群公告失败, 错误信息: {em}")

    def recall_failed(self, message_id: str) -> Failure:
        return Failure(200, f"消息{message_id}不存在")

    def item(self, notice: sqlite3.Row, *, escapes: bool) -> dict[str, Any]:
        switches = {
            "is_show_edit_card": bool(notice["is_show_edit_card"]),
            "tip_window": bool(notice["popup"]),
            "confirm_required": bool(notice["confirm_required"]),
            "pinned": bool(notice["pinned"]),
            "send_new_member": bool(notice["to_new_members"]),
        }
        return super().item(notice, escapes=escapes) | {"settings": switches}


class SnowLuma(Personality):
    """SnowLuma 1.11: error text in `wording` only, 2 MiB a body, pictures may be lost silently."""

    name = "snowluma"
    app_name, app_version = "SnowLuma", "1.11.1"
    retcode_thrown, retcode_parameter, retcode_action = 100, 1400, 1404
    has_negative_ids = True
    lists_new_member_notices = False
    drops_lost_pictures = True
    max_body_bytes = 2 * 1024 * 1024

    def ok(self, action: str, payload: Any, *, echo: Any) -> dict[str, Any]:
        return self._with(echo, {"status": "ok", "retcode": 0, "data": payload})

    def failed(self, failure: Failure, *, echo: Any) -> dict[str, Any]:
        body = {"status": "failed", "retcode": failure.retcode, "data": None}
        return self._with(echo, body | {"wording": failure.text})

    def _with(self, echo: Any, body: dict[str, Any]) -> dict[str, Any]:
        return body if echo is None else body | {"echo": echo}

    def unauthorized(self, *, is_missing: bool) -> Response:
        return self.respond(self.failed(Failure(1401, "unauthorized"), echo=None), 401)

    def broken_body(self) -> Response | None:
        return self.respond(self.failed(Failure(1400, "invalid JSON"), echo=None), 400)

    def unknown_action(self, action: str) -> Failure:
        return Failure(1404, "unknown action")

    def notice_failed(self, em: str) -> Failure | None:
        known = "" if em in ("undefined", "no permission") else em
        return Failure(100, f"设置群公告失败: {known or '未知错误(Cookie过期或权限不足)'}")

    def message_failed(self, result: int, words: str) -> Failure:
        return Failure(100, f"send failed: {result} {words}".rstrip())

    def timeout(self, *, has_result: bool = False) -> Failure:
        return Failure(100, "send timeout")

    def bad_parameter(self, name: str, value: object) -> Failure:
        return Failure(1400, f"invalid parameter: {name}")

    def switches(self, parameters: dict[str, Any]) -> dict[str, bool]:
        # these two are fixed, whatever was sent
        fixed = {"is_show_edit_card": "1", "tip_window_type": "1"}
        return super().switches(parameters | fixed)

    def delete_failed(self, em: str) -> Failure | None:
        return Failure(100, "delete failed")

    def recall_failed(self, message_id: str) -> Failure:
        return Failure(100, "message not found or not retractable")

    def item(self, notice: sqlite3.Row, *, escapes: bool) -> dict[str, Any]:
        more = {"settings": settings_of(notice), "read_num": notice["read_num"]}
        return super().item(notice, escapes=escapes) | more


PERSONALITIES: dict[str, Personality] = {
    each.name: each for each in (NapCat(), LLBot(), SnowLuma(), Lagrange(), GoCqhttp())
}
