"""Commands: a pure decision on the slot as the fold shows it, one event, and the wait until the fold applied it.

The log decides who was first. When another instance wrote the same slot_version earlier, the fold ignores ours and the
decision is taken again on what is there now.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID, uuid5
from weakref import WeakValueDictionary

from gmsd_chassis.clock import Clock
from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.errors import TryLater
from gmsd_chassis.keyring.keyring import KeyDestroyed, KeyRing
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, Payload
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.events.delivery import FromIntake
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.registration import DelivererRegistered, WindowClosed, WindowOpened
from gmsd_contracts.slot import NAMESPACE, Slot
from gmsd_contracts.topics import CONTENT_RAW
from gmsd_intake.adapters.queries import ReadModel
from gmsd_intake.domain import decisions
from gmsd_intake.domain.admission import require_registrable
from gmsd_intake.domain.slot import SlotView, place
from gmsd_intake.errors import Problem
from gmsd_intake.metrics import CONFLICTS, DECISIONS

RAW = "raw"
"""Content schema of a file as it was sent."""
# Each round means another instance won once more; five in a row on one slot is somebody else's loop.
_ROUNDS = 5


class Recorder(Protocol):
    """Writes one event and returns when this instance's fold applied it; Problem(later-opnieuw) when it cannot."""

    async def record(self, event: Event[Any]) -> None: ...


class Body(Protocol):
    """A file that was taken in whole."""

    size: int

    @property
    def sha256(self) -> str: ...
    def read(self) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True)
class Delivered:
    """`new` is False when the bytes are those of the slot's newest live delivery."""

    delivery: UUID
    new: bool


