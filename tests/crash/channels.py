"""Five channels to that outlet: one that can be asked, one that prepares, one that bundles, one
that repeats a lost call with its key, and one that can neither be asked nor told to take anything
down.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels import _http
from publisher.channel import (
    Bundles,
    Channel,
    Confirms,
    Content,
    Prepares,
    Receipt,
    Rendition,
    Repeats,
    Withdraws,
)
from publisher.errors import ChannelError, UnknownOutcomeError
from tests import make
from tests.crash.clock import Clock
from tests.crash.outlet import SLOW_S, Fault

REFUSES_S = 20.0  # so long nobody listens, where that is the fault


@dataclass(frozen=True, kw_only=True)
class Mute(Channel):
    """It says yes or no, and that is all."""

    label = "哑渠道"
    typical_delay_s = SLOW_S * 0.6  # two looks are twice as far apart: longer than it ever takes

    url: str
    clock: Clock
    fault: Fault = Fault.NONE
    is_victim: bool = False

    def render(self, content: Content) -> Rendition:
        return make.PLAIN

    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        return self._post([rendition], [""], key=key)[0]

    def _post(
        self,
        renditions: Sequence[Rendition],
        places: Sequence[str],
        *,
        key: str,
        is_keyed: bool = False,
    ) -> list[Receipt]:
        is_down = self.fault == Fault.REFUSED and self.clock.now_s() < REFUSES_S
        texts = [rendition.body.decode() for rendition in renditions]
        asked = {"key": key, "places": places, "texts": texts, "is_keyed": is_keyed}
        answer = self._ask("POST", "/", asked, url=_closed() if is_down else self.url)
        if "ids" not in answer:
            raise UnknownOutcomeError("taken, but no name for it")
        return [Receipt(remote_id=id) for id in answer["ids"]]

    def _ask(self, method: str, path: str, asked: object, *, url: str = "") -> dict[str, Any]:
        headers = {"X-Victim": str(os.getpid())} if self.is_victim else {}
        data = json.dumps(asked).encode()
        answer = _http.send(method, (url or self.url) + path, data=data, headers=headers)
        if method == "GET" and answer.status_code == 404:
            return {}
        _http.raise_for_status(answer)
        return _http.json_object(answer)


@dataclass(frozen=True, kw_only=True)
class Asked(Mute, Confirms, Withdraws):
    """It can be asked by our key and by its own name, and takes down."""

    label = "可查询渠道"

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        asked = {"key": key, "id": receipt.remote_id if receipt else ""}
        found = self._ask("GET", "/", asked)
        return Receipt(remote_id=found["id"], evidence="看到了") if found else None

    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        self._ask("DELETE", "/", {"id": receipt.remote_id})


@dataclass(frozen=True, kw_only=True)
class Drafted(Asked, Prepares):
    """It wants a draft first."""

    label = "先备稿渠道"

    def prepare(self, rendition: Rendition, *, key: str) -> str:
        return str(self._ask("PUT", "/", {"key": key})["handle"])

    def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
        assert handle == f"draft of {key}"
        return self._post([rendition], [""], key=key)[0]


@dataclass(frozen=True, kw_only=True)
class Together(Asked, Bundles):
    """It takes several in one call."""

    label = "合发渠道"

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        places = [f".{number}" for number in range(1, len(renditions) + 1)]
        return self._post(renditions, places, key=key)


@dataclass(frozen=True, kw_only=True)
class Keyed(Asked, Bundles, Repeats):
    """It drafts several, posts them in one call, and repeats a lost one with its key.

    It can be asked only by the name that the outlet gave, not by our key.
    """

    label = "凭编号合发渠道"

    def prepare_bundle(self, renditions: Sequence[Rendition], *, key: str) -> str:
        return str(self._ask("PUT", "/", {"key": key})["handle"])

    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        assert handle == f"draft of {key}"
        places = [f".{number}" for number in range(1, len(renditions) + 1)]
        return self._post(renditions, places, key=key, is_keyed=True)

    def repeat(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        return self.deliver_bundle(renditions, key=key, handle=handle)

    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        if receipt is None:
            raise UnknownOutcomeError("nobody knows it by our key")
        return super().confirm(key=key, receipt=receipt)


KINDS: dict[str, type[Mute]] = {
    "asked": Asked,
    "drafted": Drafted,
    "together": Together,
    "keyed": Keyed,
    "mute": Mute,
}


def _closed() -> str:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
