"""Which deliveries a snapshot of a product and period is computed from, and its identity."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from gmsd_aggregation.domain.versions import CODE_VERSION, MERGE_RULE_VERSION
from gmsd_contracts.catalogue import CATALOGUE, CATALOGUE_VERSION
from gmsd_contracts.period import bounds, half_years
from gmsd_contracts.slot import NAMESPACE, Slot

__all__ = ["Effective", "InputSet", "PRODUCTS", "TakenBack", "cause_of", "input_sets"]

PRODUCTS = tuple(dict.fromkeys(indicator.product.value for indicator in CATALOGUE))
"""Products the catalogue holds indicators of."""


@dataclass(frozen=True, slots=True)
class Effective:
    """A delivery in force, where its rows lie, and the number of its akkoord in the slot."""

    slot: Slot
    delivery_id: UUID
    attempt: UUID
    key_version: int
    rows: int
    slot_version: int = 0


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A withdrawn delivery that outranks what is in force in its slot (which may be nothing)."""

    slot: Slot
    delivery_id: UUID


@dataclass(frozen=True)
class InputSet:
    """What one snapshot is computed from. `wmo` holds both half-years of the year; `brp` and `regio` this period."""

    product: str
    period: str
    wmo: tuple[Effective, ...] = ()
    brp: tuple[Effective, ...] = ()
    regio: tuple[Effective, ...] = ()
    taken_back: tuple[UUID, ...] = ()
    snapshot_id: str = field(default="", compare=False)

    @property
    def deliveries(self) -> tuple[UUID, ...]:
        """Ids of the effective deliveries, sorted."""
        return tuple(sorted(one.delivery_id for one in (*self.wmo, *self.brp, *self.regio)))

    @property
    def has_frame(self) -> bool:
        """Without a region classification nothing is computed."""
        return bool(self.regio)

    @property
    def keys(self) -> frozenset[int]:
        """Versions of the pseudonym key, as far as known: two persons compare equal only under one."""
        return frozenset(one.key_version for one in (*self.wmo, *self.brp) if one.rows and one.key_version)

    @property
    def register(self) -> str:
        """Identity of the register that coverage is counted against."""
        return _digest(
            "register", *(str(one.attempt) for one in sorted(self.brp, key=lambda one: one.attempt))
        )

    def delivered(self) -> dict[str, frozenset[str]]:
        """Per gemeente the datasets with an effective delivery for the period itself."""
        datasets: dict[str, set[str]] = {}
        for one in self.wmo:
            if one.slot.period == self.period:
                datasets.setdefault(one.slot.deliverer, set()).add("wmo")
        for one in self.brp:
            datasets.setdefault(one.slot.part or one.slot.deliverer, set()).add("brp")
        return {gemeente: frozenset(names) for gemeente, names in datasets.items()}


def input_sets(effective: Iterable[Effective], taken_back: Iterable[TakenBack] = ()) -> list[InputSet]:
    """The input set of every product and period that any delivery concerns, by product and period.

    A delivery of `wmo` concerns both half-years of its year, because arrangements are merged over the year.
    """
    facts: dict[str, dict[str, list[Effective]]] = {}
    gone: dict[str, list[UUID]] = {}
    for one in effective:
        for period in _concerned(one.slot):
            facts.setdefault(period, {}).setdefault(one.slot.dataset, []).append(one)
    for back in taken_back:
        for period in _concerned(back.slot):
            facts.setdefault(period, {})
            gone.setdefault(period, []).append(back.delivery_id)

    def of(period: str, dataset: str) -> tuple[Effective, ...]:
        return _ordered(facts[period].get(dataset, []))

    return [
        _identified(
            InputSet(
                product,
                period,
                wmo=of(period, "wmo"),
                brp=of(period, "brp"),
                regio=of(period, "regio"),
                taken_back=tuple(sorted(gone.get(period, []))),
            )
        )
        for product in PRODUCTS
        for period in sorted(facts)
    ]


def cause_of(snapshot_id: str) -> UUID:
    """The cause of the events that a snapshot leads to."""
    return uuid5(NAMESPACE, snapshot_id)


def _concerned(slot: Slot) -> tuple[str, ...]:
    if "HJ" not in slot.period:
        return ()
    if slot.dataset == "wmo":
        first, _ = bounds(slot.period)
        return half_years(first.year)
    return (slot.period,) if slot.dataset in ("brp", "regio") else ()


def _ordered(deliveries: list[Effective]) -> tuple[Effective, ...]:
    return tuple(sorted(deliveries, key=lambda one: one.delivery_id))


def _identified(inputs: InputSet) -> InputSet:
    """With its snapshot_id.

    Deliveries taken back are part of it: a withdrawal can make the effective set equal to an earlier one, and an event id
    that was used before would be ignored by whoever read it.
    """
    snapshot_id = _digest(
        f"snapshot|{inputs.product}|{inputs.period}",
        f"catalogue|{CATALOGUE_VERSION}",
        f"merge|{MERGE_RULE_VERSION}",
        f"code|{CODE_VERSION}",
        *(str(delivery_id) for delivery_id in inputs.deliveries),
        *(f"withdrawn|{delivery_id}" for delivery_id in inputs.taken_back),
    )
    return InputSet(
        inputs.product, inputs.period, inputs.wmo, inputs.brp, inputs.regio, inputs.taken_back, snapshot_id
    )


def _digest(*lines: str) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
