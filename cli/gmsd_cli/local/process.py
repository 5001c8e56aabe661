"""One child process: its log file, its death, and everything it may leave behind."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

LOG_LIMIT = 20 * 1024 * 1024
"""Bytes per log file; with one older copy kept, the logs of all processes stay below a quarter of a gigabyte."""
POLL_SECONDS = 0.05
"""How soon a death is seen. One waitpid per process: 20 per second costs nothing measurable."""


class Process:
    """A running child, leader of its own process group.

    Its own group because Ctrl-C in a terminal signals a whole group: the supervisor alone must hear it, so that
    services stop before the broker. Output of the child is appended to `log`.
    """

    def __init__(
        self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path, record: Path
    ) -> None:
        """Start it. `record` is the file that remembers it for `end_leftover`. Raises OSError when it cannot start."""
        self.name = name
        self.log = log
        self.started = time.monotonic()
        self._record = record
        log.parent.mkdir(parents=True, exist_ok=True)
        trim_log(log)
        with log.open("ab") as out:
            self._from = out.tell()
            self._popen = subprocess.Popen(
                list(argv),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with contextlib.suppress(psutil.NoSuchProcess):
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(f"{self.pid} {psutil.Process(self.pid).create_time()}\n", encoding="ascii")

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As in subprocess: negative is the signal that ended it; None while it runs."""
        return self._popen.poll()

    async def exited(self) -> int:
        """Wait for its end and return the exit code; whatever it started and left in its group is ended too."""
        while (code := self._popen.poll()) is None:  # noqa: ASYNC110 - the event is the kernel's, and no loop outlives us
            await asyncio.sleep(POLL_SECONDS)
        self._end_group()
        return code

    async def stop(self, grace: float) -> int:
        """SIGTERM, and after `grace` seconds SIGKILL. Returns the exit code; harmless when it has ended already."""
        if self.alive:
            self._popen.terminate()
        try:
            code = await asyncio.wait_for(self.exited(), grace)
        except TimeoutError:
            self.kill()
            code = await self.exited()
        self._record.unlink(missing_ok=True)
        return code

    def kill(self) -> None:
        """SIGKILL the process itself: what a crash does, with no chance to tidy up."""
        self._popen.kill()

    def _end_group(self) -> None:
        """A worker whose parent was killed would otherwise go on computing, and hold the parent's port."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line this run wrote that is not a JSON log record: where a refusal prints its sentence. '' if none."""
        return last_line(self.log, self._from)


def last_line(log: Path, start: int = 0) -> str:
    """The last readable line of a log after byte `start`, JSON records skipped; at most 500 characters; '' if none.

    It is shown to whoever started the platform, and an exception's message may quote a value: runs of 8 or more digits are masked.
    """
    if not log.is_file():
        return ""
    with log.open("rb") as f:
        size = f.seek(0, os.SEEK_END)
        # a log that is shorter than where this run began was trimmed since: all of it is this run's
        f.seek(max(start if start <= size else 0, size - 16384))
        lines = f.read().decode("utf-8", "replace").splitlines()
    spoken = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("{")]
    return re.sub(r"\d{8,}", "********", spoken[-1])[:500] if spoken else ""


def trim_log(log: Path, limit: int = LOG_LIMIT) -> None:
    """Move a log that has outgrown `limit` bytes to `<name>.1` and begin it anew.

    Copied and truncated rather than renamed: the child holds the file open in append mode and goes on writing to it. Lines
    written between the copy and the truncation are lost; a log is not a record.
    """
    if log.is_file() and log.stat().st_size > limit:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def end_leftover(record: Path, grace: float = 15.0) -> bool:
    """End the process that a killed supervisor left behind, if `record` names one that still runs: SIGTERM, then SIGKILL.

    Pid and start time must both agree, so that a pid that was given out again is never touched. Returns whether one was ended.
    """
    try:
        text = record.read_text(encoding="ascii")
    except OSError:
        return False
    try:
        pid_text, created_text = text.split()
        pid, created = int(pid_text), float(created_text)
        process = psutil.Process(pid)
        same = bool(abs(process.create_time() - created) < 0.01)
    except (ValueError, psutil.NoSuchProcess):
        record.unlink(missing_ok=True)
        return False
    if same:
        process.terminate()
        try:
            process.wait(grace)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    record.unlink(missing_ok=True)
    return same
