"""What may be tried in several ways, the one we like best first."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from gmsd_publication.disclosure.errors import Infeasible, WorkLimit

Found = TypeVar("Found")


def first_found(attempts: Iterable[Callable[[], Found]]) -> Found:
    """What the first attempt finds that is not refused. Raises the last refusal: Infeasible, WorkLimit."""
    refused: Infeasible | WorkLimit = Infeasible("nothing was attempted")
    for attempt in attempts:
        try:
            return attempt()
        except (Infeasible, WorkLimit) as refusal:
            # Without its frames: those of one attempt at a nation hold 0.3 GB, and the next is made while they wait.
            refused = refusal.with_traceback(None)
    try:
        raise refused
    finally:
        del refused  # else it and this frame hold one another, and what the last attempt worked on


def or_none(attempt: Callable[[], Found]) -> Found | None:
    """What it finds; None when that is refused."""
    try:
        return attempt()
    except (Infeasible, WorkLimit):
        return None
