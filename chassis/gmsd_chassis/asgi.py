"""The ASGI application around a service: its health and metrics paths, and everything else to its own HTTP app."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from faststream.asgi import AsgiFastStream, AsgiResponse
from faststream.asgi.types import ASGIApp, Receive, Scope, Send

Hook = Callable[[], Awaitable[None]]

_STARTING = {
    "type": "about:blank",
    "title": "De dienst start op",
    "status": 503,
    "detail": "De dienst leest nog wat er eerder is gebeurd. Probeer het over enkele seconden opnieuw.",
}
_ABSENT = {
    "type": "about:blank",
    "title": "Niet gevonden",
    "status": 404,
    "detail": "Deze dienst heeft geen openbare adressen.",
}


class ServiceApp(AsgiFastStream):
    """FastStream's ASGI app matches exact paths only; what it does not know goes to the HTTP app of the service.

    Its lifespan is ours: FastStream's ends the process when no broker answers at the start, and prints tracebacks.
    """

    fallback: Callable[[], ASGIApp | None]
    up: Hook
    down: Hook

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI lifespan: up on the first message, down on the second."""
        await receive()
        await self.up()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.down()
        await send({"type": "lifespan.shutdown.complete"})

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand over, or 503 while the service is not open yet."""
        app = self.fallback()
        if app is not None:
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await _problem(_STARTING, {"retry-after": "5"})(scope, receive, send)
        else:
            await super().not_found(scope, receive, send)


async def no_addresses(scope: Scope, receive: Receive, send: Send) -> None:
    """The HTTP app of a service that has none: 404, for 503 would say that coming back helps."""
    if scope["type"] == "http":
        await _problem(_ABSENT)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})


def _problem(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> AsgiResponse:
    kind = {"content-type": "application/problem+json", **(headers or {})}
    return AsgiResponse(json.dumps(body, ensure_ascii=False).encode(), int(body["status"]), kind)


def json_response(status: int, body: Mapping[str, Any]) -> AsgiResponse:
    """A JSON answer."""
    return AsgiResponse(json.dumps(body).encode(), status, {"content-type": "application/json"})
