"""A body as it arrives: counted, hashed when a digest covers it, and never longer than allowed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from gmsd_intake.errors import Problem

# Parts of a form beside the file: boundaries, headers and five short fields.
FORM_OVERHEAD = 64 * 1024
# A client that gets its answer while it still sends may see a reset connection instead. What is little is read to its end.
_DRAIN_BYTES = 8 * 1024 * 1024
_DRAIN_SECONDS = 3.0
# A sender that is silent this long holds one of the places for uploads and is gone or ill; a slow one still says something.
_SILENCE_SECONDS = 60.0


class Incoming:
    """The body of one request. `hashed`: also compute the sha-256 of the bytes as sent."""

    def __init__(self, request: Request, *, hashed: bool) -> None:
        self._headers = request.headers
        self._pieces = request.stream()
        self._sha = hashlib.sha256() if hashed else None
        self._ended = False
        self.bytes = 0
        self.announced = _length(request)

    @property
    def sha256(self) -> str:
        """Of all bytes so far; only when `hashed`."""
        if self._sha is None:
            raise RuntimeError("this body is not hashed")
        return self._sha.hexdigest()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes. Raises Problem: upload-afgebroken, lengte-klopt-niet."""
        try:
            while (piece := await self._next()) is not None:
                self.bytes += len(piece)
                if self._sha is not None:
                    self._sha.update(piece)
                yield piece
        except (ClientDisconnect, TimeoutError):
            self._ended = True
            raise Problem("upload-afgebroken") from None
        self._ended = True
        if self.announced is not None and self.announced != self.bytes:
            raise Problem("lengte-klopt-niet", ontvangen=str(self.bytes), aangekondigd=str(self.announced))

    async def _next(self) -> bytes | None:
        async with asyncio.timeout(_SILENCE_SECONDS):
            return await anext(self._pieces, None)

    async def drain(self) -> None:
        """After a refusal: read on for a while, so that the refusal reaches its reader."""
        if self._ended or "expect" in self._headers or (self.announced or 0) - self.bytes > _DRAIN_BYTES:
            return
        left = _DRAIN_BYTES
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for piece in self._pieces:
                    left -= len(piece)
                    if left < 0:
                        return
        except (TimeoutError, ClientDisconnect):
            return


def _length(request: Request) -> int | None:
    text = request.headers.get("content-length")
    return int(text) if text is not None and text.isdecimal() and text.isascii() else None
