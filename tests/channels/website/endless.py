"""A process that publishes and withdraws until it is killed."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from channels.website import Website
from tests.channels.website.notices import ILLUSTRATED, deliver, numbered


def publish(folder: Path, *, first: int) -> None:
    website = Website(base_url="http://127.0.0.1:1", folder=folder)
    for serial in itertools.count(first):
        receipt = deliver(website, numbered(serial, ILLUSTRATED), key=f"delivery-{serial}")
        if serial % 4 == 0:
            website.withdraw(receipt, reason="数据有误")


if __name__ == "__main__":
    publish(Path(sys.argv[1]), first=int(sys.argv[2]))
