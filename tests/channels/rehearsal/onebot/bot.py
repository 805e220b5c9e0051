"""A caller of the practice QQ bot, in raw HTTP."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import requests

from tests.rehearsal import TIMEOUT_S, Rehearsal

TOKEN = "rehearsal-token"
GROUP, MEMBER_ONLY, MUTED, FOREIGN = "100001", "100009", "100010", "999999"
SWITCHES = {
    "pinned": "0",
    "confirm_required": "1",
    "is_show_edit_card": "0",
    "tip_window_type": "1",
    "tip_window": "0",
    "type": "1",
    "send_new_member": "0",
}  # the body that every implementation understands


@dataclass
class Bot:
    """Calls actions as a program of the college would."""

    rehearsal: Rehearsal

    def url(self, action: str) -> str:
        return f"{self.rehearsal.url}/onebot/{action}"

    def raw(self, action: str, body: object = None, **options: Any) -> requests.Response:
        """Post JSON with the token, and return whatever comes."""
        options.setdefault("headers", {"Authorization": f"Bearer {TOKEN}"})
        return requests.post(
            self.url(action), json={} if body is None else body, timeout=TIMEOUT_S, **options
        )

    def act(self, action: str, **parameters: object) -> dict[str, Any]:
        """Return the body of an answer with status 200."""
        answer = self.raw(action, parameters)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def notice(self, text: str = "【教务处】周六停水", **changes: object) -> dict[str, Any]:
        """Send a notice with the body that every implementation understands."""
        body: dict[str, object] = {"group_id": GROUP, "content": text}
        return self.act("_send_group_notice", **(body | SWITCHES | changes))

    def notices(self, group: str = GROUP) -> list[dict[str, Any]]:
        """Return the list of notices."""
        found: list[dict[str, Any]] = self.act("_get_group_notice", group_id=group)["data"]
        return found


def as_uri(file: bytes) -> str:
    """Return a picture as it travels inside the JSON."""
    return f"base64://{base64.b64encode(file).decode()}"
