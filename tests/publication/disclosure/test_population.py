"""The relations of the catalogue are complete: what satisfies them is counted from people, and its figures can move."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from gmsd_contracts.catalogue import INDICATORS, Category, Group, Indicator, Moment, Product
from gmsd_publication.domain.keyed.population import Kind, Population
from gmsd_publication.domain.relations import relations


def indicator(name: str, categories: int, groups: tuple[tuple[int, ...], ...], **more: object) -> Indicator:
    codes = [f"c{i}" for i in range(categories)]
    return Indicator(
        id=name, title=name, definition=name, unit="personen", counts="persons once", product=Product.BASIS,
        moments=(Moment.PEILDATUM, Moment.PERIODE), dimension="soort",
        categories=tuple(Category(code=code, label=code) for code in codes),
        groups=tuple(Group(code=f"g{i}", label=f"g{i}", members=tuple(codes[j] for j in group)) for i, group in enumerate(groups)),
        sources=(), delivered_by_gemeente=True,
    ).model_copy(update=more)  # fmt: skip


SMALL = (
    indicator("P", 3, ((0, 1), (2,))),
    indicator("A", 3, ((0, 1), (2,)), counts="arrangements", exclusive=True, held_by="P"),
)
REAL = (INDICATORS["U1"], INDICATORS["U2"])
AGES = (INDICATORS["P1"],)


def draw_population(kind: Kind, rng: np.random.Generator, groups: int) -> Population:
    bits = len(kind.bits)
    late = rng.integers(1, 1 << min(bits, 20), groups)
    if kind.holder.exclusive:
        late = 1 << rng.integers(0, bits, groups)
    early = late & rng.integers(0, 1 << min(bits, 20), groups) if len(kind.holder.moments) > 1 else late
    if kind.holder.exclusive and len(kind.holder.moments) > 1:
        early = late * rng.integers(0, 2, groups)
    union = {
        moment: int(np.bitwise_or.reduce(masks, initial=0)) for moment, masks in (("e", early), ("l", late))
    }
    has = {moment: (union[moment] >> np.arange(bits)) & 1 for moment in union}
    shape = (len(kind.held), bits)
    return Population(
        early.astype(np.int64), late.astype(np.int64), rng.integers(1, 3, groups),
        rng.integers(0, 3, shape) * has["e"], rng.integers(0, 3, shape) * has["l"],
    )  # fmt: skip


@pytest.mark.parametrize("family", [SMALL, REAL, AGES], ids=["small", "wmo", "ages"])
@given(seed=st.integers(0, 2**32), groups=st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_every_population_satisfies_the_relations_and_comes_back(family, seed: int, groups: int) -> None:  # type: ignore[no-untyped-def]
    found = relations(family)
    kind = Kind(family, found)
    figures = kind.recount(draw_population(kind, np.random.default_rng(seed), groups))
    assert not (found.matrix(found.equations) @ figures).any()
    assert ((found.matrix(found.counts) @ figures) >= 0).all()
    assert all((figures[part] > 0) == (figures[whole] > 0) for part, whole in found.presence)
    people = kind.population(figures)
    assert kind.stands(people)
    assert (kind.recount(people) == figures).all()


@pytest.mark.parametrize("family", [SMALL, AGES], ids=["small", "ages"])
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_what_satisfies_the_relations_is_a_population(family, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    """Drawn freely, not from people: were a relation missing, some of these would have nobody behind them."""
    found = relations(family)
    kind = Kind(family, found)
    figures = _near_relations(found, kind, data)
    if figures is None:
        return
    people = kind.population(figures)
    assert kind.stands(people)
    assert (kind.recount(people) == figures).all()


def _near_relations(found, kind: Kind, data: st.DataObject):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    start = kind.recount(draw_population(kind, rng, data.draw(st.integers(1, 5))))
    best = None
    counts, equations = found.matrix(found.counts), found.matrix(found.equations)
    for _ in range(40):
        figures = np.maximum(0, start + rng.integers(-1, 2, len(start)) * (rng.random(len(start)) < 0.3))
        fits = not (equations @ figures).any() and ((counts @ figures) >= 0).all()
        if fits and all((figures[p] > 0) == (figures[w] > 0) for p, w in found.presence):
            best = figures
    return best


@given(seed=st.integers(0, 2**32), groups=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_every_figure_can_be_four_more_and_four_less(seed: int, groups: int) -> None:
    """By an integer program over single people of every kind, which knows nothing of the construction."""
    found = relations(SMALL)
    kind = Kind(SMALL, found)
    published = 5 * kind.recount(draw_population(kind, np.random.default_rng(seed), groups))
    columns, holders = _single_people(kind)
    for slot in range(kind.width):
        assert _possible(columns, holders, published, slot, published[slot] + 4)
        assert _possible(columns, holders, published, slot, max(0, published[slot] - 4))


def _single_people(kind: Kind) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Columns: one person of every kind with one thing each, then one thing more; (spare column, slot of its holders)."""
    bits, columns, holders = len(kind.bits), [], []
    empty = np.zeros((1, bits), dtype=np.int64)
    for late in range(1, 1 << bits):
        for early in range(1 << bits):
            if early & ~late == 0:
                person = Population(np.array([early]), np.array([late]), np.array([1]), empty, empty)
                columns.append(kind.recount(person))
    nobody = np.zeros(0, dtype=np.int64)
    for bit in range(bits):
        one = np.zeros((1, bits), dtype=np.int64)
        one[0, bit] = 1
        for at_end, during, slots in ((one, empty, kind.early_slots), (empty, one, kind.late_slots)):
            holders.append((len(columns), int(slots[bit])))
            columns.append(kind.recount(Population(nobody, nobody, nobody, at_end, during)))
    return np.array(columns).T, holders


def _possible(
    columns: np.ndarray, holders: list[tuple[int, int]], published: np.ndarray, slot: int, value: int
) -> bool:
    low, high = np.maximum(published - 4, 0).astype(float), (published + 4).astype(float)
    low[slot] = high[slot] = value
    constraints = [LinearConstraint(columns, low, high)]
    for column, holder in holders:  # nothing is held beyond one each where there are no holders
        row = -1000.0 * columns[holder]
        row[column] += 1
        constraints.append(LinearConstraint(row, -np.inf, 0))
    count = columns.shape[1]
    answer = milp(
        np.zeros(count), constraints=constraints, bounds=Bounds(0, np.inf), integrality=np.ones(count)
    )
    return bool(answer.success)
