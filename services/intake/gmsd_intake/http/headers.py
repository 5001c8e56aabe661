"""What intake says of itself on every answer."""

from collections.abc import Mapping

from starlette.types import Scope

VERSION = "1.0.0"


def headers(scope: Scope) -> Mapping[str, str]:
    """Beside the security headers."""
    return {"API-Version": VERSION}
