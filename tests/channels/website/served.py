"""A website on a real socket, so that what is read back has really been served."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from channels.website import Website
from publisher.channel import ASGIApp


@contextmanager
def served(folder: Path, *, site_name: str = "示范学院信息公开网") -> Iterator[Website]:
    """Serve one website on a free port of the loopback."""
    with free_port() as listening:
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        website = Website(base_url=base_url, folder=folder, site_name=site_name)
        with running(website.pages(), listening):
            yield website


def free_port() -> socket.socket:
    # without the protocol by name asyncio leaves Nagle's delay on, 40 ms an answer
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening


@contextmanager
def running(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join()
