"""Consumers that readers of content use one after another."""

from typing import Any

from aiokafka import AIOKafkaConsumer

IDLE = 2
"""Kept for the next reader. A service reads one or two contents at a time; starting a consumer takes 7 to 20 ms, as long as
checking a small file."""


class Readers:
    """A few started consumers, assigned to nothing while nobody uses them. `options`: as for AIOKafkaConsumer."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._idle: list[AIOKafkaConsumer] = []

    async def borrow(self) -> AIOKafkaConsumer:
        """A started consumer, assigned to nothing. Raises KafkaError."""
        if self._idle:
            return self._idle.pop()
        consumer = AIOKafkaConsumer(**self._options)
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def give_back(self, consumer: AIOKafkaConsumer) -> None:
        """For the next reader; only a consumer whose work ended well."""
        consumer.unsubscribe()  # or it goes on fetching what nobody reads
        if len(self._idle) < IDLE:
            self._idle.append(consumer)
        else:
            await consumer.stop()

    async def stop(self) -> None:
        """Stop those that are idle."""
        idle, self._idle = self._idle, []
        for consumer in idle:
            await consumer.stop()
