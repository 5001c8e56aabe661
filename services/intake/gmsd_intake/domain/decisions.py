"""Akkoord, intrekken, opnieuw: a slot and a wish give an event's payload, None when it is so already, or Refused."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from gmsd_contracts.content import ContentRef
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_intake.domain.refusal import Refused
from gmsd_intake.domain.slot import SlotDelivery, SlotView
from gmsd_intake.domain.state import State

_BEFORE_IN_FORCE = (State.ONTVANGEN, State.MISLUKT, State.TE_BEOORDELEN, State.AKKOORD)


def akkoord(view: SlotView, delivery: UUID, confirmed: Collection[str], by: str) -> DeliveryDecided | None:
    """The deliverer approves; every warning must be confirmed, and no newer live delivery may exist."""
    chosen = view.get(delivery)
    state = chosen.status.state
    if state in (State.AKKOORD, State.VAN_KRACHT):
        return None
    newer = view.newer_than(chosen, live=state is not State.VERVANGEN)
    if state in (State.TE_BEOORDELEN, State.VERVANGEN) and newer is not None:
        raise Refused("nieuwere-levering", nieuwere=str(newer.id))
    if state is not State.TE_BEOORDELEN:
        raise _not_now(state, "akkoord geven", (State.TE_BEOORDELEN,))
    _require_confirmed(chosen, confirmed)
    return DeliveryDecided(
        slot=view.slot,
        delivery_id=chosen.id,
        slot_version=view.next_version,
        confirmed_warnings=chosen.warnings,
        by=by,
    )


def withdraw(
    view: SlotView, delivery: UUID, by: Literal["aanleveraar", "platform"]
) -> DeliveryWithdrawn | None:
    """Taken back: by the deliverer before it is in force, by the platform team also after."""
    chosen = view.get(delivery)
    state = chosen.status.state
    if state is State.INGETROKKEN:
        return None
    if state is State.VAN_KRACHT and by == "aanleveraar":
        raise Refused("alleen-platform")
    if state not in (*_BEFORE_IN_FORCE, State.VAN_KRACHT):
        raise _not_now(state, "intrekken", _BEFORE_IN_FORCE)
    return DeliveryWithdrawn(slot=view.slot, delivery_id=chosen.id, slot_version=view.next_version, by=by)


def requeue(view: SlotView, delivery: UUID) -> DeliveryRequeued:
    """Through the stage that gave up again: validation (state MISLUKT), linkage or aggregation (koppeling mislukt)."""
    chosen = view.get(delivery)
    stage = chosen.status.failed_stage
    if stage is None or not chosen.status.live:
        raise _not_now(chosen.status.state, "opnieuw aanbieden", (State.MISLUKT,), " of koppeling mislukt")
    content: ContentRef | None
    if stage == "validation":
        content = chosen.received.content
    elif stage == "linkage":
        content = None if chosen.assessed is None else chosen.assessed.records
    else:
        content = None if chosen.linked is None else chosen.linked.records
    return DeliveryRequeued(
        slot=view.slot,
        delivery_id=chosen.id,
        slot_version=view.next_version,
        stage=stage,
        specification=None if chosen.assessed is None else chosen.assessed.specification,
        nothing_to_report=chosen.received.nothing_to_report,
        content=content,
    )


def _require_confirmed(chosen: SlotDelivery, confirmed: Collection[str]) -> None:
    warnings = set(chosen.warnings)
    if not set(confirmed) <= warnings:
        raise Refused("waarschuwing-onbekend", regels=", ".join(sorted(warnings)) or "geen")
    missing = warnings - set(confirmed)
    if missing:
        raise Refused("waarschuwingen-niet-bevestigd", regels=", ".join(sorted(missing)))


def _not_now(state: State, act: str, needed: tuple[State, ...], also: str = "") -> Refused:
    words = ", ".join(needed) + also
    return Refused("staat-laat-niet-toe", status=state.value, handeling=act, nodig=words)
