"""Liveness and readiness.

Ready means: a member of its consumer groups, a recent answer from a broker, folds caught up, stores reachable. FastStream's
own ping looks at none of these: it says a producer is connected.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gmsd_chassis.metrics import READY

Check = Callable[[], Awaitable[str | None]]
"""What is wrong, in a few words without data, or None."""

# A probe of an orchestrator gives up after a few seconds; a check that hangs has to be named before that.
CHECK_SECONDS = 2.0


class Health:
    """Named checks, run together on every request."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        """Register a check; a name is used once."""
        if name in self._checks:
            raise ValueError(f"check {name} exists")
        self._checks[name] = check

    async def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether every check passed, and the report."""
        names = list(self._checks)
        problems = await asyncio.gather(*(_bounded(self._checks[name]) for name in names))
        ok = not any(problems)
        READY.set(1 if ok else 0)
        checks = {name: problem or "ok" for name, problem in zip(names, problems, strict=True)}
        return ok, {"status": "ready" if ok else "not ready", "checks": checks}


async def _bounded(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer in {CHECK_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001 - a check that fails is the answer; its text may hold data
        return f"failed with {type(error).__name__}"
