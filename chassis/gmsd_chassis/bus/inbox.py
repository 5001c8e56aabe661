"""One consumer group: an event in, events out, and only then the commit.

At least once. For each record: decode → record the attempt → handler → publish its events, all acknowledged → commit
`offset + 1` of this partition → forget the attempt. A crash anywhere brings the record again; deterministic event ids and
state that only moves forward make that harmless.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka.annotations import KafkaMessage

from gmsd_chassis.bus.backoff import DEFAULT, Backoff
from gmsd_chassis.bus.codec import decode, type_of
from gmsd_chassis.bus.drain import Drain
from gmsd_chassis.bus.fuse import FuseLimits
from gmsd_chassis.bus.handling import Crash, Handler, Handling, OnPoison, Wiring
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.errors import Unprocessable
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import (
    HANDLER_SECONDS,
    LAG,
    POLL_AGE,
    RECEIVED,
    SKIPPED,
    UNCOMMITTED,
)
from gmsd_contracts.registry import EVENT_TYPES
from gmsd_contracts.topics import Topic

__all__ = ["Crash", "Handler", "Inbox", "OnPoison", "Position", "Received", "Wiring"]

SESSION_MS = 30_000
REBALANCE_MS = 60_000
# Handlers wait for a child process with a time limit of minutes, and back off in place for one; a group that takes the
# partitions away meanwhile would only start the same work elsewhere. A handler that hangs is found by STUCK_SECONDS.
MAX_POLL_MS = 3_600_000
STUCK_SECONDS = 1_800.0
# A fetch answers every 0.5 s when there is nothing; a broker restart takes 5-12 s. Thirty missed polls is not a blip.
POLL_LIMIT_SECONDS = 15.0
# One write of a few bytes to a disk that may be busy.
SETTLE_SECONDS = 5.0


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
        self._policy = (handler, on_poison, backoff)
        self._limits = fuse
        self._drain = Drain(group)
        self._stopping = asyncio.Event()
        self._busy_since: float | None = None
        self._done: dict[TopicPartition, int] = {}
        self._skipped: dict[TopicPartition, tuple[int, int]] = {}
        self._begun: dict[TopicPartition, tuple[int, int]] = {}  # epoch and offset of the last commit
        self._observed = 0
        self._crashed = False
        self._crash: Callable[[str, BaseException], None] | None = None
        self._handling: Handling | None = None
        self._subscriber: Any = None

    async def attach(self, wiring: Wiring, limits: FuseLimits) -> None:
        """Subscribe on the broker of the service; called once, before the broker starts."""
        handling = Handling(self.group, *self._policy, wiring, (self._stopping, self._drain.revoking))
        await handling.restore(self._limits or limits)
        self._crash, self._handling = wiring.crash, handling
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
        self._report("consume_loop_ended", error)

    def stop(self) -> None:
        """Take nothing new and end a back-off; a running handler may finish."""
        self._stopping.set()

    def abandon(self) -> None:
        """The process ends now, whatever still runs: what a handler of this inbox is at does not count as its death."""
        if self._handling is not None and not self._crashed:
            self._handling.abandon()

    async def settled(self) -> None:
        """After the broker stopped: a handler that was cut off has given back its attempt."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS), self._drain.lock:
                return
        except TimeoutError:
            log.warning("handler_did_not_end", group=self.group)

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
        """Commit past what was skipped, and measure poll age and lag; FastStream has no lag metric.

        What is not ours to handle can be skipped again, and committing each of it costs a round trip of 5 to 8 ms, for half of
        what some groups read: the next commit takes it along, or this one does.
        """
        age = self.poll_age
        POLL_AGE.set(age if age != float("inf") else -1, group=self.group)
        consumer: AIOKafkaConsumer | None = (
            self._subscriber.consumer if self._subscriber is not None else None
        )
        if consumer is None:
            return
        skipped, self._skipped = self._skipped, {}
        for partition, (offset, epoch) in skipped.items():
            await self._commit(consumer, partition, offset, epoch)
        assigned = consumer.assignment()
        if self._observed != self._drain.epoch:
            self._observed = self._drain.epoch
            self._done.clear()  # another member may have gone on where this one stopped
        try:
            async with asyncio.timeout(10):
                ends = await consumer.end_offsets(assigned) if assigned else {}
                lag = dict.fromkeys((topic.name for topic in self.topics), 0)
                for partition, end in ends.items():
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
                self._report(reason, error.__cause__ or error)
                await self._park()
            finally:
                self._busy_since = None

    async def _process(
        self, record: "ConsumerRecord[bytes, bytes]", partition: TopicPartition, consumer: Any, epoch: int
    ) -> None:
        event_type = type_of(record)
        if event_type in EVENT_TYPES and event_type not in self._accepts:
            SKIPPED.inc(group=self.group, type=event_type)
            self._skipped[partition] = (record.offset, epoch)
            return
        try:
            event = decode(record, self.topics)
        except Unprocessable as error:
            await self._handled.put_aside(record, error.reason, error.detail)
            await self._commit(consumer, partition, record.offset, epoch)
            return
        received = Received(event, Position(record.topic, record.partition, record.offset))
        RECEIVED.inc(group=self.group, type=event.type)
        started = time.monotonic()
        outcome = await self._handled.handle(record, received)
        if outcome == "given_back":
            return
        await self._commit(consumer, partition, record.offset, epoch)
        await self._handled.finish(received)
        HANDLER_SECONDS.observe(time.monotonic() - started, group=self.group, outcome=outcome)

    async def _commit(self, consumer: Any, partition: TopicPartition, offset: int, epoch: int) -> None:
        if epoch != self._drain.epoch:
            UNCOMMITTED.inc(group=self.group, reason="revoked")
            return
        if self._begun.get(partition, (epoch, offset)) > (epoch, offset):
            return  # an observation commits while records are handled: what it skipped may be behind by now
        self._begun[partition] = epoch, offset
        if self._skipped.get(partition, (offset + 1, epoch))[0] <= offset:
            del self._skipped[
                partition
            ]  # it stands before this one; one behind it was skipped since, and still waits
        try:
            await consumer.commit({partition: offset + 1})
        except KafkaError as error:
            # The work is done and acknowledged; whoever owns the partition now does it once more.
            UNCOMMITTED.inc(group=self.group, reason=type(error).__name__)
            log.warning("commit_refused", group=self.group, error=error)
            return
        self._done[partition] = offset + 1

    async def _park(self) -> None:
        """After a crash or at the end nothing is taken any more: the consume loop may not run on past this record."""
        await self._stopping.wait()

    def _report(self, reason: str, error: BaseException) -> None:
        if self._crash is not None:
            self._crash(reason, error)

    @property
    def _handled(self) -> Handling:
        if self._handling is None:
            raise RuntimeError(f"inbox {self.group} belongs to no service yet")
        return self._handling


async def _tolerant(record: "ConsumerRecord[bytes, bytes]", original: Callable[[Any], Awaitable[Any]]) -> Any:
    """FastStream decodes every header; one that is not UTF-8 would drop the record unseen. We decode them ourselves."""
    message = await original(replace(record, headers=()))
    message.raw_message = record
    return message


async def _undecoded(message: Any) -> Any:
    """The body is not sniffed for JSON: `codec.decode` reads the record."""
    return message.body
