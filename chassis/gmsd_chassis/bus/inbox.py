"""One consumer group: an event in, events out, and only then the commit.

At least once. For each record: decode → record the attempt → handler → publish its events, all acknowledged → commit
`offset + 1` of this partition → forget the attempt. A crash anywhere brings the record again; deterministic event ids and
state that only moves forward make that harmless.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.backoff import DEFAULT, Backoff
from gmsd_chassis.bus.codec import decode, type_of
from gmsd_chassis.bus.drain import Drain
from gmsd_chassis.bus.fuse import Fuse, FuseLimits
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.bus.quarantine import Quarantine
from gmsd_chassis.errors import TryLater, Unprocessable
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import (
    DEATHS,
    FUSE_BLOWN,
    FUSE_CONSECUTIVE,
    HANDLER_SECONDS,
    LAG,
    POLL_AGE,
    RECEIVED,
    SKIPPED,
    TRY_LATER,
    UNCOMMITTED,
)
from gmsd_contracts.envelope import Event
from gmsd_contracts.registry import EVENT_TYPES
from gmsd_contracts.topics import Topic

__all__ = ["Crash", "Handler", "Inbox", "OnPoison", "Position", "Received", "Wiring"]

Handler = Callable[[Received], Awaitable[Sequence[Event[Any]]]]
"""Returns the events to publish. Raises Unprocessable, TryLater; anything else crashes the process."""
OnPoison = Callable[[Received, str], Sequence[Event[Any]]]
"""(event, reason slug) → the events that tell the rest of the system that this one failed."""

SESSION_MS = 30_000
REBALANCE_MS = 60_000
# Handlers wait for a child process with a time limit of minutes, and back off in place for one; a group that takes the
# partitions away meanwhile would only start the same work elsewhere. A handler that hangs is found by STUCK_SECONDS.
MAX_POLL_MS = 3_600_000
STUCK_SECONDS = 1_800.0
# A fetch answers every 0.5 s when there is nothing; a broker restart takes 5-12 s. Thirty missed polls is not a blip.
POLL_LIMIT_SECONDS = 15.0
MAX_DEATHS = 3
DIED = "died_repeatedly"


class Crash(Exception):
    """The process has to stop: `reason` for the log, the cause in __cause__."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Wiring:
    """What the service gives its inboxes."""

    broker: KafkaBroker
    instance: str
    publisher: Publisher
    quarantine: Quarantine
    attempts: Attempts
    crash: Callable[[str, BaseException], None]


