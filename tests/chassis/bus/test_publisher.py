"""Nothing is reported as written that is not, and a producer that broke is replaced."""

import asyncio
from collections import defaultdict
from typing import Any, NoReturn

import pytest
from aiokafka.errors import MessageSizeTooLargeError, OutOfOrderSequenceNumber

from gmsd_chassis.bus.codec import Record, decode
from gmsd_contracts.topics import MAX_MESSAGE_BYTES
from tests.support.until import until

from .conftest import Corner, consent

pytestmark = pytest.mark.broker


async def test_events_of_a_key_keep_their_order_and_positions_are_true(corner: Corner) -> None:
    events = [consent(1 + number // 7, f"GM{number % 7:04d}") for number in range(210)]
    positions = await corner.publisher.publish(events)
    records = {(record.partition, record.offset): record for record in await corner.read(corner.source)}
    per_key: defaultdict[bytes, list[int]] = defaultdict(list)
    for event, position in zip(events, positions, strict=True):
        assert position.topic == corner.source.name
        assert decode(records[position.partition, position.offset], [corner.source]) == event
    for _, record in sorted(records.items()):
        per_key[record.key or b""].append(decode(record, [corner.source]).data.version)
    assert len(per_key) == 7
    assert all(versions == list(range(1, 31)) for versions in per_key.values())
    assert len({position.partition for position in positions}) == 2


async def test_a_producer_with_a_lost_sequence_is_replaced(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await corner.publisher.publish([consent(1)])
    broken = corner.publisher.producer

    async def lost(*_: Any) -> NoReturn:
        raise OutOfOrderSequenceNumber

    monkeypatch.setattr(broken._sender, "_maybe_wait_for_pid", lost)
    [position] = await corner.publisher.publish([consent(2)])
    await until(lambda: corner.publisher.producer is not broken)
    assert position.offset >= 1
    [again] = await corner.publisher.publish([consent(3)])
    assert again.offset > position.offset
    assert corner.publisher.stalled == 0


async def test_what_no_retry_makes_right_is_raised(corner: Corner) -> None:
    too_large = Record(corner.source.name, b"k", b"x" * MAX_MESSAGE_BYTES, ())
    with pytest.raises(MessageSizeTooLargeError):
        await corner.publisher.append([too_large])
    assert corner.publisher.stalled == 0


async def test_a_caller_that_cannot_wait_leaves_nothing_behind(corner: Corner) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await corner.publisher.publish([consent(1)])
    assert corner.publisher.stalled == 0
    await corner.publisher.publish([consent(2)])


async def test_the_raw_producer_takes_a_partition(corner: Corner) -> None:
    acknowledged = await corner.publisher.send(corner.source.name, b"k", b"v", [("h", b"1")], partition=1)
    assert (await acknowledged).partition == 1
