"""What a consumer group promises, on a real broker."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.structs import ConsumerRecord

from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.bus.codec import Record, encode
from gmsd_chassis.bus.fuse import FuseLimits
from gmsd_chassis.bus.inbox import Inbox, Received
from gmsd_chassis.bus.position import Position
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.bus.quarantine import Quarantine
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import TryLater, Unprocessable
from gmsd_chassis.metrics import LAG
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.topics import CONSENTS, MAX_MESSAGE_BYTES
from tests.support.until import until

from .conftest import Corner, answer, consent, failure

pytestmark = pytest.mark.broker


class Seen:
    """A handler that remembers, and answers each event with one."""

    def __init__(self) -> None:
        self.events: list[Received] = []

    async def __call__(self, received: Received) -> Sequence[Event[Any]]:
        self.events.append(received)
        return [answer(received.event.id)]

    @property
    def versions(self) -> list[int]:
        return [received.event.data.version for received in self.events]


async def test_outputs_are_in_the_log_and_only_then_the_commit(corner: Corner) -> None:
    seen = Seen()
    positions = await corner.publisher.publish([consent(number) for number in range(1, 6)])
    member = await corner.join(seen)
    last = positions[-1]

    async def done() -> bool:
        return await corner.committed(last.partition) == last.offset + 1

    await until(done)
    assert seen.versions == [1, 2, 3, 4, 5]
    assert [received.position for received in seen.events] == positions
    assert len(await corner.read(corner.out)) == 5
    assert await member.inbox.problem() is None
    await member.inbox.observe()
    assert member.crashes == []


async def test_events_of_another_type_are_committed_past_now_and_then(corner: Corner) -> None:
    seen = Seen()
    other = encode(answer(uuid4()), lambda _: corner.source)
    positions = await corner.publisher.append([other] * 3)
    await corner.publisher.publish([consent(1)])
    member = await corner.join(seen)

    async def done() -> bool:
        await member.inbox.observe()
        past = await corner.committed(positions[-1].partition) > positions[-1].offset
        lag = LAG.value(group=corner.group, topic=corner.source.name)
        return past and seen.versions == [1] and lag == 0

    await until(done)
    assert await corner.read(corner.aside) == []


async def _bad_records(corner: Corner) -> list[Record]:
    good = encode(consent(1), lambda _: corner.source)

    def headers(**changed: bytes | None) -> tuple[tuple[str, bytes], ...]:
        kept = [(name, changed.get(name, value)) for name, value in good.headers]
        return tuple((name, value) for name, value in kept if value is not None)

    name, key = good.topic, good.key
    return [
        Record(name, key, b"no json", good.headers),
        Record(name, key, b"1", ()),
        Record(name, key, None, good.headers),
        Record(name, key, good.value, headers(ce_type=b"nl.gmsd.never.heard.v1")),
        Record(name, key, good.value, headers(ce_type=b"nl.gmsd.consent.changed.v2")),
        Record(name, key, good.value, headers(ce_subject=b"\xff\xfe")),
        Record(name, key, good.value, (*good.headers, ("x-unknown", b"\xff"), ("ce_id", b"\xff"))),
        Record(name, key, b'{"gemeente": "999990019"}', good.headers),
        Record(name, key, good.value, headers(ce_id=None)),
    ]


REASONS = [
    "not_json", "missing_header", "not_json", "unknown_type", "unknown_version", "header_not_utf8", "duplicate_header",
    "payload_invalid", "missing_header",
]  # fmt: skip


async def test_what_is_no_event_goes_aside_untouched_and_the_next_one_passes(corner: Corner) -> None:
    seen = Seen()
    bad = await _bad_records(corner)
    for record in bad:
        [position] = await corner.publisher.append([record])
    [last] = await corner.publisher.publish([consent(7)])
    await corner.join(seen)

    async def done() -> bool:
        return await corner.committed(last.partition) == last.offset + 1

    await until(done)
    assert seen.versions == [7]
    aside = await corner.read(corner.aside)
    assert len(aside) == len(bad)
    by_value = sorted(aside, key=lambda record: record.offset)
    found = {}
    for record in by_value:
        why = {name: value for name, value in record.headers if name.startswith("gmsd_quarantine_")}
        original = tuple(pair for pair in record.headers if not pair[0].startswith("gmsd_quarantine_"))
        place = (why["gmsd_quarantine_partition"], why["gmsd_quarantine_offset"])
        found[record.value, original] = (why["gmsd_quarantine_reason"].decode(), place)
        assert b"999990019" not in b"".join(why.values())
        assert why["gmsd_quarantine_topic"].decode() == corner.source.name
    assert [found[record.value, record.headers][0] for record in bad] == REASONS
    assert len({place for _, place in found.values()}) == len(bad)


async def test_no_record_is_too_strange_or_too_large_to_put_aside(corner: Corner) -> None:
    quarantine = Quarantine(corner.aside, corner.publisher, Clock())
    nothing = ConsumerRecord("t", 0, 1, 0, 0, None, None, None, -1, -1, [("null", None)])
    large = ConsumerRecord("t", 0, 2, 0, 0, b"k", b"x" * (MAX_MESSAGE_BYTES - 200), None, 1, 1, [])
    for record in (nothing, large):
        await quarantine.put(record, group="g", reason="not_json", detail="")
    first, second = await corner.read(corner.aside)
    assert (first.key, first.value, dict(first.headers)["null"]) == (None, b"", b"")
    assert (second.key, second.value) == (b"k", None)
    assert b"original offset" in dict(second.headers)["gmsd_quarantine_value"]
    assert dict(second.headers)["gmsd_quarantine_offset"] == b"2"


async def test_a_header_that_is_not_utf8_and_not_ours_is_no_reason_to_stop(corner: Corner) -> None:
    seen = Seen()
    good = encode(consent(3), lambda _: corner.source)
    await corner.publisher.append(
        [Record(good.topic, good.key, good.value, (*good.headers, ("trace", b"\xff")))]
    )
    await corner.join(seen)
    await until(lambda: seen.versions == [3])


WRITE_A_BAD_NAME = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Name(str):
    def encode(self, *_):
        return b"\\xff"

async def main():
    producer = AIOKafkaProducer(bootstrap_servers=sys.argv[1])
    await producer.start()
    await producer.send_and_wait(sys.argv[2], b"x", headers=[(Name("n"), b"v")])
    await producer.stop()

asyncio.run(main())
"""


