"""Routes that know who may use them: the token is judged before a byte of the body is read."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message

from gmsd_chassis.http.bearer import DELIVERER, PLATFORM, Caller, TokenCheck
from gmsd_intake.errors import Problem

ROLES = "x-rollen"
STREAMED = "x-stroom"
# The longest JSON body confirms some dozens of rule ids.
JSON_BYTES = 64 * 1024

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def roles(*names: str, streamed: bool = False) -> dict[str, Any]:
    """For `openapi_extra`: who may use the operation; `streamed`: it reads its own body."""
    return {ROLES: list(names), STREAMED: True} if streamed else {ROLES: list(names)}


ONLY_DELIVERER = roles(DELIVERER)
ONLY_PLATFORM = roles(PLATFORM)
BOTH = roles(DELIVERER, PLATFORM)


class GuardedRoute(APIRoute):
    """Judges token and role, and bounds the body, before FastAPI looks at the request."""

    def get_route_handler(self) -> Handler:
        """See APIRoute."""
        original = super().get_route_handler()
        extra = self.openapi_extra or {}
        allowed: list[str] = extra[ROLES]
        streamed = bool(extra.get(STREAMED))

        async def guarded(request: Request) -> Response:
            check = cast("TokenCheck", request.app.state.tokens)
            request.state.caller = await check.caller(request.headers.get("authorization"), allowed)
            if not streamed and request.method in ("POST", "PUT"):
                request = await _bounded(request)
            return await original(request)

        return guarded


def caller_of(request: Request) -> Caller:
    """Who asks, once the route is guarded."""
    return cast("Caller", request.state.caller)


async def _bounded(request: Request) -> Request:
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > JSON_BYTES:
                raise Problem("verzoek-te-groot", grens=str(JSON_BYTES))
    except ClientDisconnect:
        raise Problem("upload-afgebroken") from None
    whole: Message = {"type": "http.request", "body": bytes(body), "more_body": False}

    async def replay() -> Message:
        return whole

    return Request(request.scope, replay)
