"""Headers on every answer, and a count of them. Pure ASGI, so that streams stay streams."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gmsd_publication import metrics

API_VERSION = "1.0.0"

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Headers:
    """Security headers everywhere; version and CORS on the interface; never cached unless a route says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_SECURITY)
                headers.setdefault("Cache-Control", "no-store")
                if scope["path"].startswith("/v1/"):
                    headers["API-Version"] = API_VERSION
                    # Published figures are for every site; what needs a token is no business of a browser elsewhere.
                    if scope["method"] in ("GET", "HEAD"):
                        headers["Access-Control-Allow-Origin"] = "*"
                        headers["Access-Control-Expose-Headers"] = "API-Version, ETag, Content-Disposition"
                route = scope.get("route")
                name = getattr(route, "operation_id", None) or getattr(route, "name", None) or "none"
                metrics.ANSWERS.inc(route=name, status=str(message["status"]))
            await send(message)

        await self._app(scope, receive, sending)
