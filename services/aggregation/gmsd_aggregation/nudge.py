"""How handlers tell the reconciler that something changed."""

import asyncio


class Nudge:
    """Any number of nudges before it looks are one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

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