class Inbox:
    """A consumer group over `topics`; events whose type is in `accepts` go to `handler`, others are committed past.

    `on_poison` is asked for events when a decoded event ends in quarantine: the handler called it Unprocessable, or the
    process died on it three times.
    """

    def __init__(
        self,
        *,
        topics: Sequence[Topic],
        group: str,
        accepts: Collection[str],
        handler: Handler,
        on_poison: OnPoison | None = None,
        backoff: Backoff = DEFAULT,
        fuse: FuseLimits | None = None,
    ) -> None:
        known = {event_type for topic in topics for event_type in topic.event_types}
        strangers = set(accepts) - known
        if strangers:
            raise ValueError(f"{group} accepts {sorted(strangers)}, which stand in none of its topics")
        self.group = group
        self.topics = tuple(topics)
        self._accepts = frozenset(accepts)
        self._handler = handler
        self._on_poison = on_poison
        self._backoff = backoff
        self.fuse_limits = fuse
        self._fuse = Fuse(fuse or FuseLimits())
        self._drain = Drain(group)
        self._stopping = asyncio.Event()
        self._busy_since: float | None = None
        self._done: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._crashed = False
        self._wiring: Wiring | None = None
        self._subscriber: Any = None

    async def attach(self, wiring: Wiring, limits: FuseLimits) -> None:
        """Subscribe on the broker of the service; called once, before the broker starts."""
        self._wiring = wiring
        self._fuse = Fuse(self.fuse_limits or limits, await wiring.attempts.fuse_history(self.group))
        self._show_fuse()
        self._subscriber = wiring.broker.subscriber(
            *(topic.name for topic in self.topics),
            group_id=self.group,
            # Static membership: back after SIGKILL in 0.1-0.2 s instead of after the session of 30 s (measured).
            group_instance_id=f"{self.group}-{wiring.instance}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            session_timeout_ms=SESSION_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            max_poll_interval_ms=MAX_POLL_MS,
            listener=self._drain,
            parser=_tolerant,
            decoder=_undecoded,
            no_reply=True,
        )
        self._subscriber(self._receive)

    def watch(self) -> None:
        """Called once the broker has started: a consume loop that ends by itself is a crash.

        FastStream starts it again, at once and for ever. The one known cause is a record that the client library cannot
        parse at all (a header whose name is not UTF-8, measured): it can be neither read nor put aside.
        """
        for task in self._subscriber.tasks:
            task.add_done_callback(self._loop_ended)

    def _loop_ended(self, task: "asyncio.Task[Any]") -> None:
        if task.cancelled() or self._stopping.is_set() or self._crashed:
            return
        error = task.exception()
        if error is None:
            return
        self._crashed = True
        log.critical(
            "consume_loop_ended", group=self.group, topics=[topic.name for topic in self.topics],
            do="find the record after the committed offset that the client cannot parse, and move the group past it",
        )  # fmt: skip
        self._wired.crash("consume_loop_ended", error)

    def stop(self) -> None:
        """Take nothing new and end a back-off; a running handler may finish."""
        self._stopping.set()

    # -- health ----------------------------------------------------------------------------------------------------

    @property
    def poll_age(self) -> float:
        """Seconds since a broker answered the consumer; infinite before the first time."""
        consumer: AIOKafkaConsumer | None = (
            self._subscriber.consumer if self._subscriber is not None else None
        )
        if consumer is None or not self._drain.joined:
            return float("inf")
        assigned = consumer.assignment()
        if not assigned:
            return 0.0  # a spare member of the group has nothing to poll
        polled = [consumer.last_poll_timestamp(partition) for partition in assigned]
        newest = max((moment for moment in polled if moment is not None), default=None)
        return float("inf") if newest is None else max(0.0, time.time() - newest / 1000)

    async def problem(self) -> str | None:
        """Why this inbox is not ready, or None."""
        if self._crashed:
            return "stopped"
        if self._busy_since is not None:
            busy = time.monotonic() - self._busy_since
            return f"one event is handled for {busy:.0f} s" if busy > STUCK_SECONDS else None
        if not self._drain.joined:
            return "not a member of its consumer group"
        if self.poll_age > POLL_LIMIT_SECONDS:
            return "no answer from a broker"
        return None

    async def observe(self) -> None:
        """Measure poll age and lag; FastStream has no lag metric."""
        age = self.poll_age
        POLL_AGE.set(age if age != float("inf") else -1, group=self.group)
        consumer: AIOKafkaConsumer | None = (
            self._subscriber.consumer if self._subscriber is not None else None
        )
        if consumer is None:
            return
        assigned = consumer.assignment()
        try:
            async with asyncio.timeout(10):
                self._ends = await consumer.end_offsets(assigned) if assigned else {}
                lag = dict.fromkeys((topic.name for topic in self.topics), 0)
                for partition, end in self._ends.items():
                    done = self._done.get(partition)
                    if done is None:
                        done = await consumer.committed(partition) or 0
                        self._done.setdefault(partition, done)
                    lag[partition.topic] += max(0, end - done)
        except (TimeoutError, KafkaError) as error:
            log.warning("lag_not_measured", group=self.group, error=error)
            return
        for topic, records in lag.items():
            LAG.set(records, group=self.group, topic=topic)

    # -- one record ------------------------------------------------------------------------------------------------

    async def _receive(self, message: KafkaMessage) -> None:
        record: ConsumerRecord[bytes, bytes] = message.raw_message
        partition = TopicPartition(record.topic, record.partition)
        async with self._drain.lock:
            if self._crashed or self._stopping.is_set():
                await self._park()
                return
            if partition not in self._drain.assigned:
                return  # taken away between fetch and here; its new owner reads it
            self._busy_since = time.monotonic()
            try:
                await self._process(record, partition, message.consumer, self._drain.epoch)
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever a handler raises ends the process
                self._crashed = True
                reason = error.reason if isinstance(error, Crash) else "handler_failed"
                self._wired.crash(reason, error.__cause__ or error)
                await self._park()
            finally:
                self._busy_since = None

    async def _process(
        self, record: "ConsumerRecord[bytes, bytes]", partition: TopicPartition, consumer: Any, epoch: int
    ) -> None:
        event_type = type_of(record)
        if event_type in EVENT_TYPES and event_type not in self._accepts:
            SKIPPED.inc(group=self.group, type=event_type)
            await self._commit(consumer, partition, record.offset, epoch)
            return
        try:
            event = decode(record, self.topics)
        except Unprocessable as error:
            await self._put_aside(record, error.reason, error.detail)
            await self._commit(consumer, partition, record.offset, epoch)
            return
        received = Received(event, Position(record.topic, record.partition, record.offset))
        RECEIVED.inc(group=self.group, type=event.type)
        started = time.monotonic()
        outcome = await self._handle(record, received)
        if outcome == "given_back":
            return
        await self._commit(consumer, partition, record.offset, epoch)
        await self._wired.attempts.finish(self.group, event.id)
        HANDLER_SECONDS.observe(time.monotonic() - started, group=self.group, outcome=outcome)

    async def _handle(self, record: "ConsumerRecord[bytes, bytes]", received: Received) -> str:
        """Everything between decode and commit; returns what became of it."""
        attempts, event = self._wired.attempts, received.event
        deaths = await attempts.begin(self.group, event.id)
        if deaths:
            DEATHS.inc(group=self.group)
            log.warning("event_found_unfinished", group=self.group, event_id=str(event.id), deaths=deaths)
        if deaths >= MAX_DEATHS:
            await self._poisoned(record, received, DIED, f"{deaths} processes died on this event")
            return "quarantined"
        try:
            outputs = await self._attempt(received)
            if outputs is not None:
                await self._wired.publisher.publish(outputs)
        except Unprocessable as error:
            await self._poisoned(record, received, error.reason, error.detail)
            return "quarantined"
        except (asyncio.CancelledError, Crash):
            # Stopped on request, or out of patience with something outside: not a death of this event.
            await asyncio.shield(attempts.finish(self.group, event.id))
            raise
        if outputs is None:
            await attempts.finish(self.group, event.id)
            return "given_back"
        was_burning = self._fuse.consecutive > 0
        self._fuse.good()
        if was_burning:
            await self._save_fuse()
        return "processed"

    async def _attempt(self, received: Received) -> Sequence[Event[Any]] | None:
        """The handler, with back-off in place; None when the partition or the service is wanted back meanwhile."""
        for attempt in range(1, self._backoff.tries + 1):
            try:
                return await self._handler(received)
            except TryLater as later:
                TRY_LATER.inc(group=self.group, reason=later.reason)
                log.info("try_later", group=self.group, reason=later.reason, attempt=attempt)
                if attempt == self._backoff.tries:
                    raise Crash("tried_too_often") from later
                if await self._wanted_back(self._backoff.delay(attempt, later.after)):
                    return None
        raise AssertionError("unreachable")

    async def _wanted_back(self, delay: float) -> bool:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stopping, self._drain.revoking)]
        try:
            done, _ = await asyncio.wait(waits, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return bool(done)

    async def _poisoned(
        self, record: "ConsumerRecord[bytes, bytes]", received: Received, reason: str, detail: str
    ) -> None:
        await self._put_aside(record, reason, detail)
        if self._on_poison is not None:
            await self._wired.publisher.publish(self._on_poison(received, reason))

    async def _put_aside(self, record: "ConsumerRecord[bytes, bytes]", reason: str, detail: str) -> None:
        blown = self._fuse.would_blow()
        if blown is not None:
            FUSE_BLOWN.set(1, group=self.group)
            log.critical(
                "fuse_blown", group=self.group, by=blown, reason=reason, topic=record.topic,
                partition=record.partition, offset=str(record.offset),
                do="find out why nothing can be processed; a record that can be resets the fuse, "
                "or raise GMSD_FUSE_CONSECUTIVE / GMSD_FUSE_RATIO once",
            )  # fmt: skip
            raise Crash(f"fuse_blown_{blown}")
        await self._wired.quarantine.put(record, group=self.group, reason=reason, detail=detail)
        self._fuse.bad()
        await self._save_fuse()

    async def _commit(self, consumer: Any, partition: TopicPartition, offset: int, epoch: int) -> None:
        if epoch != self._drain.epoch:
            UNCOMMITTED.inc(group=self.group, reason="revoked")
            return
        try:
            await consumer.commit({partition: offset + 1})
        except KafkaError as error:
            # The work is done and acknowledged; whoever owns the partition now does it once more.
            UNCOMMITTED.inc(group=self.group, reason=type(error).__name__)
            log.warning("commit_refused", group=self.group, error=error)
            return
        self._done[partition] = offset + 1

    async def _save_fuse(self) -> None:
        self._show_fuse()
        await self._wired.attempts.save_fuse(self.group, self._fuse.history)

    def _show_fuse(self) -> None:
        FUSE_CONSECUTIVE.set(self._fuse.consecutive, group=self.group)
        FUSE_BLOWN.set(0 if self._fuse.would_blow() is None else 1, group=self.group)

    async def _park(self) -> None:
        """After a crash or at the end nothing is taken any more: the consume loop may not run on past this record."""
        await self._stopping.wait()

    @property
    def _wired(self) -> Wiring:
        if self._wiring is None:
            raise RuntimeError(f"inbox {self.group} belongs to no service yet")
        return self._wiring


async def _tolerant(record: "ConsumerRecord[bytes, bytes]", original: Callable[[Any], Awaitable[Any]]) -> Any:
    """FastStream decodes every header; one that is not UTF-8 would drop the record unseen. We decode them ourselves."""
    message = await original(replace(record, headers=()))
    message.raw_message = record
    return message


async def _undecoded(message: Any) -> Any:
    """The body is not sniffed for JSON: `codec.decode` reads the record."""
    return message.body