async def test_a_record_the_client_cannot_parse_is_a_crash_and_no_hot_loop(corner: Corner) -> None:
    seen = Seen()
    # Only the pure-Python builder of the client lets such a name through.
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITE_A_BAD_NAME, corner.bootstrap, corner.source.name,
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"},
    )  # fmt: skip
    assert await writer.wait() == 0
    member = await corner.join(seen)
    await until(lambda: bool(member.crashes))
    assert member.crashes[0][0] == "consume_loop_ended"
    assert isinstance(member.crashes[0][1], UnicodeDecodeError)
    assert await member.inbox.problem() == "stopped"


class Refusing(Publisher):
    """A log that takes nothing."""

    async def append(self, records: Sequence[Record]) -> list[Position]:
        raise TopicAuthorizationFailedError("quarantine")


async def test_when_quarantine_cannot_be_written_nothing_is_committed(corner: Corner) -> None:
    seen = Seen()
    [bad] = await corner.publisher.append([Record(corner.source.name, b"GM0344/P1/2025HJ01", b"?", ())])
    [good] = await corner.publisher.publish([consent(1)])
    assert bad.partition == good.partition
    quarantine = Quarantine(corner.aside, Refusing(corner.bootstrap), Clock())
    member = await corner.join(seen, quarantine=quarantine)
    await until(lambda: bool(member.crashes))
    await asyncio.sleep(0.3)
    assert await corner.committed(bad.partition) == 0
    assert seen.versions == []
    assert await member.inbox.problem() == "stopped"


async def test_the_fuse_stops_before_everything_is_aside_and_a_restart_eats_no_more(corner: Corner) -> None:
    seen = Seen()
    key = b"GM0344/P1/2025HJ01"
    for _ in range(6):
        [bad] = await corner.publisher.append([Record(corner.source.name, key, b"?", ())])
    limits = FuseLimits(consecutive=3)
    for _ in range(2):
        member = await corner.join(seen, fuse=limits)
        await until(lambda member=member: bool(member.crashes))  # type: ignore[misc]
        assert member.crashes[0][0] == "fuse_blown_consecutive"
        await member.kill()
        assert await corner.committed(bad.partition) == 3
        assert len(await corner.read(corner.aside)) == 3
    await corner.publisher.publish([consent(1)])
    await corner.join(seen, fuse=FuseLimits(consecutive=10))
    await until(lambda: seen.versions == [1])


