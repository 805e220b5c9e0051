"""The calls that publishing needs; wechatpy 1.8.18 lacks most of them.

Bodies go out as `data=`, never as `json=`: that would escape Chinese, and readers would see the
escapes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from channels import _http
from channels.wechat import codes
from channels.wechat.client import PUBLISH, PUSH, Account, Answer
from publisher.channel import Part
from publisher.errors import UnknownOutcomeError

OPENID = re.compile(r"o[A-Za-z0-9_-]{27}")
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

    def add_draft(self, articles: Sequence[Mapping[str, object]]) -> str | None:
        """Make a draft of one to eight articles; None where a cover is not known any more."""
        message = {"articles": list(articles)}
        answer = self._post("draft/add", message, expected={codes.NO_DRAFT})
        return None if answer.get("errcode") == codes.NO_DRAFT else _word(answer, "media_id")

    def delete_draft(self, media_id: str) -> None:
        """Delete a draft; one that is gone already is well gone."""
        self._post("draft/delete", {"media_id": media_id}, expected={codes.NO_DRAFT})

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

    def delete_push(self, message_id: str, *, place: int) -> Answer:
        """Delete an article of a push, from 1, or all with 0; that it cannot be is an answer."""
        message = {"msg_id": int(message_id), "article_idx": place}
        return self._post("message/mass/delete", message, expected=codes.NOT_DELETED)

    def preview(self, media_id: str, *, to: str) -> None:
        """Show a draft to one follower, named by openid or by the name that they chose."""
        who = "touser" if OPENID.fullmatch(to) else "towxname"
        message = {who: to, "mpnews": {"media_id": media_id}, "msgtype": "mpnews"}
        self._post("message/mass/preview", message)

    def publish(self, media_id: str) -> Answer:
        """Publish a draft without telling the followers."""
        return self._post(PUBLISH, {"media_id": media_id})

    def publication(self, publish_id: str) -> Answer:
        """Return how far a publication is."""
        return self._post("freepublish/get", {"publish_id": publish_id})

    def publications(self, *, count: int) -> Answer:
        """Return the newest publications without their text."""
        return self._post("freepublish/batchget", {"offset": 0, "count": count, "no_content": 1})

    def published_articles(self, article_id: str) -> list[Mapping[str, object]]:
        """Return the articles of a publication; none where WeChat does not know it any more."""
        message = {"article_id": article_id}
        answer = self._post("freepublish/getarticle", message, expected={codes.NO_ARTICLE})
        return [one for one in answer.get("news_item") or [] if isinstance(one, Mapping)]

    def delete_publication(self, article_id: str, *, place: int) -> Answer:
        """Delete an article of a publication, from 1; that it is gone already is an answer."""
        message = {"article_id": article_id, "index": place}
        return self._post("freepublish/delete", message, expected={codes.NO_ARTICLE})

    def statistics(self, day: str) -> Answer:
        """Return what is counted of the articles of a past day: "2026-11-02"."""
        message = {"begin_date": day, "end_date": day}
        return self._post("/datacube/getarticletotaldetail", message)

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
