"""Work on a file, where it can do no harm: in a child process with bounded memory and time."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from gmsd_chassis.errors import ConfigError, TryLater
from gmsd_chassis.isolation.errors import JobFailed, WorkerDied
from gmsd_chassis.isolation.process import Child
from gmsd_chassis.isolation.wire import MAX_PAYLOAD, MAX_RESULT, Kind

if TYPE_CHECKING:  # the child imports this package too, and has no use for Kafka and keys
    from gmsd_chassis.content.store import ContentWriter

Read = Callable[[], AsyncIterator[bytes]]

MEMORY_BYTES = 3 * 512 * 1024 * 1024
"""Resident: 228 MB through read_csv takes 0.6 GB; the largest delivery we accept is twice that."""
ADDRESS_SPACE_BYTES = 4 * 1024 * 1024 * 1024
"""The same read takes 2.0 GB of address space (allocators reserve), and with 1.5 GB it aborts: leave room."""
SECONDS = 120.0
_WATCH_SECONDS = 0.1


class Workshop:
    """One warm child that runs one job at a time; several `run`s at once wait for each other.

    `jobs`: name → "module:function", a function `(Bench, args: dict) -> dict`; args and result are JSON, at most 4 MiB.
    `memory_bytes`: resident memory, watched from here. `address_space_bytes`: the limit inside the child.
    `seconds`: how long a job may take, not counting what it waits for `read` and sinks.
    `warm`: modules the child imports before the first job.

    The child sees no Kafka, no keys, no environment, and can write no file.
    """

    def __init__(
        self,
        *,
        jobs: Mapping[str, str],
        memory_bytes: int = MEMORY_BYTES,
        address_space_bytes: int = ADDRESS_SPACE_BYTES,
        seconds: float = SECONDS,
        warm: Sequence[str] = ("polars", "pyarrow", "pyarrow.ipc"),
    ) -> None:
        self._jobs = dict(jobs)
        self._memory_bytes = memory_bytes
        self._address_space_bytes = address_space_bytes
        self._seconds = seconds
        self._warm = tuple(warm)
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[Child] | None = None

    async def start(self) -> None:
        """Start the child and wait until it is warm.

        Raises ConfigError for a job that cannot be imported, TryLater when the child does not come up.
        """
        async with self._turn:
            await self._child()

    async def stop(self) -> None:
        """End the child, after the job it is at."""
        async with self._turn:
            await self._dismiss()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def run(
        self,
        job: str,
        args: dict[str, Any],
        *,
        read: Read,
        sinks: "Mapping[str, ContentWriter] | None" = None,
    ) -> dict[str, Any]:
        """Run a job and return what it returned. KeyError for a job that was not declared.

        `read` is called when the job starts to read, and again when it reads again; what it raises is raised here
        unchanged (Unprocessable, ContentExpired, TryLater …), and so is what a sink raises. Sinks stay the caller's: close
        them after this, abort them on any exception.
        Raises WorkerDied when the child did not survive (the next run gets a new one), JobFailed when the job raised.
        """
        path = self._jobs[job]
        filled = dict(sinks or {})
        order = json.dumps({"path": path, "args": args, "sinks": list(filled)}).encode()
        if len(order) > MAX_RESULT:
            raise ValueError(f"the arguments of job {job} are {len(order)} bytes; at most {MAX_RESULT}")
        async with self._turn:
            child = await self._child()
            session = _Session(child, read, list(filled.values()), self._seconds)
            watch = asyncio.create_task(self._watch(child))
            try:
                kind, payload = await session.serve(order)
            except BaseException:
                # Whatever happened, this child is in the middle of something: the next job gets another.
                await self._replace(child)
                raise
            finally:
                watch.cancel()
                await session.close()
            return await self._judge(child, kind, json.loads(payload))

    async def _judge(self, child: Child, kind: Kind, answer: dict[str, Any]) -> dict[str, Any]:
        if kind is Kind.RESULT:
            # A child that keeps half of what it may have would fail the next job for this one's sake.
            if child.resident() > self._memory_bytes // 2:
                await self._replace(child)
            return answer
        if answer["kind"] == "MemoryError":
            await self._replace(child)
            raise WorkerDied("memory")
        raise JobFailed(answer["kind"], answer["where"])

    async def _watch(self, child: Child) -> None:
        while child.resident() <= self._memory_bytes:  # noqa: ASYNC110  # nobody tells us when memory grows
            await asyncio.sleep(_WATCH_SECONDS)
        child.strike("memory")

    async def _child(self) -> Child:
        child = await self._hired()
        if not child.alive:  # it died between two jobs, which is not the next one's doing
            await self._replace(child)
            child = await self._hired()
        return child

    async def _hired(self) -> Child:
        if self._next is None:
            self._next = self._hire()
        try:
            # Shielded: a job that is cancelled while it waits leaves the child to the next.
            return await asyncio.shield(self._next)
        except BaseException:
            if self._next.done():
                self._next = None
            raise

    def _hire(self) -> asyncio.Task[Child]:
        return asyncio.create_task(
            Child.start(list(self._jobs.values()), self._warm, self._address_space_bytes)
        )

    async def _replace(self, child: Child) -> None:
        await child.kill()
        # Started at once, so that it is warm when the next job comes.
        self._next = self._hire()

    async def _dismiss(self) -> None:
        task, self._next = self._next, None
        if task is None:
            return
        try:
            child = await task
        except (ConfigError, TryLater):
            return  # there is no child, which is what was asked for
        await child.kill()


class _Session:
    """One job: answers what the child asks until it has an outcome."""

    def __init__(self, child: Child, read: Read, sinks: "Sequence[ContentWriter]", seconds: float) -> None:
        self._child = child
        self._read = read
        self._sinks = sinks
        self._left = seconds
        self._pieces: AsyncIterator[bytes] | None = None
        self._rest = memoryview(b"")

    async def serve(self, order: bytes) -> tuple[Kind, bytes]:
        """The RESULT or FAILED of the job. Raises WorkerDied."""
        await self._say(Kind.JOB, order)
        while True:
            kind, payload = await self._hear()
            if kind is Kind.PULL:
                piece = await self._pull(from_start=payload == b"\x01")
                await self._say(Kind.END if piece is None else Kind.DATA, piece or b"")
            elif kind is Kind.WRITE and payload and payload[0] < len(self._sinks):
                await self._sinks[payload[0]].write(payload[1:])
            elif kind in (Kind.RESULT, Kind.FAILED):
                return kind, payload
            else:
                raise await self._babbled()

    async def close(self) -> None:
        """Let go of the reader."""
        pieces, self._pieces = self._pieces, None
        # An iterator that is a generator holds a connection; one that is not has nothing to let go.
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()

    async def _pull(self, *, from_start: bool) -> bytes | None:
        if from_start:
            await self.close()
            self._pieces, self._rest = self._read(), memoryview(b"")
        while not self._rest:
            piece = None if self._pieces is None else await anext(self._pieces, None)
            if piece is None:
                return None
            self._rest = memoryview(piece)
        piece, self._rest = bytes(self._rest[:MAX_PAYLOAD]), self._rest[MAX_PAYLOAD:]
        return piece

    async def _hear(self) -> tuple[Kind, bytes]:
        # Only waiting for the child counts: a slow broker is not the file's fault.
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                return await self._child.receive()
        except TimeoutError:
            self._child.strike("time")
        except (OSError, EOFError):
            pass  # judged below, by how it died
        except ValueError:
            raise await self._babbled() from None
        finally:
            self._left = max(0.0, self._left - (time.monotonic() - began))
        raise await self._child.death()

    async def _say(self, kind: Kind, payload: bytes) -> None:
        try:
            await self._child.send(kind, payload)
        except OSError:
            raise await self._child.death() from None

    async def _babbled(self) -> WorkerDied:
        self._child.strike("exit")
        return await self._child.death()
