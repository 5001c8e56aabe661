"""The parent's side of one child process: start it, speak with it, know how it died."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import psutil

from gmsd_chassis.errors import ConfigError, TryLater
from gmsd_chassis.isolation.errors import Death, WorkerDied
from gmsd_chassis.isolation.wire import HEADER, MAX_RESULT, OUT_OF_MEMORY, Kind, head

# A child gets nothing of the environment but this: the rest holds keys and addresses.
_ENVIRONMENT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "VIRTUAL_ENV",
)
_THREADS = 2
# Long enough for a cold import of polars and pyarrow from a slow disk.
_START_SECONDS = 60.0
_START_AGAIN = 5.0
# What an allocator says before it aborts: Rust, C++, Python, the loader.
_MEMORY_PHRASES = (
    b"memory allocation of",
    b"bad_alloc",
    b"out of memory",
    b"Cannot allocate memory",
    b"MemoryError",
)
_STDERR_TAIL = 4096


class Child:
    """A running child. Make one with `Child.start`; `kill` it always."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        errors: int,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._errors = errors
        self._said = b""
        self._info = psutil.Process(process.pid)
        self._killed_for: Death | None = None
        asyncio.get_running_loop().add_reader(errors, self._listen)

    @classmethod
    async def start(cls, jobs: Sequence[str], warm: Sequence[str], address_space_bytes: int) -> "Child":
        """Start a child and wait until it has imported everything.

        Raises ConfigError for a job it cannot import, TryLater when it does not come up. Call it in a thread that lives
        as long as the process: the kernel ends a child with the thread that made it.
        """
        ours, theirs = socket.socketpair()
        errors, errors_out = os.pipe()
        os.set_blocking(errors, False)
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220  # fork and exec of a few ms; asyncio's own needs a child watcher
                [sys.executable, "-P", "-m", "gmsd_chassis.isolation.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors_out,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
                start_new_session=True,
            )
        os.close(errors_out)
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        child = cls(process, reader, writer, errors)
        try:
            setup = {"jobs": list(jobs), "warm": list(warm), "address_space": address_space_bytes}
            await child.send(Kind.SETUP, json.dumps(setup).encode())
            async with asyncio.timeout(_START_SECONDS):
                kind, payload = await child.receive()
        except (OSError, EOFError, TimeoutError):
            # No job is to blame, and on a machine under pressure the next attempt may pass.
            await child.kill()
            raise TryLater("worker_not_starting", _START_AGAIN) from None
        except BaseException:
            await child.kill()
            raise
        if kind is not Kind.READY:
            await child.kill()
            told = json.loads(payload)
            raise ConfigError(f"The worker process cannot import {told['path']} ({told['kind']}).")
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    async def send(self, kind: Kind, payload: bytes = b"") -> None:
        """Send a frame; waits while the child is behind. OSError when it is dead."""
        self._writer.write(head(kind, len(payload)))
        self._writer.write(payload)
        await self._writer.drain()

    async def receive(self) -> tuple[Kind, bytes]:
        """The next frame. EOFError (IncompleteReadError) or OSError when the child is dead; ValueError when it babbles."""
        length, kind = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        if length > MAX_RESULT:
            raise ValueError("a frame longer than any")
        return Kind(kind), await self._reader.readexactly(length)

    def resident(self) -> int:
        """Resident memory of the child in bytes; 0 when it is gone."""
        try:
            return int(self._info.memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    def strike(self, reason: Death) -> None:
        """Kill the child and all it started, and remember why."""
        self._killed_for = self._killed_for or reason
        self._signal()

    async def kill(self) -> None:
        """Kill the child if it lives, reap it, and close what leads to it. Can be repeated."""
        self._signal()
        await asyncio.to_thread(self._process.wait)
        self._writer.close()
        if self._errors >= 0:
            self._listen()
            asyncio.get_running_loop().remove_reader(self._errors)
            os.close(self._errors)
            self._errors = -1

    async def death(self) -> WorkerDied:
        """Why it died, once it is dead or no longer speaks."""
        if self._killed_for is None:
            # The socket closes just before the process is gone: let it finish, so that its own code is seen.
            try:
                await asyncio.to_thread(self._process.wait, 5)
            except subprocess.TimeoutExpired:
                self._killed_for = "exit"
        await self.kill()
        code = self._process.returncode
        if self._killed_for is not None:
            return WorkerDied(self._killed_for)
        if code == OUT_OF_MEMORY or any(phrase in self._said for phrase in _MEMORY_PHRASES):
            return WorkerDied("memory")
        return WorkerDied("signal", -code) if code < 0 else WorkerDied("exit", code)

    def _signal(self) -> None:
        # The group is the child's own (start_new_session), and stays reserved until the child is reaped.
        if self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _listen(self) -> None:
        # What a child says on stderr may hold cell values (a panic prints them): kept only to tell one death from
        # another, never logged. It must be read, or a talkative child would wait for ever.
        try:
            while said := os.read(self._errors, 65536):
                self._said = (self._said + said)[-_STDERR_TAIL:]
            asyncio.get_running_loop().remove_reader(self._errors)
        except BlockingIOError:
            return


def _environment() -> dict[str, str]:
    kept: dict[str, Any] = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "POLARS_MAX_THREADS": str(_THREADS),
        "OMP_NUM_THREADS": str(_THREADS),
        "ARROW_IO_THREADS": str(_THREADS),
        # Every glibc arena reserves 64 MiB of address space; the default is eight per core.
        "MALLOC_ARENA_MAX": "2",
        # Gives back to the system what a job freed, so that resident memory tells the truth about the next.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
