"""Keeping one process alive."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from gmsd_cli.local.errors import EX_CONFIG, LocalError, ServiceMisconfigured
from gmsd_cli.local.process import Process

FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0
"""Seconds. A crash by chance costs almost nothing; a crash loop costs one start in five seconds, and ends soon after its cause."""
HEALTHY_AFTER = 30.0
"""Seconds a process must live before its next death counts as the first again."""

Notice = Callable[[str], None]
"""Hears Dutch sentences about what the supervisor does."""


class Backoff:
    """Delays before the next start: 0.2 s, doubled per death, 5 s at most, 0.2 s again after a healthy life."""

    def __init__(self) -> None:
        self._next = FIRST_DELAY

    def after(self, lived: float) -> float:
        """The delay after a process that lived `lived` seconds."""
        if lived >= HEALTHY_AFTER:
            self._next = FIRST_DELAY
        delay, self._next = self._next, min(self._next * 2, LONGEST_DELAY)
        return delay


class Keeper:
    """Starts a process, and starts it again whenever it ends, until `stop` is called.

    `launch` starts it once. Exit code 78 means that its settings are refused: `task` then ends with ServiceMisconfigured, because the
    same settings would be refused again.
    """

    def __init__(self, name: str, launch: Callable[[], Awaitable[Process]], notice: Notice) -> None:
        self.name = name
        self.process: Process | None = None
        self.restarts = 0
        self.task: asyncio.Task[None] | None = None
        self._launch = launch
        self._notice = notice
        self._backoff = Backoff()
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """The first start; what it raises is the caller's. From then on `task` keeps it alive."""
        self.process = await self._launch()
        self.task = asyncio.create_task(self._keep(self.process), name=f"keep {self.name}")

    async def _keep(self, process: Process) -> None:
        while True:
            code = await process.exited()
            if self._stopping.is_set():
                return
            if code == EX_CONFIG:
                sentence = process.last_words() or "zonder melding"
                raise ServiceMisconfigured(f"{self.name} weigert te starten: {sentence}")
            delay = self._backoff.after(time.monotonic() - process.started)
            self._notice(f"{self.name} stopte ({ending(code)}) en start over {delay:.1f} s opnieuw.")
            again = await self._again(delay)
            if again is None:
                return
            process = again

    async def _again(self, delay: float) -> Process | None:
        """Start again after `delay`; for as long as it cannot be started, try again. None when stopped meanwhile."""
        while not await self._stopped_within(delay):
            try:
                self.process = await self._launch()
            except (LocalError, OSError) as e:
                delay = self._backoff.after(0.0)
                why = e.sentence if isinstance(e, LocalError) else type(e).__name__
                self._notice(f"{self.name} kan niet starten: {why}")
                continue
            self.restarts += 1
            return self.process
        return None

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def stop(self, grace: float) -> None:
        """Stop it for good: SIGTERM, SIGKILL after `grace` seconds. Harmless when it never started or has ended."""
        self._stopping.set()
        while self.task is not None and not self.task.done():
            if self.process is not None:
                await self.process.stop(grace)
            # again, because a start that was under way when stop was called makes a newer process
            await asyncio.wait([self.task], timeout=0.1)
        if self.task is not None and not self.task.cancelled():
            # a refusal that nobody waited for has been noticed here: everything is stopping
            self.task.exception()


def ending(code: int) -> str:
    """How a process ended, in Dutch, from its exit code (negative: the signal)."""
    return f"signaal {-code}" if code < 0 else f"exitcode {code}"
