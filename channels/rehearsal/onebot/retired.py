"""Lagrange.OneBot and go-cqhttp: no longer kept, still met, and known for false successes."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from channels.rehearsal.onebot.personality import Failure, Personality


class Lagrange(Personality):
    """Lagrange.OneBot v1: no error texts at all, and a refused notice is ok with an empty id."""

    name = "lagrange"
    app_name, app_version = "Lagrange.OneBot", "0.0.3"
    retcode_parameter = 200
    needs_content_type = True

    def ok(self, action: str, payload: Any, *, echo: Any) -> dict[str, Any]:
        return {"status": "ok", "retcode": 0, "data": payload, "echo": echo}

    def failed(self, failure: Failure, *, echo: Any) -> dict[str, Any]:
        return {"status": "failed", "retcode": failure.retcode, "data": None, "echo": echo}

    def unauthorized(self, *, is_missing: bool) -> Response:
        if is_missing:
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return Response(status_code=403)

    def broken_body(self) -> Response | None:
        return None

    def unknown_action(self, action: str) -> Failure:
        return Failure(404, "")

    def notice_failed(self, em: str) -> Failure | None:
        return None

    def message_failed(self, result: int, words: str) -> Failure:
        return Failure(result, "")

    def timeout(self, *, has_result: bool = False) -> Failure:
        return Failure(9000, "")

    def bad_parameter(self, name: str, value: object) -> Failure:
        return Failure(200, "")

    def switches(self, parameters: dict[str, Any]) -> dict[str, bool]:
        return super().switches({"tip_window_type": "1"})  # nothing that was sent is looked at

    def check_image(self, parameters: dict[str, Any]) -> str:
        if parameters.get("image") is not None:
            raise Failure(200, "")  # not implemented there
        return ""

    def notice_payload(self, notice_id: str) -> Any:
        return notice_id

    def list_failed(self, em: str) -> Failure | None:
        return Failure(-1, "")


class GoCqhttp(Personality):
    """go-cqhttp 1.2: archived, and still the shape that the others imitate."""

    name = "gocq"
    app_name, app_version = "go-cqhttp", "v1.2.0"
    retcode_thrown = 100
    retcode_parameter = 100
    suffixes = ("_async",)
    has_negative_ids = True

    def ok(self, action: str, payload: Any, *, echo: Any) -> dict[str, Any]:
        return {"data": payload, "message": "", "retcode": 0, "status": "ok"}

    def failed(self, failure: Failure, *, echo: Any) -> dict[str, Any]:
        return {
            "data": None,
            "message": failure.text,
            "msg": failure.word,
            "retcode": failure.retcode,
            "status": "failed",
            "wording": failure.text,
        }

    def unauthorized(self, *, is_missing: bool) -> Response:
        return Response(status_code=401 if is_missing else 403)

    def broken_body(self) -> Response | None:
        return Response(status_code=400)

    def unknown_action(self, action: str) -> Failure:
        return Failure(404, "API不存在", word="API_NOT_FOUND")

    def notice_failed(self, em: str) -> Failure | None:
        if em.startswith("no login") or em == "undefined":
            return None
        return Failure(100, "权限不足", word="PERMISSION_DENIED")

    def message_failed(self, result: int, words: str) -> Failure:
        text = "send group message failed: blocked by server"
        return Failure(100, text, word="SEND_MSG_API_ERROR")

    def timeout(self, *, has_result: bool = False) -> Failure:
        return self.message_failed(0, "")

    def bad_parameter(self, name: str, value: object) -> Failure:
        return Failure(100, "参数错误", word="BAD_PARAMETER")

    def switches(self, parameters: dict[str, Any]) -> dict[str, bool]:
        return super().switches({"tip_window_type": "1"})

    def picture_failed(self, image: str) -> Failure:
        return Failure(100, "图片未找到", word="IMAGE_NOT_FOUND")

    def notice_payload(self, notice_id: str) -> Any:
        return {"notice_id": notice_id}

    def no_group(self, action: str) -> Failure | None:
        return Failure(100, "群聊不存在", word="GROUP_NOT_FOUND")

    def no_member(self, group_id: str, user_id: str) -> Failure:
        return Failure(100, "群员不存在", word="MEMBER_NOT_FOUND")

    def list_failed(self, em: str) -> Failure | None:
        return None
