"""Which partition a content is written to, so that it lies in one run."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta


class PartitionLocks:
    """The partitions of one topic, each lent to one writer at a time inside this process.

    Runs matter for reading: 342 uploads interleaved over 12 partitions made readers fetch 35.8 GB for 0.62 GB. But a job
    may have two writers open, and twelve such jobs that each hold one partition and wait for a second would wait for
    ever. So the wait is bounded: after `patience` a writer shares the partition with the fewest writers. What it writes
    is read back all the same (readers select by content_id); it only costs its readers some bytes.
    """

    def __init__(self, partitions: Iterable[int], patience: timedelta) -> None:
        self._writers = Counter(dict.fromkeys(partitions, 0))
        self._patience = patience.total_seconds()
        self._freed = asyncio.Condition()

    async def acquire(self) -> int:
        """A partition of one's own, or after `patience` the least crowded. Give it back with `release`."""
        async with self._freed:
            try:
                async with asyncio.timeout(self._patience):
                    await self._freed.wait_for(lambda: min(self._writers.values()) == 0)
            except TimeoutError:
                pass  # the bounded wait is over: share
            fewest = min(self._writers.values())
            # Any of them: several processes that write one topic then seldom meet on the same partition.
            partition = random.choice([p for p, writers in self._writers.items() if writers == fewest])
            self._writers[partition] += 1
            return partition

    async def release(self, partition: int) -> None:
        """Give back what `acquire` gave."""
        async with self._freed:
            self._writers[partition] -= 1
            self._freed.notify_all()
