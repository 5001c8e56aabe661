"""Bodies on disk while a request runs: encrypted under a key that exists in this process's memory only.

A crash leaves noise; `sweep` removes it at the next start. Nothing here is ever readable by another process.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gmsd_intake.errors import Problem
from gmsd_intake.metrics import SPOOLED

# Large enough that a thread hop per chunk does not show beside the disk, small enough for 16 uploads at once.
CHUNK = 256 * 1024
_TAG = 16
# statvfs per 16 MiB: other writers share the disk, and a file that was announced small may not be.
_CHECK_EVERY = 64
_SUFFIX = ".spool"
RETRY_AFTER = "120"
"""Seconds; long enough for uploads that run to end and free their room."""

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


class SpoolDirectory:
    """`min_free`: bytes that stay free on its disk; `max_bytes`: of one file."""

    def __init__(self, path: Path, *, max_bytes: int, min_free: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._min_free = min_free
        self._spooled = 0
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def sweep(self) -> int:
        """Remove what an earlier process left. Call before the first upload."""
        left = list(self.path.glob(f"*{_SUFFIX}"))
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def require_room(self, size: int) -> None:
        """Problem(schijf-vol) when the disk would keep less than its minimum, (bestand-te-groot) above the limit."""
        if size > self.max_bytes:
            raise too_large(self.max_bytes)
        if shutil.disk_usage(self.path).free - size < self._min_free:
            raise _disk_full()

    def account(self, change: int) -> None:
        """Bytes that came on disk (or went)."""
        self._spooled += change
        SPOOLED.set(self._spooled)

    def open(self) -> "Spool":
        """An empty spool; use it as a context, its file goes when the context is left."""
        return Spool(self)


class Spool:
    """One body: written once, then read any number of times, then gone.

    Raises Problem: bestand-te-groot, zip-geweigerd (as soon as four bytes are in), schijf-vol.
    """

    def __init__(self, directory: SpoolDirectory) -> None:
        self._directory = directory
        self._path = directory.path / f"{uuid4()}{_SUFFIX}"
        self._cipher = AESGCM(os.urandom(32))
        self._buffer = bytearray()
        self._file: BinaryIO | None = None
        self._pending: asyncio.Future[None] | None = None
        self._chunks = 0
        self._on_disk = 0
        self._sha = hashlib.sha256()
        self._head = b""
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of the whole body, in hex; after `finish`."""
        return self._sha.hexdigest()

    async def write(self, data: bytes) -> None:
        """Append; bytes reach the disk encrypted, in chunks."""
        self.size += len(data)
        if self.size > self._directory.max_bytes:
            raise too_large(self._directory.max_bytes)
        if len(self._head) < 4:
            self._head = (self._head + data[:4])[:4]
            if self._head in _ZIP_MAGIC:
                raise Problem("zip-geweigerd")
        self._buffer += data
        while len(self._buffer) >= CHUNK:
            await self._flush(CHUNK)

    async def finish(self) -> None:
        """Everything written stands in the file."""
        if self._buffer:
            await self._flush(len(self._buffer))

    async def read(self) -> AsyncIterator[bytes]:
        """The plaintext from the start, in chunks; after `finish`."""
        for index in range(self._chunks):
            yield await asyncio.to_thread(self._read_chunk, index)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A cancelled request may leave a thread that still writes: closing under it could give its descriptor to another file.
        if self._pending is not None and not self._pending.done():
            self._pending.add_done_callback(lambda _: self._remove())
        else:
            self._remove()

    def _remove(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)
            self._directory.account(-self._on_disk)

    async def _flush(self, size: int) -> None:
        if self._chunks % _CHECK_EVERY == 0:
            self._directory.require_room(0)
        chunk = bytes(self._buffer[:size])
        del self._buffer[:size]
        if self._file is None:
            self._file = self._path.open("xb+", buffering=0)
        self._pending = asyncio.ensure_future(asyncio.to_thread(self._append, self._file, chunk))
        await asyncio.shield(self._pending)
        self._chunks += 1
        self._on_disk += len(chunk) + _TAG
        self._directory.account(len(chunk) + _TAG)

    def _append(self, file: BinaryIO, chunk: bytes) -> None:
        self._sha.update(chunk)
        # The key serves this file only, so the number of the chunk is a nonce that never comes back.
        sealed = self._cipher.encrypt(self._nonce(self._chunks), chunk, None)
        try:
            written = file.write(sealed)
        except OSError:
            raise _disk_full() from None
        if written != len(sealed):
            raise _disk_full()

    def _read_chunk(self, index: int) -> bytes:
        if self._file is None:
            raise RuntimeError("nothing was written to this spool")
        sealed = os.pread(self._file.fileno(), CHUNK + _TAG, index * (CHUNK + _TAG))
        return self._cipher.decrypt(self._nonce(index), sealed, None)

    @staticmethod
    def _nonce(index: int) -> bytes:
        return index.to_bytes(12, "big")


def too_large(limit: int) -> Problem:
    """413 with the limit."""
    return Problem("bestand-te-groot", grens=str(limit))


def _disk_full() -> Problem:
    return Problem("schijf-vol", headers={"Retry-After": RETRY_AFTER})
