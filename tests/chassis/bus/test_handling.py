"""The policy around one event, without a broker: what counts against the fuse, and what counts as a death."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.structs import ConsumerRecord

from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.bus.fuse import FuseLimits
from gmsd_chassis.bus.handling import Crash, Handler, Handling, Wiring
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.errors import Poison, Unprocessable
from gmsd_contracts.envelope import Event

from .conftest import consent, failure


class Log:
    """Publisher and quarantine of one test."""

    def __init__(self) -> None:
        self.published: list[Event[Any]] = []
        self.aside: list[str] = []

    async def publish(self, events: Sequence[Event[Any]]) -> None:
        self.published += events

    async def put(self, original: object, *, group: str, reason: str, detail: str) -> None:
        self.aside.append(reason)


class Room:
    """One Handling around a handler."""

    def __init__(self, root: Path, handler: Handler) -> None:
        self.log = Log()
        self.attempts = Attempts(root / "attempts.sqlite")
        log = cast("Any", self.log)
        wiring = Wiring(cast("Any", None), "0", log, log, self.attempts, lambda reason, error: None)
        poisoned = lambda received, reason: [failure(received.event.id)]  # noqa: E731
        self.handling = Handling("g", handler, poisoned, Backoff(), wiring, ())

    async def give(self, received: Received) -> str:
        record = ConsumerRecord("t", 0, 0, 0, 0, None, b"", None, 0, 0, ())
        outcome = await self.handling.handle(record, received)
        await self.handling.finish(received)
        return outcome


def arrived() -> Received:
    return Received(consent(1), Position("t", 0, 0))


async def test_no_number_of_poisonous_files_blows_the_fuse(tmp_path: Path) -> None:
    async def poison(received: Received) -> Sequence[Event[Any]]:
        raise Poison("gecrasht")

    room = Room(tmp_path, poison)
    await room.handling.restore(FuseLimits(consecutive=3, ratio=0.1, minimum=5))
    for _ in range(20):
        assert await room.give(arrived()) == "quarantined"
    assert room.log.aside == ["gecrasht"] * 20
    assert len(room.log.published) == 20, "each is told to the rest of the system"


async def test_what_nobody_can_process_blows_it(tmp_path: Path) -> None:
    async def refuse(received: Received) -> Sequence[Event[Any]]:
        raise Unprocessable("no_such_thing")

    room = Room(tmp_path, refuse)
    await room.handling.restore(FuseLimits(consecutive=3))
    for _ in range(3):
        await room.give(arrived())
    with pytest.raises(Crash, match="fuse_blown_consecutive"):
        await room.give(arrived())


async def test_an_attempt_that_ends_with_the_process_for_another_reason_is_no_death(tmp_path: Path) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def linger(received: Received) -> Sequence[Event[Any]]:
        begun.set()
        await never.wait()
        return []

    room, event = Room(tmp_path, linger), arrived()
    task = asyncio.create_task(room.give(event))
    await begun.wait()
    await asyncio.to_thread(room.handling.abandon)
    assert await room.attempts.begin("g", event.event.id) == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_its_own_defect_is(tmp_path: Path) -> None:
    async def break_down(received: Received) -> Sequence[Event[Any]]:
        raise ValueError("defect")

    room, event = Room(tmp_path, break_down), arrived()
    with pytest.raises(ValueError, match="defect"):
        await room.give(event)
    room.handling.abandon()
    assert await room.attempts.begin("g", event.event.id) == 1
