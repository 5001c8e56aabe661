"""What services put aside: read from the quarantine topics, and written back to where it came from."""

import hashlib
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from gmsd_chassis.errors import TryLater
from gmsd_chassis.keyring.scan import scan
from gmsd_chassis.redaction import mask
from gmsd_cli.local.errors import BadArgument, NoAnswer, NotDone
from gmsd_cli.running import Running
from gmsd_contracts.topics import MAX_MESSAGE_BYTES, SERVICES, TOPICS, Service, quarantine_of

WHY = tuple(
    f"gmsd_quarantine_{name}"
    for name in ("reason", "detail", "group", "topic", "partition", "offset", "time")
)
"""The headers that the chassis adds behind the original ones, in its order. An original may hold the same names."""
LEFT_OUT = "gmsd_quarantine_value"
"""Behind those when the payload did not fit beside them."""
REQUEUED, REQUEUED_AT = "gmsd_requeued_from", "gmsd_requeued_at"
"""Headers of a record that was written back: its position in quarantine, and when."""

_POSITION = re.compile(r"(?P<service>[a-z]+)/(?P<partition>[0-9]{1,5})/(?P<offset>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands in quarantine; written `validation/0/12`."""

    service: Service
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.service}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Raises BadArgument."""
        match = _POSITION.fullmatch(text)
        services = [service for service in SERVICES if match is not None and service == match["service"]]
        if match is None or not services:
            raise BadArgument(
                f"Een positie in quarantaine is dienst/partitie/plaats, zoals validation/0/12 uit `gmsd quarantine list`; "
                f"de diensten zijn {', '.join(SERVICES)}."
            )
        return cls(services[0], int(match["partition"]), int(match["offset"]))


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record put aside. `why` are the headers that say so; key, value and `headers` are as they were read. Values of headers
    may hold anything: print them through `masked`."""

    position: Position
    why: dict[str, str]
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def origin(self) -> str:
        """topic/partition/offset it was read from."""
        return "/".join(self.why.get(name, "?") for name in ("topic", "partition", "offset"))

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return len(self.value or b"")

    @property
    def sha256(self) -> str:
        """Of the payload."""
        return hashlib.sha256(self.value or b"").hexdigest()

    @property
    def is_whole(self) -> bool:
        """False when the payload was too large to be copied beside the headers."""
        return "value" not in self.why


def masked(value: bytes | None) -> str:
    """Bytes as text without any possible BSN."""
    return mask((value or b"").decode("utf-8", "replace"))


def _quarantined(service: Service, record: "ConsumerRecord[bytes, bytes]") -> Quarantined:
    """Tell the headers of the chassis, which stand last, from those of the original. `why` is empty when they are not there."""
    headers = [(name, value or b"") for name, value in record.headers]
    added = len(WHY) + (bool(headers) and headers[-1][0] == LEFT_OUT)
    original, behind = headers[:-added], headers[-added:]
    if tuple(name for name, _ in behind[: len(WHY)]) != WHY:
        original, behind = headers, []
    why = {name.removeprefix("gmsd_quarantine_"): value.decode("utf-8", "replace") for name, value in behind}
    position = Position(service, record.partition, record.offset)
    return Quarantined(position, why, record.key, record.value, tuple(original))


async def quarantined(
    platform: Running, services: Sequence[Service] = SERVICES
) -> AsyncGenerator[Quarantined, None]:
    """Everything that stands in the quarantine of these services, oldest first per service. Raises NoAnswer."""
    await platform.require_broker()
    for service in services:
        try:
            async with aclosing(scan(platform.bootstrap, [quarantine_of(service).name])) as records:
                async for record in records:
                    yield _quarantined(service, record)
        except TryLater as e:
            raise NoAnswer(f"De quarantaine van {service} is nu niet te lezen ({e.reason}).") from e


async def at(platform: Running, position: Position) -> Quarantined:
    """The record at a position. Raises NotDone when there is none (any more), NoAnswer."""
    async with aclosing(quarantined(platform, [position.service])) as found:
        async for each in found:
            if each.position == position:
                return each
    raise NotDone(
        f"Op {position} staat niets in quarantaine (meer); na 30 dagen verdwijnt het. Zie `gmsd quarantine list`."
    )


def require_requeueable(each: Quarantined) -> None:
    """Raise NotDone unless its original bytes are here and its topic is one of events: content is found by its place in the log, and
    would not be found at another."""
    topic = TOPICS.get(each.why.get("topic", ""))
    if topic is None or topic.kind != "events" or not each.why.get("partition", "").isdigit():
        raise NotDone(
            f"{each.position} komt uit {mask(each.origin)}; alleen een bericht van een topic met gebeurtenissen kan terug."
        )
    if not each.is_whole:
        raise NotDone(
            f"{each.position} was met de kopregels te groot om te kopiëren; het origineel staat nog op {each.origin}."
        )


async def requeue(platform: Running, each: Quarantined) -> str:
    """Write the original bytes, key and headers to the original partition, with headers that say so; where it stands now.

    Raises NotDone, NoAnswer. Doing it twice is harmless when it is an event: of two with one id the first counts.
    """
    require_requeueable(each)
    headers = [(name, value) for name, value in each.headers if name not in (REQUEUED, REQUEUED_AT)]
    headers += [
        (REQUEUED, str(each.position).encode()),
        (REQUEUED_AT, datetime.now(UTC).isoformat().encode()),
    ]
    await platform.require_broker()
    producer = AIOKafkaProducer(
        bootstrap_servers=platform.bootstrap,
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_MESSAGE_BYTES,
    )
    try:
        await producer.start()
        written = await producer.send_and_wait(
            each.why["topic"], each.value, key=each.key, partition=int(each.why["partition"]), headers=headers
        )
    except (KafkaError, AssertionError) as e:
        raise NoAnswer(
            f"{each.position} kon niet worden teruggezet op {each.origin} ({type(e).__name__})."
        ) from e
    finally:
        await producer.stop()
    return f"{written.topic}/{written.partition}/{written.offset}"
