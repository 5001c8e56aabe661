"""What the tests of the workshop share: jobs by name, sinks, sources."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import psutil

from gmsd_chassis.isolation import Workshop
from gmsd_contracts.content import ContentRef
from tests.chassis.isolation import jobs as jobs_module

ROOT = Path(__file__).parents[3]
NAMES = [
    name
    for name, value in vars(jobs_module).items()
    if callable(value) and getattr(value, "__module__", "") == jobs_module.__name__
]
JOBS = {name: f"{jobs_module.__name__}:{name}" for name in NAMES}
MIB = 1024 * 1024


class Sink:
    """A ContentWriter that keeps, or only counts, what it is given."""

    def __init__(self, keep: bool = True, fail: Exception | None = None) -> None:
        self.content_id = uuid4()
        self.data = bytearray()
        self.size = 0
        self.peak = 0
        self._keep, self._fail = keep, fail

    async def write(self, data: bytes) -> None:
        if self._fail is not None:
            raise self._fail
        self.size += len(data)
        self.peak = max(self.peak, psutil.Process().memory_info().rss)
        if self._keep:
            self.data += data

    async def close(self, rows: int | None = None) -> ContentRef:
        raise NotImplementedError

    async def abort(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def source(*pieces: bytes, then: Exception | None = None) -> Callable[[], AsyncIterator[bytes]]:
    """A reader of these pieces, that raises at the end if it must."""

    async def read() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece
        if then is not None:
            raise then

    return read


NOTHING = source()


async def works(workshop: Workshop) -> None:
    """The next job passes."""
    sink = Sink()
    assert (await workshop.run("echo", {"n": 1}, read=source(b"abc", b"def"), sinks={"out": sink}))[
        "size"
    ] == 6
    assert sink.data == b"abcdef"


async def dies(pid: int) -> None:
    """The process ends. Nobody here waits for it, and a killed process still takes a moment on a busy machine."""
    for _ in range(100):
        if not is_alive(pid):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"process {pid} goes on")


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
