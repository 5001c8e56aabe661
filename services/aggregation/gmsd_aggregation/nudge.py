"""How handlers tell the reconciler that something changed."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Nudge:
    """Any number of nudges before it looks are one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._at_work = 0
        self._worked = float("-inf")

    @property
    def active(self) -> float:
        """Until when something was being done, in seconds of time.monotonic: now, while it is."""
        return time.monotonic() if self._at_work else self._worked

    @contextmanager
    def work(self) -> Iterator[None]:
        """Something is being done that will change inputs."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self._worked = time.monotonic()

    def now(self) -> None:
        """Something changed."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Until a nudge, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()
