"""The OneBot v11 server, called over HTTP: one call, its answer or a sorted error.

HTTP 200 says nothing here: success is `status` ok together with `retcode` 0, and some servers
give a refusal an HTTP status of its own beside the same envelope.
Source: botuniverse/onebot-11, communication/http.md and communication/authorization.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from channels import _http
from channels.qq_notice.failures import NO_SERVER, WRONG_TOKEN, error_of
from publisher.errors import CredentialsError, RetryableError, UnknownOutcomeError


@dataclass(frozen=True, kw_only=True)
class OneBot:
    """One server, and with it one QQ account."""

    base_url: str
    access_token: str = field(repr=False)
    timeout_s: float  # between two bytes of an answer

    def call(self, action: str, **params: str) -> object:
        """Return `data` of the answer; a refusal or a lost answer is a ChannelError.

        All values are strings: the servers agree on no other type.
        """
        response = self._post(action, params)
        if response.status_code in (401, 403):
            raise CredentialsError(f"{action}: HTTP {response.status_code}", advice=WRONG_TOKEN)
        answer = _envelope(response)
        if answer["status"] == "ok" and answer["retcode"] == 0:
            return answer.get("data")
        raise error_of(action, answer, secret=self.access_token)

    def _post(self, action: str, params: dict[str, str]) -> _http.Answer:
        try:
            return _http.send(
                "POST",
                f"{self.base_url.rstrip('/')}/{action}",
                timeout_s=self.timeout_s,
                data=json.dumps(params, ensure_ascii=False).encode(),
                headers={
                    "Content-Type": "application/json",
                    "Authorization": f"Bearer {self.access_token}",
                },
            )
        except RetryableError as error:
            raise RetryableError(str(error), after_s=error.after_s, advice=NO_SERVER) from None


def _envelope(response: _http.Answer) -> dict[str, Any]:
    """Return the JSON envelope, whatever the HTTP status beside it."""
    try:
        answer = _http.json_object(response)
    except UnknownOutcomeError:
        _http.raise_for_status(response)
        raise
    if "status" in answer and "retcode" in answer:
        return answer
    _http.raise_for_status(response)
    raise UnknownOutcomeError("an answer without status and retcode")


def number(value: object) -> int | None:
    """Return a whole number that came as such or as text; None for anything else."""
    text = str(value)
    return int(text) if text.isdecimal() else None
