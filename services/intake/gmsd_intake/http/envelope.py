"""What every answer carries, and the last net under every error."""

import json
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gmsd_chassis.logs import log
from gmsd_intake.errors import Problem
from gmsd_intake.metrics import PROBLEMS

VERSION = "1.0.0"
PROBLEM_JSON = "application/problem+json"
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
"""NL API Design Rules, transport/security-headers."""


class AnswerBroken(Exception):
    """An answer failed after it had begun. It carries no text and no cause: those may hold values."""


class Envelope:
    """Outermost ASGI layer: version and security headers on every answer, a bare problem for whatever was not foreseen."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["API-Version"] = VERSION
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001 - the server would print the text of the exception, which may hold values
            log.error("request_failed", method=scope["method"], route=_route(scope), error=error)
            if started:
                raise AnswerBroken from None
            await _plain(Problem("interne-fout"), dressed)


def problem_answer(problem: Problem) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of a problem; counts it."""
    PROBLEMS.inc(slug=problem.slug)
    return int(problem.status), problem.body(), problem.headers


async def _plain(problem: Problem, send: Send) -> None:
    status, body, _ = problem_answer(problem)
    raw = json.dumps(body, ensure_ascii=False).encode()
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(raw)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})


def _route(scope: Scope) -> str:
    """The template of the path, never the path: that is what a client typed."""
    return str(getattr(scope.get("route"), "path", "unknown"))
