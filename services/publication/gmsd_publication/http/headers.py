"""What publication says on every answer, and a count of them."""

from collections.abc import Mapping

from starlette.types import Scope

from gmsd_publication import metrics

API_VERSION = "1.0.0"

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = {
    "Content-Security-Policy": _POLICY,
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# Published figures are for every site; what needs a token is no business of a browser elsewhere.
_OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "API-Version, ETag, Content-Disposition",
}


def headers(scope: Scope) -> Mapping[str, str]:
    """A policy for the page everywhere; version and CORS on the interface."""
    if not scope["path"].startswith("/v1/"):
        return _PAGE
    return _PAGE | {"API-Version": API_VERSION} | (_OPEN if scope["method"] in ("GET", "HEAD") else {})


def count(scope: Scope, status: int) -> None:
    """One answer."""
    route = scope.get("route")
    name = getattr(route, "operation_id", None) or getattr(route, "name", None) or "none"
    metrics.ANSWERS.inc(route=name, status=str(status))
