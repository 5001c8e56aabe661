"""Event → events. Every delivery that is received ends in an event of ours: assessed, expired or failed."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from gmsd_chassis.bus.inbox import Received
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import ContentDamaged, ContentExpired, Poison, Unprocessable
from gmsd_chassis.isolation import MAX_DEATHS, JobFailed, WorkerDied
from gmsd_contracts.columns import version_for
from gmsd_contracts.content import ContentRef
from gmsd_contracts.envelope import Event, Payload, source_of
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.slot import Slot
from gmsd_validation.adapters.checker import Checked, Checker
from gmsd_validation.domain.assess import Order, assess
from gmsd_validation.domain.rules.catalogue import SPECIFICATIONS
from gmsd_validation.metrics import EXPIRED, FILES, FINDINGS, ROWS, SECONDS

ACCEPTS = (DeliveryReceived.TYPE, DeliveryRequeued.TYPE)
"""Not withdrawals: of two events with one number intake refuses the second, and only intake knows. It destroys the keys."""

ASSESSED, EXPIRED_STAGE, FAILED = "assessed", "expired", "failed"
"""Stages: with the cause they make the event's id, so that a repetition is the same event."""

# The latest day that the Netherlands can be in: UTC+2 in summer. A file made today is not from the future.
_DUTCH_SUMMER = timedelta(hours=2)


class Validation:
    """Gives every delivery a verdict."""

    def __init__(self, *, checker: Checker, clock: Clock) -> None:
        self._checker = checker
        self._clock = clock

    async def handle(self, received: Received) -> Sequence[Event[Any]]:
        """The events that follow from one event. Raises Unprocessable, TryLater."""
        event = received.event
        match event.data:
            case DeliveryReceived() as delivery:
                return (await self._assess(event, delivery),)
            case DeliveryRequeued(stage="validation") as delivery:
                return (await self._assess(event, delivery),)
        return ()

    def on_poison(self, received: Received, reason: str) -> Sequence[Event[Any]]:
        """What the rest of the system hears of an event that went to quarantine."""
        about = received.event.data
        requeued = isinstance(about, DeliveryRequeued) and about.stage == "validation"
        if not (isinstance(about, DeliveryReceived) or requeued):
            return ()
        failed = AssessmentFailed(
            slot=about.slot, delivery_id=about.delivery_id, reason=reason, attempts=MAX_DEATHS
        )
        return (self._event(received.event, failed, FAILED),)

    async def _assess(self, cause: Event[Any], delivery: DeliveryReceived | DeliveryRequeued) -> Event[Any]:
        began = time.monotonic()
        order = self._order(cause, delivery)
        try:
            checked = await self._checked(delivery, order)
        except ContentExpired:
            # Also when the delivery was erased while we worked. If it was withdrawn, intake says so and that outweighs
            # this; if not, this event is what keeps the delivery from waiting for ever.
            EXPIRED.inc()
            expired = DeliveryExpired(slot=delivery.slot, delivery_id=delivery.delivery_id)
            return self._event(cause, expired, EXPIRED_STAGE)
        self._count(delivery.slot.dataset, checked, time.monotonic() - began)
        outcome = checked.assessment
        data = DeliveryAssessed(
            slot=delivery.slot,
            delivery_id=delivery.delivery_id,
            verdict=outcome.verdict,
            specification=outcome.specification,
            rule_set=outcome.rule_set,
            rows=outcome.rows,
            counts=outcome.counts,
            complete=outcome.complete,
            profile=outcome.profile,
            findings=checked.findings,
            records=checked.records,
        )
        return self._event(cause, data, ASSESSED)

    def _order(self, cause: Event[Any], delivery: DeliveryReceived | DeliveryRequeued) -> Order:
        named = delivery.specification if isinstance(delivery, DeliveryRequeued) else None
        specification = named or _specification_for(delivery.slot)
        if specification not in SPECIFICATIONS:
            where = f"delivery {delivery.delivery_id}: {delivery.slot.dataset} of {delivery.slot.period}"
            raise Unprocessable("unknown_specification", where)
        if delivery.content is None and not delivery.nothing_to_report:
            raise Unprocessable("no_content", f"delivery {delivery.delivery_id}")
        # The day of the event, not of this attempt: a repetition gives the same verdict.
        today = (cause.time + _DUTCH_SUMMER).date()
        return Order(delivery.slot, specification, delivery.nothing_to_report, today)

    async def _checked(self, delivery: DeliveryReceived | DeliveryRequeued, order: Order) -> Checked:
        raw: ContentRef | None = delivery.content
        if raw is None:
            return _nothing(order)
        try:
            return await self._checker.check(delivery.delivery_id, order, raw)
        except ContentDamaged:
            raise Unprocessable("damaged_content", f"delivery {delivery.delivery_id}") from None
        except WorkerDied as death:
            raise Poison(death.reason, f"delivery {delivery.delivery_id}") from None
        except JobFailed as failure:
            raise Poison("job_failed", f"delivery {delivery.delivery_id}: {failure}") from None

    def _count(self, dataset: str, checked: Checked, seconds: float) -> None:
        outcome = checked.assessment
        FILES.inc(dataset=dataset, verdict=outcome.verdict.value)
        ROWS.inc(outcome.rows, dataset=dataset)
        SECONDS.observe(seconds, dataset=dataset)
        for count in outcome.counts:
            FINDINGS.inc(count.count, rule=count.rule)

    def _event(self, cause: Event[Any], data: Payload, stage: str) -> Event[Any]:
        return Event.caused_by(
            data,
            cause=cause.id,
            stage=stage,
            correlation=cause.correlation_id,
            source=source_of("validation"),
            time=self._clock.now(),
        )


def _specification_for(slot: Slot) -> str | None:
    try:
        return version_for(slot.dataset, slot.period).id
    except KeyError:
        return None


def _nothing(order: Order) -> Checked:
    """ "Niets te melden" without a file: the same rules, over no bytes."""
    outcome = assess(lambda: iter(()), order, records=_unexpected, findings=_unexpected)
    return Checked(outcome, None, None)


def _unexpected(batch: Any) -> None:
    raise AssertionError("no bytes give no rows and no findings")