async def test_try_later_backs_off_in_place(corner: Corner) -> None:
    tries: list[int] = []

    async def handler(received: Received) -> Sequence[Event[Any]]:
        tries.append(received.event.data.version)
        if len(tries) < 4:
            raise TryLater("warehouse_away", after=0.01)
        return []

    await corner.publisher.publish([consent(1), consent(2)])
    member = await corner.join(handler)
    await until(lambda: tries == [1, 1, 1, 1, 2])
    assert member.crashes == []


async def test_out_of_patience_is_a_crash_and_no_death_of_the_event(corner: Corner) -> None:
    async def handler(received: Received) -> Sequence[Event[Any]]:
        raise TryLater("warehouse_away")

    event = consent(1)
    [position] = await corner.publisher.publish([event])
    for _ in range(4):  # more often than an event may die
        member = await corner.join(handler)
        await until(lambda member=member: bool(member.crashes))  # type: ignore[misc]
        assert member.crashes[0][0] == "tried_too_often"
        assert await member.attempts.begin(corner.group, event.id) == 0
        await member.attempts.finish(corner.group, event.id)
        await member.kill()
    assert await corner.committed(position.partition) == 0
    assert await corner.read(corner.aside) == []


async def test_the_fourth_process_puts_aside_what_killed_three(corner: Corner) -> None:
    async def deadly(received: Received) -> Sequence[Event[Any]]:
        if received.event.data.version == 1:
            raise MemoryError
        return [answer(received.event.id)]

    event = consent(1)
    [position, last] = await corner.publisher.publish([event, consent(2)])
    for _ in range(3):
        member = await corner.join(deadly)
        await until(lambda member=member: bool(member.crashes))  # type: ignore[misc]
        assert isinstance(member.crashes[0][1], MemoryError)
        await member.kill()
        assert await corner.committed(position.partition) == 0

    poisoned: list[str] = []

    def on_poison(received: Received, reason: str) -> Sequence[Event[Any]]:
        poisoned.append(reason)
        return [failure(received.event.id)]

    member = await corner.join(deadly, on_poison=on_poison)

    async def done() -> bool:
        return await corner.committed(last.partition) == last.offset + 1

    await until(done)
    assert poisoned == ["died_repeatedly"]
    [aside] = await corner.read(corner.aside)
    assert dict(aside.headers)["gmsd_quarantine_reason"] == b"died_repeatedly"
    types = {dict(record.headers)["ce_type"] for record in await corner.read(corner.out)}
    assert types == {b"nl.gmsd.window.closed.v1", b"nl.gmsd.window.opened.v1"}
    assert await member.attempts.begin(corner.group, event.id) == 0


async def test_unprocessable_from_a_handler_goes_aside_and_is_told(corner: Corner) -> None:
    async def handler(received: Received) -> Sequence[Event[Any]]:
        raise Unprocessable("dataset_unknown", "for 999990019")

    reasons: list[str] = []

    def on_poison(received: Received, reason: str) -> Sequence[Event[Any]]:
        reasons.append(reason)
        return [failure(received.event.id)]

    [position] = await corner.publisher.publish([consent(1)])
    await corner.join(handler, on_poison=on_poison)

    async def done() -> bool:
        return await corner.committed(position.partition) == 1

    await until(done)
    assert reasons == ["dataset_unknown"]
    [aside] = await corner.read(corner.aside)
    assert dict(aside.headers)["gmsd_quarantine_detail"] == b"for [bsn]"
    assert len(await corner.read(corner.out)) == 1


async def test_a_rebalance_waits_for_the_running_handler(corner: Corner) -> None:
    """Without the drain the newcomer reads the event that is being handled, and it is done twice."""
    running, release = asyncio.Event(), asyncio.Event()
    handled: list[tuple[str, int]] = []

    def named(name: str) -> Any:
        async def handler(received: Received) -> Sequence[Event[Any]]:
            if name == "a" and not release.is_set():
                running.set()
                await release.wait()
            handled.append((name, received.event.data.version))
            return []

        return handler

    await corner.publisher.publish([consent(number, f"GM{number:04d}") for number in range(1, 21)])
    await corner.join(named("a"), instance="a")
    await running.wait()
    joining = asyncio.create_task(corner.join(named("b"), instance="b"))
    await asyncio.sleep(5)  # heartbeat (3 s) tells a of the rebalance; it must be waiting in the listener
    assert handled == []
    release.set()
    await joining
    await until(lambda: len(handled) >= 20)
    await asyncio.sleep(1)
    assert sorted(version for _, version in handled) == list(range(1, 21))
    assert {name for name, _ in handled} == {"a", "b"}


