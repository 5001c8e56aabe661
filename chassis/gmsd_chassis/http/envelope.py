"""What every answer carries, and the last net under every error. Pure ASGI, so that streams stay streams."""

from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gmsd_chassis.http.answers import Answers
from gmsd_chassis.logs import log

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
"""NL API Design Rules, transport/security-headers. A service's own headers go before these, a route's before both."""

Headers = Callable[[Scope], Mapping[str, str]]
Answered = Callable[[Scope, int], None]


class AnswerBroken(Exception):
    """An answer failed after it had begun. It carries no text and no cause: those may hold values."""


class Envelope:
    """Middleware: headers on every answer, and a bare problem for whatever was not foreseen.

    Add it to the app last, so that it is the outermost but for Starlette's own net, which answers in plain text and
    gives the exception to a server that prints it. `headers`: of the service, for a request. `answered`: called with the
    status of every answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        answers: Answers,
        headers: Headers,
        answered: Answered = lambda scope, status: None,
    ) -> None:
        self._app = app
        self._answers = answers
        self._headers = headers
        self._answered = answered

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
                for name, value in {**SECURITY_HEADERS, **self._headers(scope)}.items():
                    headers.setdefault(name, value)
                self._answered(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001 - the server would print the text of the exception, which may hold values
            log.error("request_failed", method=scope["method"], route=_route(scope), error=error)
            if started:
                raise AnswerBroken from None
            await self._answers.last()(scope, receive, dressed)


def _route(scope: Scope) -> str:
    """The template of the path, never the path: that is what a client typed."""
    return str(getattr(scope.get("route"), "path", "unknown"))
