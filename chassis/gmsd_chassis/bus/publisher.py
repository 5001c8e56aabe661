"""Writes events: all acknowledgements gathered, `acks=all`, idempotent, patient when the log is away."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import RecordMetadata

from gmsd_chassis.bus.backoff import DEFAULT, Backoff
from gmsd_chassis.bus.codec import Record, Route, encode
from gmsd_chassis.bus.position import Position
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import PUBLISH_RETRIES, PUBLISH_SECONDS, PUBLISHED
from gmsd_contracts.envelope import Event
from gmsd_contracts.topics import MAX_MESSAGE_BYTES, topic_of

# No retry makes these right: they are defects or configuration, and crash the process.
_HOPELESS = (
    MessageSizeTooLargeError,
    InvalidTopicError,
    TopicAuthorizationFailedError,
    ClusterAuthorizationFailedError,
)
# A broker that restarts answers again in 5-12 s; unready sooner would make every restart of it an outage of ours.
STALLED_SECONDS = 15.0
# Shorter than the drain of a service, longer than a request to a broker that answers.
FLUSH_SECONDS = 5.0


class Publisher:
    """One idempotent producer.

    `publish` returns when every event is acknowledged, however long the log is away; a caller that cannot wait puts it under
    `asyncio.timeout`. What was tried again may stand in the log twice with the same id: the first wins.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        client_id: str = "gmsd",
        backoff: Backoff = DEFAULT,
        route: Route = topic_of,
    ) -> None:
        self._bootstrap = bootstrap
        self._route = route
        self._client_id = client_id
        self._backoff = backoff
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()
        self._waiting: dict[int, float] = {}
        self._tickets = itertools.count()

    @property
    def producer(self) -> AIOKafkaProducer:
        """The aiokafka producer of this moment; it is replaced after a fatal error, so do not keep it."""
        if self._producer is None:
            raise RuntimeError("the publisher is not started")
        return self._producer

    @property
    def stalled(self) -> float:
        """Seconds that the longest waiting publish has waited."""
        return time.monotonic() - min(self._waiting.values()) if self._waiting else 0.0

    async def start(self) -> None:
        """Connect; keeps trying while no broker answers."""
        for attempt in itertools.count(1):
            try:
                self._producer = await self._connect()
            except (KafkaError, OSError) as error:
                log.warning("log_unreachable", bootstrap=self._bootstrap, error=error)
                await asyncio.sleep(self._backoff.delay(attempt))
            else:
                return

    async def stop(self) -> None:
        """Flush what was handed over and close; bounded, because a log that is away would hold the process for ever."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await producer.stop()
        except TimeoutError:
            # Nobody was told that these were written: an event is reported only after its acknowledgement.
            log.warning("stopped_with_unacknowledged_records")

    async def publish(self, events: Sequence[Event[Any]]) -> list[Position]:
        """Write events to the topics of their types, in order per key. Returns where each stands."""
        positions = await self.append([encode(event, self._route) for event in events])
        for event in events:
            PUBLISHED.inc(type=event.type)
        return positions

    async def append(self, records: Sequence[Record]) -> list[Position]:
        """Write records as they are (quarantine does this) until all are acknowledged."""
        if not records:
            return []
        ticket, begun = next(self._tickets), time.monotonic()
        self._waiting[ticket] = begun
        try:
            for attempt in itertools.count(1):
                producer = self.producer
                try:
                    return await self._append_once(producer, records)
                except _HOPELESS:
                    raise
                except KafkaError as error:
                    PUBLISH_RETRIES.inc(reason=type(error).__name__)
                    log.warning("publish_retried", error=error, attempt=attempt, records=len(records))
                    await asyncio.sleep(self._backoff.delay(attempt))
                    await self._renew(producer)
            raise AssertionError("unreachable")
        finally:
            del self._waiting[ticket]
            PUBLISH_SECONDS.observe(time.monotonic() - begun)

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
    ) -> "asyncio.Future[RecordMetadata]":
        """Hand one record to the producer; the future is its acknowledgement. No retry beyond the producer's own."""
        future: asyncio.Future[RecordMetadata] = await self.producer.send(
            topic, value=value, key=key, partition=partition, headers=list(headers)
        )
        return future

    async def _append_once(self, producer: AIOKafkaProducer, records: Sequence[Record]) -> list[Position]:
        # Awaiting each acknowledgement costs a round trip per record: 47 against 45,637 messages a second (measured).
        futures = [
            await producer.send(
                record.topic, value=record.value, key=record.key, headers=list(record.headers)
            )
            for record in records
        ]
        outcomes: list[RecordMetadata | BaseException] = await asyncio.gather(
            *futures, return_exceptions=True
        )
        positions = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            positions.append(Position(outcome.topic, outcome.partition, outcome.offset))
        return positions

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            max_request_size=MAX_MESSAGE_BYTES,
            # One chunk of content (768 KiB) fills a batch; more per batch would pass the broker's limit on a message.
            max_batch_size=MAX_MESSAGE_BYTES - 4096,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def _renew(self, failed: AIOKafkaProducer) -> None:
        """A producer that met a fatal error (sequence lost after a broker crash) fails every later send: replace it."""
        async with self._renewing:
            sender = failed._sender.sender_task
            renewed = failed is not self._producer
            if renewed or sender is None or not sender.done():
                return
            try:
                fresh = await self._connect()
            except (KafkaError, OSError) as error:
                log.warning("log_unreachable", bootstrap=self._bootstrap, error=error)
                return  # the next try comes here again
            self._producer = fresh
            await failed.stop()
