"""The practice outlets on a real socket, for tests of everything that talks to an outlet."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import uvicorn

from channels.rehearsal import build

TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Rehearsal:
    """The running practice outlets: `{url}/wechat` and `{url}/onebot`."""

    url: str

    def fault(
        self, outlet: str, call: str, fault: str, times: int | None = 1, value: object = None
    ) -> None:
        """Let the next `times` calls meet the fault; None: until clear(). "*" is every call."""
        asked = {"call": call, "fault": fault, "times": times, "value": value}
        _checked(requests.post(f"{self.url}/{outlet}/_faults", json=asked, timeout=TIMEOUT_S))

    def clear(self, outlet: str) -> None:
        """End all faults of an outlet."""
        _checked(requests.delete(f"{self.url}/{outlet}/_faults", timeout=TIMEOUT_S))

    def visible(self, outlet: str) -> dict[str, Any]:
        """Return what the public sees now."""
        answer = _checked(requests.get(f"{self.url}/{outlet}/_visible", timeout=TIMEOUT_S))
        seen: dict[str, Any] = answer.json()
        return seen

    def change(self, outlet: str, **settings: object) -> None:
        """Change settings of an outlet, `clock_offset_s` among them."""
        _checked(requests.post(f"{self.url}/{outlet}/_settings", json=settings, timeout=TIMEOUT_S))

    def act(self, act: str, job: int | str = 0) -> int:
        """Do at the public account what people or the platform do; return the job."""
        asked = {"act": act, "job": str(job)}
        answer = requests.post(f"{self.url}/wechat/_acts", json=asked, timeout=TIMEOUT_S)
        return int(_checked(answer).json()["job"])

    def groups(self, *wanted: Mapping[str, object]) -> None:
        """Make QQ groups, or change how the bot stands in them."""
        answer = requests.post(
            f"{self.url}/onebot/_groups", json=[dict(one) for one in wanted], timeout=TIMEOUT_S
        )
        _checked(answer)


def _checked(answer: requests.Response) -> requests.Response:
    if answer.status_code != 200:
        raise ValueError(f"{answer.url}: {answer.text}")
    return answer


@contextmanager
def running(folder: Path) -> Iterator[Rehearsal]:
    """Run the practice outlets with their records below folder; stop them at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        build(folder),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,  # a kept connection must not be closed just as a test uses it again
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Rehearsal(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(timeout=TIMEOUT_S)
        listener.close()
