"""Lets the running handler finish before a partition goes to another member."""

import asyncio
from collections.abc import Collection

from aiokafka import ConsumerRebalanceListener, TopicPartition

from gmsd_chassis.logs import log

# Below the rebalance timeout of 60 s, so that a slow handler costs duplicates, never the membership.
DRAIN_SECONDS = 45.0


class Drain(ConsumerRebalanceListener):  # type: ignore[misc]
    """Listener and lock. `epoch` changes with every revocation: what was read before it may not be committed after it."""

    def __init__(self, group: str) -> None:
        self._group = group
        self.lock = asyncio.Lock()
        self.revoking = asyncio.Event()
        self.epoch = 0
        self.joined = False
        self.assigned: frozenset[TopicPartition] = frozenset()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Wait for the running handler, bounded; it commits inside this wait, while the membership still holds."""
        self.revoking.set()
        try:
            async with asyncio.timeout(DRAIN_SECONDS), self.lock:
                self._forget()
        except TimeoutError:
            self._forget()
            log.warning("drain_timed_out", group=self._group, seconds=DRAIN_SECONDS, partitions=len(revoked))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """The group gave this member its partitions (possibly none)."""
        self.assigned = frozenset(assigned)
        self.joined = True
        self.revoking.clear()
        log.info("partitions_assigned", group=self._group, partitions=len(self.assigned))

    def _forget(self) -> None:
        self.epoch += 1
        self.joined = False
        self.assigned = frozenset()
