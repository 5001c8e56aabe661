"""The state is a function of the set of facts, and only moves forward."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_contracts.slot import NAMESPACE
from gmsd_intake.domain.facts import (
    AnyFact,
    Assessed,
    Decided,
    Expired,
    Facts,
    Failed,
    FromSlot,
    Linked,
    Loaded,
    Received,
    Requeued,
    Withdrawn,
)
from gmsd_intake.domain.state import ENDS, Link, State, Status, state_of, states_of

S = State
START = datetime(2025, 7, 1, tzinfo=UTC)

EDGES: dict[State, set[State]] = {
    # architecture §9, in its order; `expired` of linkage after a requeue ends in VERLOPEN as well.
    S.ONTVANGEN: {S.TE_BEOORDELEN, S.AFGEKEURD, S.MISLUKT, S.VERLOPEN, S.INGETROKKEN},
    S.MISLUKT: {S.ONTVANGEN, S.INGETROKKEN},
    S.TE_BEOORDELEN: {S.VERVANGEN, S.AKKOORD, S.INGETROKKEN, S.VERLOPEN},
    S.AKKOORD: {S.VAN_KRACHT, S.VERVANGEN, S.INGETROKKEN, S.VERLOPEN},
    S.VAN_KRACHT: {S.VERVANGEN, S.INGETROKKEN},
    # Facts that crossed: a stronger end shows.
    S.AFGEKEURD: {S.INGETROKKEN},
    S.VERLOPEN: {S.VERVANGEN, S.INGETROKKEN},
    S.VERVANGEN: {S.INGETROKKEN},
    S.INGETROKKEN: set(),
}


def reachable() -> dict[State, set[State]]:
    closure = {state: {state} for state in State}
    for _ in State:
        for state in State:
            closure[state] |= {further for near in closure[state] for further in EDGES[near]}
    return closure


FORWARD = reachable()

About = tuple[UUID, AnyFact]


def ident(*parts: object) -> UUID:
    return uuid5(NAMESPACE, "|".join(map(str, parts)))


class World:
    """A slot as it really happens: every stage answers each cause once; intake decides on what it sees at that moment."""

    def __init__(self) -> None:
        self.log: list[About] = []
        self.version = 0
        self.tick = 0
        self.fate: dict[UUID, bool] = {}

    def facts(self) -> dict[UUID, Facts]:
        gathered: dict[UUID, set[AnyFact]] = {}
        for delivery, fact in self.log:
            gathered.setdefault(delivery, set()).add(fact)
        return {delivery: frozenset(facts) for delivery, facts in gathered.items()}

    def status(self, delivery: UUID) -> Status:
        return state_of(delivery, self.facts())

    def add(self, delivery: UUID, kind: type, cause: UUID, *rest: Any) -> None:
        self.tick += 1
        event = ident(cause, kind.__name__, *rest)
        if issubclass(kind, FromSlot):
            self.version += 1
            rest = (self.version, *rest)
            event = ident(cause, kind.__name__, self.version)
        self.log.append((delivery, kind(event, cause, START + timedelta(minutes=self.tick), *rest)))

    def deliveries(self) -> list[UUID]:
        return list(self.facts())

    def open_causes(self, delivery: UUID) -> list[tuple[str, UUID]]:
        """Work that a stage has not answered yet."""
        facts = self.facts()[delivery]
        answered = {fact.cause for fact in facts}
        causes: list[tuple[str, UUID]] = []
        for fact in facts:
            match fact:
                case Received():
                    causes.append(("validation", fact.event))
                case Requeued():
                    causes.append((fact.stage, fact.event))
                case Assessed(ok=True):
                    causes.append(("linkage", fact.event))
                case Linked():
                    causes.append(("aggregation", fact.event))
        return sorted((stage, cause) for stage, cause in causes if cause not in answered)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World()
    for _ in range(draw(st.integers(3, 18))):
        act = draw(
            st.sampled_from(["receive", "answer", "answer", "answer", "decide", "withdraw", "requeue"])
        )
        known = world.deliveries()
        if act == "receive" or not known:
            seq = len(known) + 1
            delivery = ident("delivery", seq)
            world.fate[delivery] = draw(st.booleans()) or draw(st.booleans())
            world.add(delivery, Received, delivery, seq)
            continue
        delivery = draw(st.sampled_from(known))
        status = world.status(delivery)
        if act == "answer":
            todo = world.open_causes(delivery)
            if todo:
                stage, cause = draw(st.sampled_from(todo))
                outcome = draw(st.sampled_from(["done", "done", "done", "failed", "expired"]))
                answer(world, delivery, stage, cause, outcome)
        elif act == "decide" and status.state is S.TE_BEOORDELEN:
            world.add(delivery, Decided, delivery)
        elif act == "withdraw" and status.live:
            by = "platform" if status.state is S.VAN_KRACHT else "aanleveraar"
            world.add(delivery, Withdrawn, delivery, by)
        elif act == "requeue" and status.live and status.failed_stage:
            world.add(delivery, Requeued, delivery, status.failed_stage)
    return world


def answer(world: World, delivery: UUID, stage: str, cause: UUID, outcome: str) -> None:
    if outcome == "failed":
        world.add(delivery, Failed, cause, stage, "worker_died")
    elif outcome == "expired" and stage != "aggregation":
        world.add(delivery, Expired, cause, stage)
    elif stage == "validation":
        world.add(delivery, Assessed, cause, world.fate[delivery])
    else:
        world.add(delivery, Linked if stage == "linkage" else Loaded, cause)


def arrival(data: st.DataObject, log: list[About]) -> list[About]:
    """Any order, with repetitions, that keeps the order of what intake wrote (one partition)."""
    shuffled = data.draw(st.permutations(log))
    own = iter([each for each in log if isinstance(each[1], FromSlot)])
    ordered = [next(own) if isinstance(each[1], FromSlot) else each for each in shuffled]
    again = data.draw(st.lists(st.sampled_from(log), max_size=4))
    return ordered + again


def received_only(facts: dict[UUID, set[AnyFact]]) -> dict[UUID, Facts]:
    return {
        delivery: frozenset(known)
        for delivery, known in facts.items()
        if any(isinstance(fact, Received) for fact in known)
    }


@settings(max_examples=150)
@given(st.data())
def test_any_order_of_the_facts_gives_the_same_state(data: st.DataObject) -> None:
    world = data.draw(worlds())
    expected = states_of(world.facts())
    gathered: dict[UUID, set[AnyFact]] = {}
    for delivery, fact in arrival(data, world.log):
        gathered.setdefault(delivery, set()).add(fact)
    assert states_of(received_only(gathered)) == expected


@settings(max_examples=150)
@given(st.data())
def test_the_state_only_moves_forward(data: st.DataObject) -> None:
    world = data.draw(worlds())
    gathered: dict[UUID, set[AnyFact]] = {}
    before: dict[UUID, Status] = {}
    for delivery, fact in arrival(data, world.log):
        gathered.setdefault(delivery, set()).add(fact)
        after = states_of(received_only(gathered))
        for each, status in before.items():
            # An akkoord given before a newer delivery was checked, and read after it, undoes what only looked replaced.
            late_akkoord = status.state is S.VERVANGEN and each == delivery and isinstance(fact, Decided)
            assert late_akkoord or after[each].state in FORWARD[status.state], (status, after[each], fact)
        before = after


@settings(max_examples=150)
@given(worlds())
def test_at_most_one_delivery_of_a_slot_is_in_force(world: World) -> None:
    in_force = [each for each in states_of(world.facts()).values() if each.state is S.VAN_KRACHT]
    assert len(in_force) <= 1


def story(*steps: tuple[int, type, Any]) -> dict[int, Status]:
    """Deliveries by number; a step is (delivery, fact, rest), its cause the newest fact that stage answers."""
    world = World()
    for number, kind, rest in steps:
        delivery = ident("delivery", number)
        world.fate[delivery] = True
        cause = delivery
        if kind is Received:
            rest = (number,)
        elif kind in (Assessed, Linked, Loaded, Failed, Expired):
            stage = {Assessed: "validation", Linked: "linkage", Loaded: "aggregation"}.get(kind) or rest[0]
            cause = next(cause for known, cause in world.open_causes(delivery) if known == stage)
        world.add(delivery, kind, cause, *rest)
    return {number: world.status(ident("delivery", number)) for number in {step[0] for step in steps}}


def states(statuses: Iterable[Status]) -> list[State]:
    return [status.state for status in statuses]


def test_a_delivery_from_receipt_to_force() -> None:
    life = [
        (1, Received, ()),
        (1, Assessed, (True,)),
        (1, Linked, ()),
        (1, Loaded, ()),
        (1, Decided, ()),
    ]
    seen = [story(*life[: i + 1])[1] for i in range(len(life))]
    assert states(seen) == [S.ONTVANGEN, S.TE_BEOORDELEN, S.TE_BEOORDELEN, S.TE_BEOORDELEN, S.VAN_KRACHT]
    assert [each.link for each in seen] == [None, Link.WACHT, Link.WACHT, Link.GELADEN, Link.GELADEN]


def test_akkoord_waits_for_the_load() -> None:
    assert story((1, Received, ()), (1, Assessed, (True,)), (1, Decided, ()))[1].state is S.AKKOORD


def test_a_newer_checked_delivery_replaces_one_that_waits_for_akkoord_and_leaves_one_in_force() -> None:
    first = [(1, Received, ()), (1, Assessed, (True,))]
    second = [(2, Received, ()), (2, Assessed, (True,))]
    assert story(*first, *second)[1].state is S.VERVANGEN
    accepted = [*first, (1, Linked, ()), (1, Loaded, ()), (1, Decided, ())]
    both = story(*accepted, *second)
    assert (both[1].state, both[2].state) == (S.VAN_KRACHT, S.TE_BEOORDELEN)
    both = story(*accepted, *second, (2, Decided, ()))
    assert (both[1].state, both[2].state) == (S.VAN_KRACHT, S.AKKOORD)
    both = story(*accepted, *second, (2, Decided, ()), (2, Linked, ()), (2, Loaded, ()))
    assert (both[1].state, both[2].state) == (S.VERVANGEN, S.VAN_KRACHT)


def test_erasure_of_what_is_in_force_leaves_the_slot_empty() -> None:
    def live(number: int) -> list[tuple[int, type, Any]]:
        rest = [(Received, ()), (Assessed, (True,)), (Decided, ()), (Linked, ()), (Loaded, ())]
        return [(number, kind, values) for kind, values in rest]

    both = story(*live(1), *live(2), (2, Withdrawn, ("platform",)))
    assert (both[1].state, both[2].state) == (S.VERVANGEN, S.INGETROKKEN)


def test_a_withdrawn_delivery_that_never_came_in_force_replaces_nothing() -> None:
    first = [(1, Received, ()), (1, Assessed, (True,)), (1, Decided, ()), (1, Linked, ()), (1, Loaded, ())]
    second = [(2, Received, ()), (2, Assessed, (True,)), (2, Linked, ()), (2, Decided, ())]
    both = story(*first, *second, (2, Withdrawn, ("aanleveraar",)), (2, Loaded, ()))
    assert (both[1].state, both[2].state) == (S.VAN_KRACHT, S.INGETROKKEN)


def test_a_failure_counts_only_for_the_current_cause() -> None:
    failed = [(1, Received, ()), (1, Failed, ("validation", "worker_died"))]
    assert story(*failed)[1] == Status(
        S.MISLUKT, START + timedelta(minutes=2), None, "validation", "worker_died"
    )
    again = [*failed, (1, Requeued, ("validation",))]
    assert story(*again)[1].state is S.ONTVANGEN
    assert story(*again, (1, Failed, ("validation", "worker_died")))[1].state is S.MISLUKT
    assert story(*again, (1, Assessed, (True,)))[1].state is S.TE_BEOORDELEN


def test_linkage_that_fails_is_a_facet_and_its_expiry_an_end() -> None:
    failed = [(1, Received, ()), (1, Assessed, (True,)), (1, Failed, ("linkage", "worker_died"))]
    status = story(*failed)[1]
    assert (status.state, status.link, status.failed_stage) == (S.TE_BEOORDELEN, Link.MISLUKT, "linkage")
    again = [*failed, (1, Requeued, ("linkage",))]
    assert story(*again)[1].link is Link.WACHT
    assert story(*again, (1, Expired, ("linkage",)))[1].state is S.VERLOPEN


def test_rejection_ends() -> None:
    status = story((1, Received, ()), (1, Assessed, (False,)))[1]
    assert status.state is S.AFGEKEURD
    assert status.state in ENDS
    assert not status.live
