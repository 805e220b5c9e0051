"""The calls that publishing needs; wechatpy 1.8.18 lacks most of them.

Bodies go out as `data=`, never as `json=`: that would escape Chinese, and readers would see the
escapes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from channels import _http
from channels.wechat import codes
from channels.wechat.client import PUSH, Account, Answer
from publisher.channel import Part
from publisher.errors import UnknownOutcomeError

UPLOAD_PATIENCE = 3  # an upload may take that many times as long as another call


@dataclass(frozen=True, kw_only=True)
class Api:
    """What one account can be asked; every refusal is a sorted ChannelError."""

    account: Account

    def upload_picture(self, part: Part) -> str:
        """Upload a picture of the text and return its address."""
        return _word(self._upload("media/uploadimg", part), "url")

    def upload_cover(self, part: Part) -> str:
        """Upload a cover to the permanent material and return its media_id."""
        return _word(self._upload("material/add_material", part, type="image"), "media_id")

    def add_draft(self, article: Mapping[str, object]) -> str:
        """Make a draft of one article and return its media_id."""
        return _word(self._post("draft/add", {"articles": [article]}), "media_id")

    def draft(self, media_id: str) -> Answer | None:
        """Return a draft as WeChat has it, None where it has none of that name."""
        message = {"media_id": media_id}
        answer = self._post("draft/get", message, expected={codes.NO_DRAFT})
        return None if answer.get("errcode") == codes.NO_DRAFT else answer

    def drafts(self, *, offset: int, count: int) -> Answer:
        """Return some drafts, newest first, without their text."""
        return self._post("draft/batchget", {"offset": offset, "count": count, "no_content": 1})

    def count_drafts(self) -> int:
        """Return how many drafts there are: the cheapest call that needs a good token."""
        return _number(self.account.call("get", "draft/count"), "total_count")

    def push(self, message: Mapping[str, object]) -> Answer:
        """Send to the followers; that the key was used before is an answer, not an error."""
        return self._post(PUSH, message, expected={codes.KEY_EXISTS})

    def push_status(self, message_id: str) -> str | None:
        """Return what became of a push, None where WeChat does not know it (yet)."""
        message = {"msg_id": message_id}
        answer = self._post("message/mass/get", message, expected={codes.NO_MESSAGE})
        if answer.get("errcode") == codes.NO_MESSAGE:
            return None
        return _word(answer, "msg_status")

    def delete_push(self, message_id: str) -> Answer:
        """Delete every article of a push; that it cannot be deleted is an answer."""
        message = {"msg_id": int(message_id), "article_idx": 0}
        return self._post("message/mass/delete", message, expected=codes.NOT_DELETED)

    def push_calls_left(self) -> int:
        """Return how often the push interface may still be called today."""
        answer = self._post("openapi/quota/get", {"cgi_path": f"/cgi-bin/{PUSH}"})
        quota = answer.get("quota")
        return _number(quota if isinstance(quota, Mapping) else {}, "remain")

    def _post(
        self, path: str, message: Mapping[str, object], *, expected: Collection[int] = ()
    ) -> Answer:
        return self.account.call("post", path, expected=expected, data=dict(message))

    def _upload(self, path: str, part: Part, **params: str) -> Answer:
        file = (part.name, part.file, part.media_type)  # bytes: an open file is read only once
        limits = (_http.CONNECT_TIMEOUT_S, self.account.timeout_s * UPLOAD_PATIENCE)
        return self.account.call("post", path, params=params, files={"media": file}, timeout=limits)


def _word(answer: Answer, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise UnknownOutcomeError(f"an answer without {name}")
    return value


def _number(answer: Answer, name: str) -> int:
    value = answer.get(name)
    if not isinstance(value, int):
        raise UnknownOutcomeError(f"an answer without {name}")
    return value
