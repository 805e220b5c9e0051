"""Apprise: one notice to as many json:// targets as there are to be posts.

Run: `python -m tests.bench.engines.apprise URL POSTS`.
"""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import apprise

from tests.bench import raw


def notify(url: str, posts: int) -> None:
    """Tell all targets at once, with as much text as everybody else."""
    place = urlsplit(url).netloc
    everybody = apprise.Apprise()
    for number in range(posts):
        # a + before the name makes it a header
        everybody.add(f"json://{place}/{number}?+Idempotency-Key=apprise-{number}")
    everybody.notify(title="停水通知", body=raw.BODY.decode()[:850])


if __name__ == "__main__":
    notify(sys.argv[1], int(sys.argv[2]))
