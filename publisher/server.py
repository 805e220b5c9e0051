"""One process that serves: console and API, public site, practice outlets, ticker and lanes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from publisher import api, console, registry
from publisher.api import operations
from publisher.app import App
from publisher.channel import ASGIApp, Reports, Serves
from publisher.delivery import recover
from publisher.errors import ConfigError
from publisher.storage.leader import Leadership
from publisher.ticker import Ticker

log = structlog.get_logger()

GRACE_S = 5.0  # for requests and lanes under way when we stop
HANDOVER_S = 3 * GRACE_S  # for another process to stop


def desk_pages(app: App) -> Starlette:
    """Return the console with the API and the operators' addresses beside it."""
    routes: list[BaseRoute] = [
        Mount("/api/v1", api.build(app)),
        *operations.router(app).routes,
        Mount("/", console.build(app)),
    ]
    return Starlette(routes=routes)


def public_pages(app: App) -> Starlette:
    """Return what the outlets that we run ourselves show the public, and the others call."""
    serving = [channel for channel in app.channels.values() if isinstance(channel, Serves)]
    serving.sort(key=lambda channel: -len(channel.mount))  # "/" last
    pages = [Mount(one.mount.rstrip("/"), one.pages()) for one in serving]
    return Starlette(routes=[*_callbacks(app), *pages])


def _callbacks(app: App) -> list[BaseRoute]:
    """Return where the outlets of targets call us, at one address each."""
    return [
        Route(f"/callbacks/{name}", _Callback(channel.receiver(partial(app.hear, name))))
        for name, channel in app.channels.items()
        if isinstance(channel, Reports)
    ]


@dataclass(frozen=True)
class _Callback:
    """The application of a channel as an object; a route takes a function for something else."""

    receiver: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.receiver(scope, receive, send)


class _Server(uvicorn.Server):
    """A server that leaves signals to us: there are several in this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: App, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until a signal comes; `ready` is called once everything answers."""
    asyncio.run(_serve(app, ready))


async def _serve(app: App, ready: Callable[[], None]) -> None:
    ticker = Ticker(app)
    with contextlib.ExitStack() as sockets:
        servers = [
            _listen(sockets, app.settings.server.host, port, pages)
            for port, pages in _doors(app).items()
        ]
        _stop_on_signals(app, [server for server, _ in servers])
        await asyncio.to_thread(_refuse_a_second, app)
        try:
            running = [asyncio.create_task(one.serve(sockets=[sock])) for one, sock in servers]
            while not all(one.started or one.should_exit for one, _ in servers):
                await asyncio.sleep(0.02)
            # only now: looks and checks read our own pages
            await asyncio.to_thread(ticker.start)
            ready()
            await asyncio.gather(*running)
        finally:
            app.close()
            is_over = await asyncio.to_thread(app.lanes.rest, GRACE_S)
            ticker.stop()  # only now: another process may begin at once
            if is_over:
                recover.leave(app.works)


def _refuse_a_second(app: App) -> None:
    """An SQLite ledger has one process: a second would take our calls for those of the dead.

    One that is just stopping is waited for.
    """
    leadership = Leadership(app.database)
    if not leadership.is_exclusive:
        return
    end = time.monotonic() + HANDOVER_S
    while not leadership.hold():
        if time.monotonic() > end:
            message = "这个安装已经有 publisher serve 在运行，请先停止它，再启动这一个"
            raise ConfigError(message, file="config/publisher.toml", table="server")
        time.sleep(0.2)
    leadership.let_go()  # the ticker takes it


def _doors(app: App) -> dict[int, ASGIApp]:
    server = app.settings.server
    doors: dict[int, ASGIApp] = {
        server.console_port: desk_pages(app),
        server.site_port: public_pages(app),
    }
    if server.rehearsal_port:
        doors[server.rehearsal_port] = registry.rehearsal(app.settings.data / "rehearsal")
    return doors


def _listen(
    sockets: contextlib.ExitStack, host: str, port: int, pages: ASGIApp
) -> tuple[_Server, socket.socket]:
    config = uvicorn.Config(
        pages,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=int(GRACE_S),
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # IPPROTO_TCP by name: without it asyncio leaves Nagle on, and each answer waits 40 ms
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening = sockets.enter_context(made)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} 不能监听（{error.strerror}），请关掉占用它的程序或改用别的端口",
            file="config/publisher.toml",
            table="server",
        ) from error
    return _Server(config), listening


def _stop_on_signals(app: App, servers: list[_Server]) -> None:
    def stop() -> None:
        for channel in app.channels.values():
            if isinstance(channel, Serves):
                channel.closing()
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