async def test_stop_gives_back_what_waits_in_a_back_off(corner: Corner) -> None:
    asked = asyncio.Event()

    async def handler(received: Received) -> Sequence[Event[Any]]:
        asked.set()
        raise TryLater("warehouse_away", after=30)

    event = consent(1)
    [position] = await corner.publisher.publish([event])
    member = await corner.join(handler, backoff=Backoff(first=30, cap=30, tries=3))
    await asked.wait()
    async with asyncio.timeout(10):
        member.inbox.stop()
        await until(lambda: member.inbox._busy_since is None)
    assert await member.attempts.begin(corner.group, event.id) == 0
    assert await corner.committed(position.partition) == 0
    assert member.crashes == []


async def test_a_handler_cut_off_by_a_stop_is_no_death_and_earlier_deaths_still_count(corner: Corner) -> None:
    began = asyncio.Event()

    async def endless(received: Received) -> Sequence[Event[Any]]:
        began.set()
        await asyncio.Event().wait()
        return []

    event = consent(1)
    [position] = await corner.publisher.publish([event])
    earlier = Attempts(corner.directory / "attempts-0.sqlite")
    await earlier.begin(corner.group, event.id)
    earlier.close()
    member = await corner.join(endless)
    await began.wait()
    await member.kill()
    after = Attempts(corner.directory / "attempts-0.sqlite")
    assert await after.begin(corner.group, event.id) == 1
    after.close()
    assert await corner.committed(position.partition) == 0
    assert member.crashes == []


def test_an_inbox_accepts_only_what_stands_in_its_topics() -> None:
    async def handler(received: Received) -> Sequence[Event[Any]]:
        return []

    with pytest.raises(ValueError, match="none of its topics"):
        Inbox(
            topics=[CONSENTS], group="g", accepts={ConsentChanged.TYPE, "nl.gmsd.other.v1"}, handler=handler
        )


async def test_what_is_skipped_while_skipped_ones_are_committed_is_not_forgotten(corner: Corner) -> None:
    """An observation that commits an older offset leaves the newer one for the next."""
    other = encode(answer(uuid4()), lambda _: corner.source)
    member = await corner.join(Seen())
    [first] = await corner.publisher.append([other])
    commit = member.inbox._commit
    late: list[Position] = []

    async def slow(consumer: Any, partition: Any, offset: int, epoch: int) -> None:
        if not late:
            late.extend(await corner.publisher.append([other]))
            await until(lambda: member.inbox._skipped.get(partition, (-1, 0))[0] == late[0].offset)
        await commit(consumer, partition, offset, epoch)

    await until(lambda: bool(member.inbox._skipped))
    member.inbox._commit = slow  # type: ignore[method-assign]
    await member.inbox.observe()
    await member.inbox.observe()
    assert await corner.committed(first.partition) == late[0].offset + 1


async def test_a_commit_of_what_was_skipped_never_goes_back(corner: Corner) -> None:
    """An observation that comes to its commit late finds that more was done since."""
    other = encode(answer(uuid4()), lambda _: corner.source)
    member = await corner.join(Seen())
    [first] = await corner.publisher.append([other])
    await until(lambda: bool(member.inbox._skipped))
    commit = member.inbox._commit
    done: list[int] = []

    async def late(consumer: Any, partition: Any, offset: int, epoch: int) -> None:
        member.inbox._commit = commit  # type: ignore[method-assign]
        for number in range(1, 100):
            [position] = await corner.publisher.publish([consent(number)])
            if position.partition == first.partition:
                done.append(position.offset + 1)
                break
        for _ in range(400):
            if await corner.committed(first.partition) == done[0]:
                break
            await asyncio.sleep(0.05)
        await commit(consumer, partition, offset, epoch)

    member.inbox._commit = late  # type: ignore[method-assign]
    await member.inbox.observe()
    assert await corner.committed(first.partition) == done[0]
    await member.inbox.observe()
    assert await corner.committed(first.partition) == done[0]
