"""What is done with one decoded event between its arrival and its commit: attempts, patience, poison, quarantine."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from aiokafka import ConsumerRecord
from faststream.kafka import KafkaBroker

from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.bus.fuse import Fuse, FuseLimits
from gmsd_chassis.bus.position import Received
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.bus.quarantine import Quarantine
from gmsd_chassis.errors import Poison, TryLater, Unprocessable
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import DEATHS, FUSE_BLOWN, FUSE_CONSECUTIVE, TRY_LATER
from gmsd_contracts.envelope import Event

Handler = Callable[[Received], Awaitable[Sequence[Event[Any]]]]
"""Returns the events to publish. Raises Unprocessable, TryLater; anything else crashes the process."""
OnPoison = Callable[[Received, str], Sequence[Event[Any]]]
"""(event, reason slug) → the events that tell the rest of the system that this one failed."""
Outcome = Literal["processed", "quarantined", "given_back"]

# Two deaths may be a deployment and a full disk; three of the same event are the event.
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


class Handling:
    """The policy of one consumer group. Nothing here commits."""

    def __init__(
        self,
        group: str,
        handler: Handler,
        on_poison: OnPoison | None,
        backoff: Backoff,
        wiring: Wiring,
        wanted_back: Sequence[asyncio.Event],
    ) -> None:
        self.group = group
        self._handler = handler
        self._on_poison = on_poison
        self._backoff = backoff
        self._wired = wiring
        self._wanted = tuple(wanted_back)
        self._fuse = Fuse()
        self._running: UUID | None = None

    async def restore(self, limits: FuseLimits) -> None:
        """Take up the fuse where the previous process of this instance left it."""
        self._fuse = Fuse(limits, await self._wired.attempts.fuse_history(self.group))
        self._show_fuse()

    async def handle(self, record: "ConsumerRecord[bytes, bytes]", received: Received) -> Outcome:
        """Everything between decode and commit; unless given back, the caller commits and then calls `finish`."""
        event = received.event
        deaths = await self._wired.attempts.begin(self.group, event.id)
        if deaths:
            DEATHS.inc(group=self.group)
            log.warning("event_found_unfinished", group=self.group, event_id=str(event.id), deaths=deaths)
        if deaths >= MAX_DEATHS:
            await self._poisoned(record, received, DIED, f"{deaths} processes died on this event")
            return "quarantined"
        self._running = event.id
        try:
            outcome = await self._work(record, received)
        except (asyncio.CancelledError, Crash):
            # Stopped on request, out of patience with something outside, or a blown fuse: not a death of this event.
            await asyncio.shield(self._wired.attempts.give_back(self.group, event.id))
            raise
        finally:
            self._running = None
        if outcome == "given_back":
            await self._wired.attempts.give_back(self.group, event.id)
        return outcome

    def abandon(self) -> None:
        """The process ends now, and not because of what runs here: its attempt does not count. From any thread."""
        running = self._running
        if running is not None:
            self._wired.attempts.give_back_now(self.group, running)

    async def finish(self, received: Received) -> None:
        """It is committed: forget the attempt."""
        await self._wired.attempts.finish(self.group, received.event.id)

    async def put_aside(self, record: "ConsumerRecord[bytes, bytes]", reason: str, detail: str) -> None:
        """Quarantine, unless the fuse says that it is too much. Raises Crash then, and nothing was written."""
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

    async def _work(self, record: "ConsumerRecord[bytes, bytes]", received: Received) -> Outcome:
        try:
            outputs = await self._attempt(received)
        except Unprocessable as error:
            await self._poisoned(
                record, received, error.reason, error.detail, fuse=not isinstance(error, Poison)
            )
            return "quarantined"
        if outputs is None:
            return "given_back"
        await self._wired.publisher.publish(outputs)
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
        waits = [asyncio.ensure_future(event.wait()) for event in self._wanted]
        try:
            done, _ = await asyncio.wait(waits, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return bool(done)

    async def _poisoned(
        self,
        record: "ConsumerRecord[bytes, bytes]",
        received: Received,
        reason: str,
        detail: str,
        *,
        fuse: bool = True,
    ) -> None:
        if fuse:
            await self.put_aside(record, reason, detail)
        else:
            await self._wired.quarantine.put(record, group=self.group, reason=reason, detail=detail)
        if self._on_poison is not None:
            await self._wired.publisher.publish(self._on_poison(received, reason))

    async def _save_fuse(self) -> None:
        self._show_fuse()
        await self._wired.attempts.save_fuse(self.group, self._fuse.history)

    def _show_fuse(self) -> None:
        FUSE_CONSECUTIVE.set(self._fuse.consecutive, group=self.group)
        FUSE_BLOWN.set(0 if self._fuse.would_blow() is None else 1, group=self.group)
