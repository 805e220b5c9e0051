"""Refusals as RFC 9457 problem details: a status, a code for programs, a sentence for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from publisher.api import malformed
from publisher.errors import InvalidError, NotAllowedError, NotFoundError

MEDIA_TYPE = "application/problem+json"
RIGHTS = {"not_allowed", "may_not_review"}  # codes that say a right is lacking
TITLES = {
    400: "请求读不懂",
    401: "需要令牌",
    403: "没有权限",
    404: "没有找到",
    405: "不能这样用",
    409: "现在不能这样做",
    413: "内容太大",
    422: "内容有误",
    500: "服务器出错",
}
OF_THE_FRAMEWORK = {  # status: code and sentence
    400: ("unreadable", "请求的内容读不出来，请检查格式后重发"),
    404: ("not_found", "没有这个地址，请检查拼写"),
    405: ("wrong_method", "这个地址不支持这种请求方法，请查接口说明 openapi.json"),
}
DESCRIBED: dict[str, Any] = {
    "description": "问题说明（RFC 9457）",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "code"],
                "properties": {
                    "type": {"type": "string", "description": "问题的种类，由 code 构成"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string", "description": "给人看的话，说明怎么办"},
                    "code": {"type": "string", "description": "给程序看的词，不会改变"},
                    "field": {"type": "string", "description": "出错的那一项"},
                },
            }
        }
    },
}


class Refusal(HTTPException):
    """A request that is refused for what it is, before anything of ours was asked."""

    def __init__(
        self, status: int, sentence: str, *, code: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, sentence, headers)
        self.code = code


def install(api: FastAPI) -> None:
    """Let the API answer every error that has a name as a problem."""
    api.exception_handler(InvalidError)(_of_invalid)
    api.exception_handler(NotFoundError)(_of_not_found)
    api.exception_handler(NotAllowedError)(_of_not_allowed)
    api.exception_handler(RequestValidationError)(_of_malformed)
    api.exception_handler(HTTPException)(_of_http)


def of_refusal(refusal: Refusal) -> Response:
    """Return the problem of a refusal."""
    return problem(refusal.status_code, refusal.detail, code=refusal.code, headers=refusal.headers)


def unforeseen() -> Response:
    """Return what is said of an error that has no name."""
    return problem(500, "服务器出错，请稍后再试；仍不行时请把时间告诉维护人员", code="internal")


def problem(
    status: int,
    detail: str,
    *,
    code: str,
    field: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return one problem; `field` is left out where it is empty."""
    facts = {
        "type": f"urn:problem-type:yigao:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
    }
    if field:
        facts["field"] = field
    # half a character that came in must not fail on its way out
    content = json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, headers, MEDIA_TYPE)


def _of_invalid(request: Request, error: InvalidError) -> Response:
    status = 413 if error.code == "too_large" else 422
    return problem(status, error.message, code=error.code, field=error.field)


def _of_not_found(request: Request, error: NotFoundError) -> Response:
    return problem(404, error.message, code=error.code)


def _of_not_allowed(request: Request, error: NotAllowedError) -> Response:
    return problem(403 if error.code in RIGHTS else 409, error.message, code=error.code)


def _of_malformed(request: Request, error: RequestValidationError) -> Response:
    found = malformed.explain(error.errors())
    return problem(found.status, found.sentence, code=found.code, field=found.field)


def _of_http(request: Request, error: HTTPException) -> Response:
    if isinstance(error, Refusal):
        return of_refusal(error)
    status = error.status_code if error.status_code in OF_THE_FRAMEWORK else 400
    code, sentence = OF_THE_FRAMEWORK[status]
    return problem(status, sentence, code=code, headers=error.headers)
