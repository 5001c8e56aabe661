"""The HTTP servers of a service: one for everybody who may reach it, and one for whoever runs it.

Metrics and readiness tell how many releases were held and why: on a public interface they would be read by the public.
"""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable, Generator, Mapping
from typing import Any

import uvicorn
from faststream.asgi import AsgiResponse
from faststream.asgi.types import ASGIApp, Receive, Scope, Send

from gmsd_chassis.asgi import json_response, no_addresses
from gmsd_chassis.errors import ConfigError, StartPostponed
from gmsd_chassis.health import Health
from gmsd_chassis.metrics import registry

# Requests get this long to end after SIGTERM; streams that watch `stopping` end at once.
HTTP_DRAIN_SECONDS = 10
_SCRAPE_DRAIN_SECONDS = 2


class Probes:
    """What the chassis itself answers, by path."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self.live: dict[str, ASGIApp] = {"/health/live": self._live}
        self.inside: dict[str, ASGIApp] = {"/health/ready": self._ready, "/metrics": self._metrics}

    async def management(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI app of the management port."""
        known: Mapping[str, ASGIApp] = self.live | self.inside
        path = scope["path"] if scope["type"] == "http" else ""
        await known.get(path, no_addresses)(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        await json_response(200, {"status": "live"})(scope, receive, send)

    async def _ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        ok, report = await self._health.ready()
        await json_response(200 if ok else 503, report)(scope, receive, send)

    async def _metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"content-type": "text/plain; version=0.0.4; charset=utf-8"}
        await AsgiResponse(registry.exposition(), 200, headers)(scope, receive, send)


def listen(host: str, port: int, variable: str) -> socket.socket:
    """A listening socket. Raises StartPostponed when the port is taken, ConfigError when it cannot be had at all."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartPostponed(
                f"Port {port} ({variable}) is taken: end what listens there, or choose another"
            ) from None
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else "no such address"
        raise ConfigError(f"GMSD_HOST {host} with {variable} {port} cannot be listened on: {why}") from None


class Servers:
    """Both servers in one loop. `on_signal` is called at SIGTERM, before the last request ends."""

    def __init__(
        self,
        public: tuple[ASGIApp, socket.socket],
        management: tuple[ASGIApp, socket.socket] | None,
        on_signal: Callable[[], None],
    ) -> None:
        self._public = _Public(_config(public[0], "on", HTTP_DRAIN_SECONDS), on_signal)
        self._socket = public[1]
        self._inside: tuple[uvicorn.Server, socket.socket] | None = None
        if management is not None:
            inside = _Inside(_config(management[0], "off", _SCRAPE_DRAIN_SECONDS))
            self._inside = (inside, management[1])

    def stop(self) -> None:
        """Begin to end; `serve` returns when everything has ended."""
        self._public.should_exit = True

    async def serve(self) -> None:
        """Until SIGTERM or `stop`. The management port answers for as long as the service drains."""
        if self._inside is None:
            await self._public.serve(sockets=[self._socket])
            return
        server, inside = self._inside
        beside = asyncio.create_task(server.serve(sockets=[inside]), name="management port")
        # Nobody would see readiness any more: that ends the service, as any part of it that ends does.
        beside.add_done_callback(lambda _: self.stop())
        try:
            await self._public.serve(sockets=[self._socket])
        finally:
            server.should_exit = True
            await beside


class _Public(uvicorn.Server):
    """Drains the bus from the first moment of SIGTERM, not after the last request."""

    def __init__(self, config: uvicorn.Config, on_signal: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_signal = on_signal

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Signal handler."""
        self._on_signal()
        super().handle_exit(sig, frame)


class _Inside(uvicorn.Server):
    """Leaves the signals to the public server: two servers in one process would take them from each other."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing is captured."""
        yield


def _config(app: ASGIApp, lifespan: Any, drain: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",  # not guessed: it takes a bound method for something else
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        timeout_graceful_shutdown=drain,
    )
