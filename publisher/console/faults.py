"""What cannot be shown, as a page: a sentence in Chinese, and no trace of the inside."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from publisher.console import pages
from publisher.errors import InvalidError, NotAllowedError, NotFoundError, PublisherError

FROM_ELSEWHERE = "这个请求不是从一稿的页面发出的，没有执行。请回到一稿的页面再操作一次"
OLD_FORM = "这个页面是在上一次登录时打开的，没有执行。请返回上一页，刷新后再操作一次"
SIGNED_OUT = "登录已到期，刚才的操作没有执行。请在新标签页登录，再回到上一页重新提交"
TITLES = {
    400: "请求读不懂",
    401: "请先登录",
    403: "不能这样做",
    404: "没有找到",
    405: "不能这样打开",
    409: "现在不能这样做",
    413: "内容太大",
    422: "填写有误",
    429: "尝试太多",
    500: "出了问题",
}
SENTENCES = {
    400: "请求的内容读不出来，请返回上一页再试一次",
    403: "没有执行，请返回上一页再试一次",
    404: "没有这个页面，可能是地址不完整，或者内容已经不在了",
    405: "这个地址只接受表单提交，请从页面上的按钮操作",
    413: "上传的内容太大，请压缩文件或分几次上传",
    422: "请求里有一项不合要求，请返回上一页检查",
    500: "系统出了问题，操作可能没有完成。请稍后再试；仍不行，请把现在的时间告诉系统管理员",
}


class NotSignedInError(PublisherError):
    """The page is for people who have signed in."""


def install(console: FastAPI) -> None:
    """Let the console answer every error that has a name as a page."""
    console.exception_handler(NotSignedInError)(_of_stranger)
    console.exception_handler(InvalidError)(_of_invalid)
    console.exception_handler(NotFoundError)(_of_not_found)
    console.exception_handler(NotAllowedError)(_of_not_allowed)
    console.exception_handler(RequestValidationError)(_of_malformed)
    console.exception_handler(HTTPException)(_of_http)


def page(status: int, sentence: str = "") -> HTMLResponse:
    """Return the page of an error; without a sentence of its own, that of its status."""
    return pages.page(
        "fault.html",
        status=status,
        title=TITLES[status],
        sentence=sentence or SENTENCES[status],
    )


def _of_stranger(request: Request, error: NotSignedInError) -> Response:
    if request.method != "GET":
        return page(401, SIGNED_OUT)
    wanted = urlsplit(str(request.url))
    back = wanted.path + (f"?{wanted.query}" if wanted.query else "")
    to = "/sign-in" if back == "/" else f"/sign-in?next={quote(back, safe='')}"
    return RedirectResponse(to, status_code=303)


def _of_invalid(request: Request, error: InvalidError) -> Response:
    return page(422, error.message)


def _of_not_found(request: Request, error: NotFoundError) -> Response:
    return page(404, error.message)


def _of_not_allowed(request: Request, error: NotAllowedError) -> Response:
    return page(409, error.message)


def _of_malformed(request: Request, error: RequestValidationError) -> Response:
    places = {str(part["loc"][0]) for part in error.errors()}
    return page(404 if "path" in places else 422)


def _of_http(request: Request, error: HTTPException) -> Response:
    status = error.status_code if error.status_code in TITLES else 400
    own = error.detail if status in (403, 413) and not error.detail.isascii() else ""
    return page(status, own)
