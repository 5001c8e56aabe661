"""Intake, except that a question to SQLite on the event loop fails: it would hold up every upload for as long as it takes."""

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from gmsd_chassis.bus.fold import FoldStore
from gmsd_chassis.service import Service, run_service
from gmsd_intake.app import build


def watched() -> Service:
    """Watched from the moment it is put together: what is opened before that holds up nobody."""
    service = build()
    for name in ("read", "write"):
        setattr(FoldStore, name, off_the_loop(getattr(FoldStore, name)))
    return service


def off_the_loop(original: Any) -> Any:
    def method(self: FoldStore) -> AbstractContextManager[Any]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            found: AbstractContextManager[Any] = original(self)
            return found
        raise AssertionError("SQLite on the event loop")

    return method


if __name__ == "__main__":
    run_service(watched)
