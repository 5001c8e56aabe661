"""The state of a delivery, as a function of the set of facts about it and its slot.

Topics have no mutual order: an `assessed` may be read before the `received` it answers. So nothing here looks at the
order of arrival; any order of the same facts ends in the same state. Facts that cross each other on the way can put two
ends on one delivery (withdrawn here, rejected there). The stronger end then shows:
INGETROKKEN over VERVANGEN over VERLOPEN and AFGEKEURD. And an akkoord that stands in the log counts, also when the check
of a newer delivery was read before it: what already looked VERVANGEN is AKKOORD then. Nothing is erased on VERVANGEN here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from gmsd_intake.domain.facts import (
    AnyFact,
    Assessed,
    Decided,
    Expired,
    Fact,
    Facts,
    Failed,
    FromSlot,
    Linked,
    Loaded,
    Received,
    Requeued,
    Stage,
    Withdrawn,
)


class State(StrEnum):
    """The words users see."""

    ONTVANGEN = "ONTVANGEN"
    AFGEKEURD = "AFGEKEURD"
    MISLUKT = "MISLUKT"
    VERLOPEN = "VERLOPEN"
    TE_BEOORDELEN = "TE_BEOORDELEN"
    VERVANGEN = "VERVANGEN"
    AKKOORD = "AKKOORD"
    VAN_KRACHT = "VAN_KRACHT"
    INGETROKKEN = "INGETROKKEN"


ENDS = frozenset({State.AFGEKEURD, State.VERLOPEN, State.VERVANGEN, State.INGETROKKEN})
"""States that end (†). Sending again is always possible."""


class Link(StrEnum):
    """How far linkage and load are; beside the state, because akkoord does not wait for them."""

    WACHT = "wacht"
    GELADEN = "geladen"
    MISLUKT = "mislukt"


@dataclass(frozen=True)
class Status:
    """Where a delivery is. `since`: when the fact that made it so was recorded.

    `link` is None until the technical check passed. `failed_stage` and `reason` say what waits for a requeue.
    """

    state: State
    since: datetime
    link: Link | None = None
    failed_stage: Stage | None = None
    reason: str | None = None

    @property
    def live(self) -> bool:
        """Whether it can still come, or is, in force."""
        return self.state not in ENDS


F = TypeVar("F", bound=Fact)


def states_of(slot: Mapping[UUID, Facts]) -> dict[UUID, Status]:
    """The status of every delivery of one slot; each must have its Received."""
    return {delivery: state_of(delivery, slot) for delivery in slot}


def state_of(delivery: UUID, slot: Mapping[UUID, Facts]) -> Status:
    """The status of one delivery among the deliveries of its slot. ValueError when it was never received."""
    facts = slot[delivery]
    received = _received(facts)
    withdrawn = _latest(_of(facts, Withdrawn))
    replaced = _replaced_at(delivery, slot)
    assessed = current_assessment(facts)
    decided = _latest(_of(facts, Decided))
    link, stuck = _link(facts, assessed, decided)
    if withdrawn is not None:
        return Status(State.INGETROKKEN, withdrawn.at, link)
    if replaced is not None:
        return Status(State.VERVANGEN, replaced, link)
    if isinstance(stuck, Expired):
        return Status(State.VERLOPEN, stuck.at, link, stuck.stage)
    stage, reason = (None, None) if stuck is None else (stuck.stage, stuck.reason)
    if decided is not None:
        loaded = _first(_of(facts, Loaded))
        if loaded is not None:
            return Status(State.VAN_KRACHT, max(decided.at, loaded.at), link)
        return Status(State.AKKOORD, decided.at, link, stage, reason)
    if assessed is not None:
        state = State.TE_BEOORDELEN if assessed.ok else State.AFGEKEURD
        return Status(state, assessed.at, link, stage, reason)
    return _unassessed(facts, received)


def current_assessment(facts: Facts) -> Assessed | None:
    """The verdict that counts: the one about the newest cause.

    A cause that is not known yet is a requeue still on its way, so it is newer than every known one.
    """
    order = {requeued.event: requeued.slot_version for requeued in _of(facts, Requeued)}
    order |= {received.event: received.slot_version for received in _of(facts, Received)}
    newest = max(order.values(), default=0) + 1
    found = _of(facts, Assessed)
    return max(found, key=lambda fact: (order.get(fact.cause, newest), fact.event), default=None)


def _unassessed(facts: Facts, received: Received) -> Status:
    requeued = _requeued(facts, "validation")
    cause, since = (received.event, received.at) if requeued is None else (requeued.event, requeued.at)
    expired = _first(_about(_of(facts, Expired), "validation", {cause}))
    if expired is not None:
        return Status(State.VERLOPEN, expired.at, failed_stage="validation")
    failed = _first(_about(_of(facts, Failed), "validation", {cause}))
    if failed is not None:
        return Status(State.MISLUKT, failed.at, failed_stage="validation", reason=failed.reason)
    return Status(State.ONTVANGEN, since)


def _link(
    facts: Facts, assessed: Assessed | None, decided: Decided | None
) -> tuple[Link | None, Failed | Expired | None]:
    """How far linkage and load are, and the fact that stops them."""
    if _of(facts, Loaded):
        return Link.GELADEN, None
    if (assessed is None and decided is None) or (assessed is not None and not assessed.ok):
        return None, None
    linked = _of(facts, Linked)
    stage: Stage = "aggregation" if linked else "linkage"
    requeued = _requeued(facts, stage)
    if requeued is not None:
        causes = {requeued.event}
    else:
        # Every linked event counts as an original: after a change of key each is the cause of a load.
        originals: list[Linked] | list[Assessed] = linked or _of(facts, Assessed)
        causes = {fact.event for fact in originals}
    expired = _first(_about(_of(facts, Expired), stage, causes))
    if expired is not None:
        return Link.MISLUKT, expired
    failed = _first(_about(_of(facts, Failed), stage, causes))
    if failed is not None:
        return Link.MISLUKT, failed
    return Link.WACHT, None


def _replaced_at(delivery: UUID, slot: Mapping[UUID, Facts]) -> datetime | None:
    """When another delivery took its place, if one did.

    Undecided: a newer seq passed the check. Decided: a newer slot_version came in force, also when that was taken back
    by the platform team afterwards (the slot is then empty); one that its deliverer took back never was in force.
    """
    mine = slot[delivery]
    others = [facts for other, facts in slot.items() if other != delivery]
    decided = _latest(_of(mine, Decided))
    if decided is not None:
        moments = [
            max(newer.at, loaded.at)
            for facts in others
            if (newer := _latest(_of(facts, Decided))) is not None
            and newer.slot_version > decided.slot_version
            and (loaded := _first(_of(facts, Loaded))) is not None
            and not any(fact.by == "aanleveraar" for fact in _of(facts, Withdrawn))
        ]
        return min(moments, default=None)
    assessed = current_assessment(mine)
    if assessed is None or not assessed.ok:
        return None
    seq = _received(mine).seq
    moments = [
        max(assessed.at, newer_verdict.at)
        for facts in others
        if _received(facts).seq > seq
        and (newer_verdict := current_assessment(facts)) is not None
        and newer_verdict.ok
    ]
    return min(moments, default=None)


def _received(facts: Facts) -> Received:
    found = _first(_of(facts, Received))
    if found is None:
        raise ValueError("facts about a delivery that was never received have no state")
    return found


def _requeued(facts: Facts, stage: Stage) -> Requeued | None:
    return _latest([fact for fact in _of(facts, Requeued) if fact.stage == stage])


StageFact = TypeVar("StageFact", Failed, Expired)


def _about(facts: Iterable[StageFact], stage: Stage, causes: set[UUID]) -> list[StageFact]:
    return [fact for fact in facts if fact.stage == stage and fact.cause in causes]


def _of(facts: Iterable[AnyFact], kind: type[F]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]


SlotFact = TypeVar("SlotFact", bound=FromSlot)


def _latest(facts: Iterable[SlotFact]) -> SlotFact | None:
    return max(facts, key=lambda fact: fact.slot_version, default=None)


def _first(facts: Iterable[F]) -> F | None:
    # The event id breaks ties, so that equal clocks do not make the answer depend on the order of a set.
    return min(facts, key=lambda fact: (fact.at, fact.event), default=None)
