"""Players in front of the screens: they take their list, show it, and say so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import requests

from tests.story.college import TIMEOUT_S, College

EVERY_S = 0.3


@contextmanager
def players(ours: College, *screens: str) -> Iterator[None]:
    """Switch these screens on for as long as the block lasts."""
    off = threading.Event()
    threads = [threading.Thread(target=_play, args=(ours, name, off)) for name in screens]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        off.set()
        for thread in threads:
            thread.join()


def _play(ours: College, screen: str, off: threading.Event) -> None:
    shown: set[str] = set()
    url = f"{ours.site}/screen/{screen}"
    while not off.wait(EVERY_S):
        try:
            shown = _round(url, shown)
        except requests.ConnectionError:
            continue  # the server is away; a screen goes on showing what it has


def _round(url: str, shown: set[str]) -> set[str]:
    """Take the list once, report what came and went, and give a sign of life."""
    manifest = requests.get(f"{url}/manifest.json", timeout=TIMEOUT_S).json()
    told = {item["key"] for item in manifest["items"]}
    now = datetime.now(UTC).isoformat()
    reports = [
        {"id": uuid4().hex, "key": key, "event": event, "from": now, "to": now}
        for event, keys in (("shown", told - shown), ("removed", shown - told))
        for key in sorted(keys)
    ]
    if reports:
        requests.post(f"{url}/reports", json=reports, timeout=TIMEOUT_S)
    beat = {"version": manifest["version"], "key": min(told, default=""), "keys": sorted(told)}
    requests.post(f"{url}/heartbeat", json=beat, timeout=TIMEOUT_S)
    return told
