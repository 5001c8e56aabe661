"""How often a worker process may die on one file."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from gmsd_chassis.isolation.errors import WorkerDied

if TYPE_CHECKING:  # the child imports this package too, and counts nothing
    from gmsd_chassis.metrics import Counter

T = TypeVar("T")

MAX_DEATHS = 3
"""As for the service itself: twice may be the machine, three times is the file."""


async def attempted(attempt: Callable[[], Awaitable[T]], deaths: "Counter") -> T:
    """What `attempt` returns; it begins anew after a death. `deaths` counts them by `reason`.

    Raises WorkerDied after the third, and whatever else `attempt` raises at once.
    """
    for _ in range(MAX_DEATHS - 1):
        try:
            return await attempt()
        except WorkerDied as death:
            deaths.inc(reason=death.reason)
    try:
        return await attempt()
    except WorkerDied as death:
        deaths.inc(reason=death.reason)
        raise
