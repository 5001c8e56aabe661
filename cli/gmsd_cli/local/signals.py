"""Ctrl-C, SIGTERM and a closed terminal as one wish: stop cleanly."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

WISHES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_wish() -> Iterator[asyncio.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set, instead of what they do otherwise. Repeating them does not cut a clean stop short."""
    loop = asyncio.get_running_loop()
    wish = asyncio.Event()
    for number in WISHES:
        loop.add_signal_handler(number, wish.set)
    try:
        yield wish
    finally:
        for number in WISHES:
            loop.remove_signal_handler(number)


async def unless(wish: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Run `work` to its end, or until the wish comes: then it is cancelled, and has ended when this returns.

    True when it ended by itself. What it raises is raised.
    """
    task = asyncio.create_task(work)
    wished = asyncio.create_task(wish.wait())
    try:
        await asyncio.wait({task, wished}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return True
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()
        return False
    finally:
        wished.cancel()
