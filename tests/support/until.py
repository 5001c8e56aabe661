"""Wait for something that has to become true."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(happened: Callable[[], bool | Awaitable[bool]], seconds: float = 60.0) -> None:
    """The bound is only there so that a failing test ends."""
    async with asyncio.timeout(seconds):
        while True:
            outcome = happened()
            if await outcome if inspect.isawaitable(outcome) else outcome:
                return
            await asyncio.sleep(0.02)
