"""Where a service puts what it cannot process: the original bytes, headers and place, and why."""

from collections.abc import Sequence
from typing import Protocol

from aiokafka.errors import MessageSizeTooLargeError

from gmsd_chassis.bus.codec import Record
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.clock import Clock
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import QUARANTINED
from gmsd_chassis.redaction import mask
from gmsd_contracts.topics import Topic


class Original(Protocol):
    """The Kafka record as it was read."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Quarantine:
    """The quarantine topic of a service. If it cannot be written, nothing may be committed."""

    def __init__(self, topic: Topic, publisher: Publisher, clock: Clock) -> None:
        if topic.kind != "quarantine":
            raise ValueError(f"{topic.name} is not a quarantine topic")
        self.topic = topic
        self._publisher = publisher
        self._clock = clock

    async def put(self, original: Original, *, group: str, reason: str, detail: str) -> None:
        """Write and wait for the acknowledgement. Headers that describe why are named gmsd_quarantine_*."""
        why = {
            "reason": reason,
            "detail": mask(detail),
            "group": group,
            "topic": original.topic,
            "partition": str(original.partition),
            "offset": str(original.offset),
            "time": self._clock.now().isoformat(),
        }
        # A header without a value exists in Kafka, but the client cannot write one: it becomes empty.
        headers = [(name, value if value is not None else b"") for name, value in original.headers]
        headers += [(f"gmsd_quarantine_{name}", value.encode()) for name, value in why.items()]
        try:
            await self._write(original, original.value, headers)
        except MessageSizeTooLargeError:
            # The headers that say why made it larger than a topic takes. The original stays where they point.
            headers.append(("gmsd_quarantine_value", b"too large to copy; it stands at the original offset"))
            await self._write(original, None, headers)
        QUARANTINED.inc(group=group, reason=reason)
        log.warning(
            "quarantined", group=group, reason=reason, topic=original.topic, partition=original.partition,
            offset=str(original.offset),
        )  # fmt: skip

    async def _write(
        self, original: Original, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        # The client refuses a record with neither key nor value, though Kafka holds them: the value becomes empty.
        value = b"" if value is None and original.key is None else value
        await self._publisher.append([Record(self.topic.name, original.key, value, tuple(headers))])
