"""How an answer goes out: its format by what is accepted, its tag, and how long caches may keep it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from gmsd_publication.errors import Problem

# A retracted table must be gone everywhere within a minute, so caches ask again after that; asking costs a 304.
PUBLIC_CACHE = "public, max-age=60, must-revalidate"
# Who hears an event and then asks for the list must not get the list of a minute ago.
LIST_CACHE = "public, no-cache"


def accepted(request: Request) -> str:
    """json or csv, by the header Accept; json when both fit equally. Raises Problem 406."""
    header = request.headers.get("accept") or "*/*"
    best: dict[str, float] = {}
    for entry in header.split(","):
        kind, _, parameters = entry.strip().partition(";")
        weight = parameters.replace(" ", "").removeprefix("q=")
        try:
            quality = float(weight) if parameters.strip().startswith("q=") else 1.0
        except ValueError:
            quality = 0.0
        for form, kinds in _ACCEPTS.items():
            if kind.strip().lower() in kinds:
                best[form] = max(best.get(form, 0.0), quality)
    chosen = max(("json", "csv"), key=lambda form: best.get(form, 0.0))
    if best.get(chosen, 0.0) <= 0:
        raise Problem("formaat-niet-beschikbaar")
    return chosen


_ACCEPTS = {
    "json": ("application/json", "application/*", "*/*"),
    "csv": ("text/csv", "text/*"),
}


def cached(request: Request, document: dict[str, Any], vary: str | None = None) -> Response:
    """A JSON document that caches may keep and must ask about each time."""
    body = json.dumps(document, ensure_ascii=False).encode()
    extra = {"Cache-Control": LIST_CACHE} | ({"Vary": vary} if vary else {})
    return with_tag(
        request,
        hashlib.sha256(body).hexdigest()[:32],
        lambda headers: Response(body, headers=headers | extra, media_type="application/json"),
    )


def download(request: Request, body: bytes, kind: str, name: str) -> Response:
    """A file of a release."""
    extra = {"Vary": "Accept", "Content-Disposition": f'attachment; filename="{name}"'}
    tag = hashlib.sha256(body).hexdigest()[:32]
    return with_tag(request, tag, lambda headers: Response(body, headers=headers | extra, media_type=kind))


def with_tag(request: Request, tag: str, respond: Callable[[dict[str, str]], Response]) -> Response:
    """What `respond` makes of the headers, or 304 when the client has it."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": PUBLIC_CACHE}
    wanted = {
        value.strip().removeprefix("W/") for value in request.headers.get("if-none-match", "").split(",")
    }
    if f'"{tag}"' in wanted or "*" in wanted:
        return Response(status_code=304, headers=headers)
    return respond(headers)
