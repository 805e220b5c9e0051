"""How an implementation of OneBot v11 speaks: envelopes, texts, names, and which types it takes.

The standard leaves much open, and each implementation fills it in its own way. `Personality` is the
common ground; its subclasses in `personalities` are the differences.
"""

from __future__ import annotations

import html
import json
import sqlite3
from abc import ABC, abstractmethod
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

UNKNOWN_REASON = "no permission"  # QQ's own words for it are not known


class Failure(Exception):
    """An action that failed; `word` is the code word that go-cqhttp adds."""

    def __init__(self, retcode: int, text: str, *, word: str = "", has_echo: bool = True) -> None:
        super().__init__(text)
        self.retcode, self.text, self.word, self.has_echo = retcode, text, word, has_echo


class Personality(ABC):
    """One implementation."""

    name: str
    app_name: str
    app_version: str
    retcode_thrown = 200  # the action failed
    retcode_parameter = 400  # it was not even tried
    retcode_action = 404  # there is none of that name
    unknown_action_status = 200  # HTTP
    delete_action = "_del_group_notice"
    suffixes: tuple[str, ...] = ()  # names with these mean the action without
    has_negative_ids = False
    lists_new_member_notices = True
    notice_defaults = {"pinned": "0", "confirm_required": "1", "is_show_edit_card": "0"} | {
        "popup": "0",
        "to_new_members": "0",
    }
    drops_lost_pictures = False  # publishes without a picture that cannot be uploaded
    takes_data_uris = False
    max_body_bytes: int | None = None  # beyond it the line is cut
    needs_content_type = False

    @abstractmethod
    def ok(self, action: str, payload: Any, *, echo: Any) -> dict[str, Any]:
        """Return the body of a success."""

    @abstractmethod
    def failed(self, failure: Failure, *, echo: Any) -> dict[str, Any]:
        """Return the body of a failure."""

    @abstractmethod
    def unauthorized(self, *, is_missing: bool) -> Response:
        """Return the answer to a missing or wrong token."""

    @abstractmethod
    def broken_body(self) -> Response | None:
        """Return the answer to a body that is no JSON; None: the line goes dead."""

    @abstractmethod
    def unknown_action(self, action: str) -> Failure:
        """Return the failure of an action that there is not."""

    @abstractmethod
    def notice_failed(self, em: str) -> Failure | None:
        """Return what QQ's refusal of a notice becomes; None: a success with an empty id."""

    @abstractmethod
    def message_failed(self, result: int, words: str) -> Failure:
        """Return what QQ's refusal of a message becomes."""

    @abstractmethod
    def timeout(self, *, has_result: bool = False) -> Failure:
        """Return the failure that proves nothing: it may be there."""

    @abstractmethod
    def bad_parameter(self, name: str, value: object) -> Failure:
        """Return the failure of a parameter that is missing or of a wrong type."""

    def flag(self, name: str, value: object) -> bool:
        """Return a switch as this implementation reads it; Failure where it cannot."""
        if str(value).lower() in ("1", "true"):
            return True
        if str(value).lower() in ("0", "false"):
            return False
        raise self.bad_parameter(name, value)

    def switches(self, parameters: dict[str, Any]) -> dict[str, bool]:
        """Return the five switches of a notice."""
        given = {
            "pinned": parameters.get("pinned"),
            "confirm_required": parameters.get("confirm_required"),
            "is_show_edit_card": parameters.get("is_show_edit_card"),
        }
        switches = {
            name: self.flag(name, self.notice_defaults[name] if value is None else value)
            for name, value in given.items()
        }
        # QQ's tip_window_type is turned round: 0 shows the popup, 1 does not
        silent = self.flag("tip_window_type", parameters.get("tip_window_type", "0"))
        kind = str(parameters.get("type", "1"))
        return switches | {"popup": not silent, "to_new_members": kind == "20"}

    def check_image(self, parameters: dict[str, Any]) -> str:
        """Return where the picture of a notice is, "" where there is none."""
        image = parameters.get("image")
        if image is None:
            return ""
        if not isinstance(image, str):
            raise self.bad_parameter("image", image)
        return image

    def picture_failed(self, image: str) -> Failure:
        """Return the failure of a picture that cannot be used."""
        return Failure(self.retcode_thrown, f"获取图片文件失败, 错误信息: {image}")

    def notice_payload(self, notice_id: str) -> Any:
        """Return what a success of a sent notice carries."""
        return None

    def no_group(self, action: str) -> Failure | None:
        """Return the failure in a group that the bot is not in; None: as QQ refuses."""
        return None

    def no_member(self, group_id: str, user_id: str) -> Failure:
        """Return the failure of asking for a member that is not there."""
        return Failure(self.retcode_thrown, "群成员未找到")

    def list_failed(self, em: str) -> Failure | None:
        """Return the failure of a list; None: an empty list."""
        return Failure(self.retcode_thrown, em)

    def delete_failed(self, em: str) -> Failure | None:
        """Return the failure of a deletion; None: it says ok all the same."""
        return None

    def delete_payload(self) -> Any:
        """Return what a success of a deletion carries."""
        return None

    def recall_failed(self, message_id: str) -> Failure:
        """Return the failure of a recall."""
        return Failure(self.retcode_thrown, "Recall failed")

    def item(self, notice: sqlite3.Row, *, escapes: bool) -> dict[str, Any]:
        """Return one notice as the list has it."""
        return {
            "notice_id": notice["notice_id"],
            "sender_id": notice["sender_id"],
            "publish_time": int(notice["published_at"]),
            "message": {"text": listed(notice["text"], escapes=escapes), "images": images(notice)},
        }

    def respond(self, body: dict[str, Any], status: int = 200) -> Response:
        """Return a body as this implementation labels it."""
        return JSONResponse(body, status, media_type="application/json; charset=utf-8")


def listed(text: str, *, escapes: bool) -> str:
    """Return the text of a notice as the list has it."""
    return html.escape(text, quote=False).replace(" ", "&nbsp;") if escapes else text


def images(notice: sqlite3.Row) -> list[dict[str, str]]:
    """Return the picture of a notice as the list has it, in a list."""
    if not notice["picture"]:
        return []
    width, height = str(notice["width"]), str(notice["height"])
    return [{"id": notice["picture"], "height": height, "width": width}]


def settings_of(notice: sqlite3.Row) -> dict[str, int]:
    """Return the switches of a notice as QQ's service has them."""
    return {
        "is_show_edit_card": notice["is_show_edit_card"],
        "remind_ts": 0,
        "tip_window_type": 0 if notice["popup"] else 1,
        "confirm_required": notice["confirm_required"],
    }


def event(phase: str, result: dict[str, Any]) -> str:
    """Return NapCat's text for what its client reported about a message."""
    shown = json.dumps(result, ensure_ascii=False, indent=4)
    return (
        f"{phase}: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg"
        f" ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate EventRet:\n{shown}\n"
    )


def plain(text: str, status: int) -> Response:
    """Return an answer of plain text."""
    return PlainTextResponse(text, status)