class Commands:
    """Everything that changes something."""

    def __init__(
        self,
        *,
        model: ReadModel,
        recorder: Recorder,
        content: ContentStore,
        keyring: KeyRing,
        clock: Clock,
        source: str,
    ) -> None:
        self._model = model
        self._recorder = recorder
        self._content = content
        self._keyring = keyring
        self._clock = clock
        self._source = source
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def deliver(self, slot: Slot, body: Body, nothing_to_report: bool) -> Delivered:
        """Take a file in: content first, then the event that makes it exist. Problem(gelijktijdig-gewijzigd, later-opnieuw)."""
        content: ContentRef | None = None
        owner: UUID | None = None
        async with self._lock(slot.key):
            for _ in range(_ROUNDS):
                where = place(await self._view(slot), body.sha256, nothing_to_report)
                if owner is not None and owner != where.delivery:
                    await self._drop(content)
                    content = owner = None
                if where.same:
                    return Delivered(where.delivery, new=False)
                if body.size and content is None:
                    content, owner = await self._write(where.delivery, body), where.delivery
                data = DeliveryReceived(
                    slot=slot,
                    delivery_id=where.delivery,
                    slot_version=where.slot_version,
                    seq=where.seq,
                    sha256=body.sha256,
                    bytes=body.size,
                    nothing_to_report=nothing_to_report,
                    content=content,
                )
                if await self._won(data, "received"):
                    return Delivered(where.delivery, new=await self._is_ours(slot, where.delivery, content))
        raise Problem("gelijktijdig-gewijzigd")

    async def akkoord(self, slot: Slot, delivery: UUID, confirmed: Collection[str], by: str) -> None:
        """Approve. Raises Refused."""
        await self._change(slot, "decided", lambda view: decisions.akkoord(view, delivery, confirmed, by))

    async def withdraw(self, slot: Slot, delivery: UUID, by: Literal["aanleveraar", "platform"]) -> None:
        """Take back; when this returns no content of the delivery can be read any more. Raises Refused."""
        await self._change(slot, "withdrawn", lambda view: decisions.withdraw(view, delivery, by))
        await asyncio.to_thread(self._keyring.destroy, delivery)

    async def requeue(self, slot: Slot, delivery: UUID) -> None:
        """Send through the stage that failed again. Raises Refused."""
        await self._change(slot, "requeued", lambda view: decisions.requeue(view, delivery))

    async def register(self, registration: DelivererRegistered) -> bool:
        """True when it was new or different. Raises Refused."""
        require_registrable(registration)
        async with self._lock(registration.subject()):
            known = await asyncio.to_thread(self._model.registration, registration.deliverer)
            if known is not None and known.data == registration:
                return False
            await self._say(registration, known.event if known else None, "registered")
        return True

    async def set_window(self, change: WindowOpened | WindowClosed) -> bool:
        """True when it changed something."""
        async with self._lock(change.subject()):
            known = await asyncio.to_thread(self._model.window, change.period)
            if known is not None and _same_window(change, known.window.open, known.window.until):
                return False
            stage = "opened" if isinstance(change, WindowOpened) else "closed"
            await self._say(change, known.event if known else None, stage)
        return True

    async def consent(self, gemeente: str, product: str, period: str, given: bool, by: str) -> bool:
        """True when it changed something; the first word counts too, also when it only confirms."""
        async with self._lock(f"{gemeente}/{product}/{period}"):
            for round_ in range(_ROUNDS):
                known = await asyncio.to_thread(self._model.consent, gemeente, product, period)
                if known is not None and known.given == given:
                    return round_ > 0
                version = known.version + 1 if known else 1
                data = ConsentChanged(
                    gemeente=gemeente, product=product, period=period, given=given, version=version, by=by
                )
                cause = uuid5(NAMESPACE, data.subject())
                await self._record(data, cause=cause, stage=f"consent/{version}", correlation=cause)
                DECISIONS.inc(kind="consent")
        known = await asyncio.to_thread(self._model.consent, gemeente, product, period)
        if known is None or known.given != given:
            raise Problem("gelijktijdig-gewijzigd")
        return True

    async def _change(self, slot: Slot, kind: str, decide: Callable[[SlotView], FromIntake | None]) -> None:
        async with self._lock(slot.key):
            for _ in range(_ROUNDS):
                data = decide(await self._view(slot))
                if data is None or await self._won(data, kind):
                    return
        raise Problem("gelijktijdig-gewijzigd")

    async def _won(self, data: FromIntake, kind: str) -> bool:
        """Write the event and look whether it got its number. Received has no number in its id: it is the same delivery."""
        stage = kind if kind == "received" else f"{kind}/{data.slot_version}"
        event = await self._record(data, cause=data.delivery_id, stage=stage, correlation=data.delivery_id)
        if await asyncio.to_thread(self._model.accepted, data.slot, data.slot_version) != event.id:
            CONFLICTS.inc()
            return False
        DECISIONS.inc(kind=kind)
        return True

    async def _say(self, data: Payload, previous: UUID | None, kind: str) -> None:
        cause = previous or uuid5(NAMESPACE, data.subject())
        # The digest keeps two different changes made at once from sharing an id.
        digest = hashlib.sha256(data.model_dump_json().encode()).hexdigest()[:16]
        await self._record(
            data, cause=cause, stage=f"{kind}/{digest}", correlation=uuid5(NAMESPACE, data.subject())
        )
        DECISIONS.inc(kind=kind)

    async def _record(self, data: Payload, *, cause: UUID, stage: str, correlation: UUID) -> Event[Any]:
        event = Event[Any].caused_by(
            data,
            cause=cause,
            stage=stage,
            correlation=correlation,
            source=self._source,
            time=self._clock.now(),
        )
        await self._recorder.record(event)
        return event

    async def _write(self, delivery: UUID, body: Body) -> ContentRef:
        try:
            async with await self._content.open(CONTENT_RAW, delivery=delivery, schema=RAW) as writer:
                async for piece in body.read():
                    await writer.write(piece)
                return await writer.close()
        except KeyDestroyed:
            raise Problem("gelijktijdig-gewijzigd") from None
        except TryLater:
            again = {"Retry-After": "5"}
            raise Problem("later-opnieuw", reden="de opslag antwoordt niet", headers=again) from None

    async def _drop(self, content: ContentRef | None) -> None:
        if content is not None:
            await asyncio.to_thread(self._keyring.destroy_content, content.content_id)

    async def _is_ours(self, slot: Slot, delivery: UUID, content: ContentRef | None) -> bool:
        """False when another instance received the same bytes in the same moment: the event is one, its content not ours."""
        counted = (await self._view(slot)).get(delivery).received.content
        if content is None or counted is None or counted.content_id == content.content_id:
            return True
        await self._drop(content)
        return False

    async def _view(self, slot: Slot) -> SlotView:
        return await asyncio.to_thread(self._model.slot, slot)

    def _lock(self, key: str) -> asyncio.Lock:
        # Inside one process waiting is cheaper than losing; between processes the fold decides.
        return self._locks.setdefault(key, asyncio.Lock())


def _same_window(change: WindowOpened | WindowClosed, is_open: bool, until: object) -> bool:
    if isinstance(change, WindowClosed):
        return not is_open
    return is_open and change.until == until
