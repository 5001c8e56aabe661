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
            body = json.dumps(_STARTING, ensure_ascii=False).encode()
            headers = {"content-type": "application/problem+json", "retry-after": "5"}
            await AsgiResponse(body, 503, headers)(scope, receive, send)
        else:
            await super().not_found(scope, receive, send)


def json_response(status: int, body: Mapping[str, Any]) -> AsgiResponse:
    """A JSON answer."""
    return AsgiResponse(json.dumps(body).encode(), status, {"content-type": "application/json"})
