"""Events to the log, and back through our own fold."""

import asyncio
from typing import Any

from gmsd_chassis.bus.fold import Fold
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.errors import TryLater
from gmsd_contracts.envelope import Event
from gmsd_intake.errors import Problem

# A broker is back 5-12 s after kill -9; a client that waits longer has usually given up itself.
_PUBLISH_SECONDS = 20.0
# The round trip takes 2-11 ms; behind by seconds means the fold is being rebuilt.
_FOLD_SECONDS = 15.0
_AGAIN = {"Retry-After": "5"}


class LogRecorder:
    """A Recorder on Kafka."""

    def __init__(self, publisher: Publisher, fold: Fold) -> None:
        self._publisher = publisher
        self._fold = fold

    async def record(self, event: Event[Any]) -> None:
        """See Recorder. What was not acknowledged in time may still arrive: a repeated request finds out."""
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                (position,) = await self._publisher.publish([event])
        except TimeoutError:
            raise Problem(
                "later-opnieuw", reden="de gebeurtenissenlog antwoordt niet", headers=_AGAIN
            ) from None
        try:
            await self._fold.applied(position, _FOLD_SECONDS)
        except TryLater:
            raise Problem("later-opnieuw", reden="de status loopt achter", headers=_AGAIN) from None
