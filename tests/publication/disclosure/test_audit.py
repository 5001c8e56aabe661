"""The auditor against every table there is: on tables small enough to list them all."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.audit import BOUNDS_ONLY, Effort, Findings, Verdict, audit
from gmsd_publication.disclosure.audit.bounds import combined, value_of
from gmsd_publication.disclosure.audit.explanations import Explanations
from gmsd_publication.disclosure.audit.system import system
from gmsd_publication.disclosure.convention import Convention
from gmsd_publication.disclosure.errors import Contradictory, InputInvalid
from gmsd_publication.disclosure.hierarchy import Hierarchy, Line
from gmsd_publication.disclosure.intervals import NO_FIGURE, intervals
from gmsd_publication.disclosure.model import UNBOUNDED, Ints, Model
from gmsd_publication.disclosure.tables import Tabulated, build
from tests.publication.disclosure import instances

THRESHOLD = 5


@dataclass(frozen=True)
class Small:
    """A printed release with every table of finest counts that fits it, all cells and implied ones worked out."""

    model: Model
    truth: Ints
    low: Ints
    high: Ints
    tables: Ints


def enumerated(made: Tabulated, low: Ints, high: Ints, most: int) -> Small:
    """By trying every finest count up to `most`, and `units` alone: no equation is looked at."""
    model = made.model
    assert model.units is not None
    finest = model.units.shape[1]
    tries = np.array(list(itertools.product(range(most + 1), repeat=finest)), dtype=np.int64)
    cells = tries @ model.units.toarray().T
    fit = ((cells >= np.maximum(low, model.lower)) & (cells <= np.minimum(high, model.upper))).all(axis=1)
    part, whole = model.presence[:, 0], model.presence[:, 1]
    fit &= ((cells[:, part] > 0) == (cells[:, whole] > 0)).all(axis=1)
    cells = cells[fit]
    implied = cells @ model.implied.toarray().T
    cells, implied = cells[(implied >= 0).all(axis=1)], implied[(implied >= 0).all(axis=1)]
    return Small(model, made.truth, low, high, np.concatenate([cells, implied], axis=1))


def regions(groups: list[tuple[int, int]], part: bool) -> Hierarchy:
    """Finest regions in provinces and crosswise in districts; `part`: one more region that covers only the first."""
    lines = [Line("T")]
    for place, mark in enumerate("PD"):
        lines += [Line(f"{mark}{each}", "T") for each in sorted({group[place] for group in groups})]
    lines += [Line("deel", "T")] if part else []
    for number, group in enumerate(groups):
        lines += [Line(f"r{number}", f"{mark}{group[place]}") for place, mark in enumerate("PD")]
        lines += [Line(f"r{number}", "deel")] if part and number == 0 else []
    return Hierarchy("regio", lines)


MOST = 7


@st.composite
def released(draw: st.DrawFn) -> Small:
    """Linked tables of at most four finest counts, each cell printed by one of several conventions."""
    count, kinds = draw(st.sampled_from([(1, 1), (2, 1), (3, 1), (4, 1), (2, 2), (1, 3)]))
    groups = [(draw(st.integers(0, 1)), draw(st.integers(0, 1))) for _ in range(count)]
    soort = Hierarchy("soort", [Line("alle"), *(Line(f"s{i}", "alle") for i in range(kinds))])
    inner = pl.DataFrame(
        [
            {"regio": f"r{i}", "soort": f"s{j}", "aantal": draw(st.integers(0, MOST))}
            for i in range(count)
            for j in range(kinds)
        ]
    )
    made = build(inner, [regions(groups, draw(st.booleans())), soort])
    low, high = np.zeros(made.model.size, dtype=np.int64), np.full(made.model.size, UNBOUNDED)
    for cell, value in enumerate(made.truth.tolist()):
        how = draw(st.sampled_from(["nearest", "exact", "hidden", "rounded", "under"]))
        nearest, down = (value + 2) // 5 * 5, value // 5 * 5
        low[cell], high[cell] = {
            "nearest": (max(0, nearest - 2), nearest + 2),
            "exact": (value, value),
            "rounded": (max(0, down - 4), down + 4),
            "under": (0, 4) if value < 5 else (max(5, nearest - 2), nearest + 2),
            "hidden": (0, UNBOUNDED),
        }[how]
    # Finest counts are tried up to MOST, so none may be larger: a public bound says so.
    upper = np.where(made.model.finest, MOST, UNBOUNDED)
    return enumerated(replace(made, model=replace(made.model, upper=upper)), low, high, MOST)


def worst(values: Ints, printed: bool) -> Verdict:
    """The verdict on a cell that takes just these values."""
    low, high = int(values.min()), int(values.max())
    if printed and not 1 <= low < THRESHOLD:
        return Verdict.PRINTED
    if low == high:
        return Verdict.EXACT
    if low >= 1 and high < THRESHOLD:
        return Verdict.SMALL
    return {1: Verdict.WIDTH_1, 2: Verdict.WIDTH_2}.get(high - low, Verdict.SAFE)


@given(released(), st.sampled_from([Effort(), Effort(block_cells=8, wide_cells=(16,)), BOUNDS_ONLY]))
@settings(max_examples=60)
def test_bounds_witnesses_and_verdicts_agree_with_every_table(small: Small, effort: Effort) -> None:
    found = audit(small.model, small.low, small.high, effort, THRESHOLD)
    tables, known = small.tables, found.known
    assert (known.low <= tables.min(axis=0)).all()
    assert (known.high >= tables.max(axis=0)).all()
    if found.witnesses is not None:
        assert (known.least >= tables.min(axis=0)).all()
        assert (known.most <= tables.max(axis=0)).all()
    given_exact = found.printed.low == found.printed.high
    for cell, verdict in enumerate(found.verdict.tolist()):
        true = worst(tables[:, cell], bool(given_exact[cell]))
        if found.final[cell]:
            assert verdict == true or {verdict, true} == {Verdict.SMALL, Verdict.EXACT}
        elif verdict != Verdict.UNDECIDED:
            assert true <= verdict


@given(released())
@settings(max_examples=30)
def test_every_witness_is_one_of_the_tables(small: Small) -> None:
    found = audit(small.model, small.low, small.high)
    assert found.witnesses is not None
    all_tables = {tuple(table) for table in small.tables.tolist()}
    for number in range(len(found.witnesses.changes) + 1):
        assert tuple(found.witnesses.table(number).tolist()) in all_tables
    for cell in range(found.printed.size):
        assert found.witnesses.table(int(found.witnesses.least_at[cell]))[cell] == found.known.least[cell]
        assert found.witnesses.table(int(found.witnesses.most_at[cell]))[cell] == found.known.most[cell]


@given(released())
@settings(max_examples=30)
def test_every_bound_is_explained_by_a_sum_that_holds_in_every_table(small: Small) -> None:
    found = audit(small.model, small.low, small.high)
    explanations = Explanations(found)
    for cell in range(found.printed.size):
        for upper in (False, True):
            reason = explanations.explain(cell, upper)
            proved, printed = (
                (found.known.high, found.printed.high) if upper else (found.known.low, found.printed.low)
            )
            assert (reason is None) == (proved[cell] == printed[cell])
            if reason is None:
                continue
            assert reason.holds() and reason.value == proved[cell]
            total = sum(term.factor * small.tables[:, term.cell] for term in reason.terms)
            assert np.array_equal(total, reason.denominator * small.tables[:, cell])


@given(released(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_any_multipliers_prove_something_true(small: Small, random: st.DataObject) -> None:
    """The safety of the proofs does not rest on a solver's floats: whatever the multipliers, the bound is valid."""
    printed = system(small.model, small.low, small.high)
    rows = np.arange(printed.rows.shape[0])
    if not rows.size:
        return
    multipliers = np.array([random.randint(-2, 2) for _ in rows])  # type: ignore[attr-defined]
    for cell in range(printed.size):
        for upper in (False, True):
            value = value_of(printed, *combined(printed, cell, rows, multipliers, 2), 2, upper)
            ends = small.tables[:, cell]
            assert value is None or (value >= ends.max() if upper else value <= ends.min())


@given(released())
@settings(max_examples=20)
def test_an_audit_repeats_itself(small: Small) -> None:
    first, second = (audit(small.model, small.low, small.high) for _ in range(2))
    assert (first.known.low == second.known.low).all() and (first.known.high == second.known.high).all()
    assert (first.known.least == second.known.least).all() and (first.known.most == second.known.most).all()


def test_presence_joins_two_counts() -> None:
    made = instances.two_way(1, 2)
    names = list(made.model.names)
    a, b = names.index("wijk=W00 · soort=S00"), names.index("wijk=W00 · soort=S01")
    model = replace(made.model, presence=np.array([[a, b]]), upper=np.where(made.model.finest, 6, UNBOUNDED))
    low, high = np.zeros(model.size, dtype=np.int64), np.full(model.size, UNBOUNDED)
    low[a], high[names.index("totaal")] = 1, 6
    found = audit(model, low, high)
    tables = enumerated(replace(made, model=model), low, high, 6).tables
    assert (found.known.low == tables.min(axis=0)).all() and (found.known.high == tables.max(axis=0)).all()
    assert (found.known.least == tables.min(axis=0)).all() and (found.known.most >= 5)[[a, b]].all()
    explanation = Explanations(found).explain(b, False)
    assert explanation is not None and explanation.value == 1 and not explanation.terms


def suppressed(made: Tabulated) -> tuple[Ints, Ints]:
    small = (made.truth > 0) & (made.truth < 5)
    return intervals(Convention.EXACT, np.where(small, NO_FIGURE, made.truth))


def nearest(made: Tabulated) -> tuple[Ints, Ints]:
    return intervals(Convention.NEAREST_5, (made.truth + 2) // 5 * 5)


def decided(found: Findings, small: Ints) -> int:
    """Sides of small cells that are decided: nobody, or the threshold or more, is proved not to be, or is shown."""
    known = found.known
    low = (known.low >= 1) | (known.least <= 0)
    high = (known.high < THRESHOLD) | (known.most >= THRESHOLD)
    return int(low[small].sum() + high[small].sum())


def test_a_lone_secret_is_found_and_a_pair_in_rows_and_columns_is_safe() -> None:
    inner, hierarchies = instances.two_way_tables(3, 3)
    inner = inner.with_columns(aantal=pl.Series([3, 20, 30, 20, 40, 20, 30, 20, 50]))
    made = build(inner, hierarchies)
    cell = list(made.model.names).index("wijk=W00 · soort=S00")
    found = audit(made.model, *suppressed(made))
    assert (found.verdict[cell], found.known.low[cell]) == (Verdict.EXACT, 3)
    assert np.flatnonzero(found.disclosed).tolist() == [cell]
    low, high = suppressed(made)
    for name in ("wijk=W00 · soort=S01", "wijk=W01 · soort=S00", "wijk=W01 · soort=S01"):
        low[list(made.model.names).index(name)], high[list(made.model.names).index(name)] = 0, UNBOUNDED
    found = audit(made.model, low, high)
    assert found.verdict[cell] == Verdict.SAFE and not found.disclosed.any()
    assert (found.known.low[cell], found.known.high[cell]) == (0, 23)


def test_a_complement_that_nobody_printed_is_audited() -> None:
    lines = [
        Line("T"),
        Line("deel", "T"),
        Line("a", "T"),
        Line("b", "T"),
        Line("a1", "a"),
        Line("a2", "a"),
        Line("a1", "deel"),
    ]
    inner = pl.DataFrame({"regio": ["a1", "a2", "b"], "aantal": [20, 2, 1]})
    made = build(inner, [Hierarchy("regio", lines)])
    low, high = made.truth.copy(), made.truth.copy()
    for name in ("regio=a", "regio=b", "regio=a1", "regio=a2"):
        low[list(made.model.names).index(name)], high[list(made.model.names).index(name)] = 0, UNBOUNDED
    found = audit(made.model, low, high)
    complement = made.model.size
    assert found.printed.names[complement] == "totaal, min een deel van regio"
    assert (found.verdict[complement], found.known.low[complement]) == (Verdict.EXACT, 3)


@pytest.mark.parametrize("effort", [Effort(), BOUNDS_ONLY])
def test_figures_that_exclude_one_another_are_named(effort: Effort) -> None:
    made = instances.two_way(3, 3)
    low, high = nearest(made)
    wrong = list(made.model.names).index("wijk=W01")
    low[wrong] = high[wrong] = int(high[wrong]) + 40
    with pytest.raises(Contradictory, match="opgeteld over"):
        audit(made.model, low, high, effort)


def test_rows_that_fail_only_together_are_named() -> None:
    """Each pair of three counts is 10 and all three are 14: no row is wrong by itself, and 15 is what follows."""
    lines = [Line("T"), *(Line(pair, "T") for pair in ("ab", "ac", "bc"))]
    lines += [Line(each, pair) for pair in ("ab", "ac", "bc") for each in pair]
    made = build(pl.DataFrame({"r": ["a", "b", "c"], "aantal": [4, 5, 5]}), [Hierarchy("r", lines)])
    printed = {"totaal": 14, "r=ab": 10, "r=ac": 10, "r=bc": 10}
    low = np.array([printed.get(name, 0) for name in made.model.names])
    high = np.array([printed.get(name, UNBOUNDED) for name in made.model.names])
    with pytest.raises(Contradictory, match="totaal, opgeteld over r") as error:
        audit(made.model, low, high)
    assert all(f"r={pair}, opgeteld over r" in error.value.detail for pair in ("ab", "ac", "bc"))


def test_halves_of_people_do_not_count() -> None:
    """Pairs of 1, 1 and 1 need halves: fractions fit, whole numbers do not."""
    lines = [Line("T"), *(Line(pair, "T") for pair in ("ab", "ac", "bc"))]
    lines += [Line(each, pair) for pair in ("ab", "ac", "bc") for each in pair]
    made = build(pl.DataFrame({"r": ["a", "b", "c"], "aantal": [1, 0, 0]}), [Hierarchy("r", lines)])
    one = np.array([len(name) == 4 for name in made.model.names])
    with pytest.raises(Contradictory):
        audit(made.model, np.where(one, 1, 0), np.where(one, 1, UNBOUNDED))


def test_counts_beyond_what_floats_hold_are_refused() -> None:
    made = instances.two_way(2, 2)
    with pytest.raises(InputInvalid, match="kan de audit niet aan"):
        audit(made.model, made.truth + 2**50, made.truth + 2**50)


def test_a_gemeente_is_audited_without_naming_anything_safe_that_is_not() -> None:
    made = instances.gemeente(buurten=10, wijken=2, kinds=4, ages=2)
    found = audit(made.model, *nearest(made))
    assert ((found.known.low <= made.truth) & (made.truth <= found.known.high)).all()
    small = np.flatnonzero((made.truth > 0) & (made.truth < THRESHOLD))
    assert decided(found, small) >= 0.99 * 2 * len(small)
    assert found.final.mean() > 0.98


def test_work_that_runs_out_leaves_cells_undecided() -> None:
    made = instances.gemeente(buurten=10, wijken=2, kinds=4, ages=2)
    few = audit(made.model, *nearest(made), Effort(moves=3, linear=5))
    assert few.counts()[Verdict.UNDECIDED] > 0
    for effort in (BOUNDS_ONLY, Effort(witness_cells=20)):
        none = audit(made.model, *nearest(made), effort)
        assert none.witnesses is None and none.counts()[Verdict.SAFE] == 0


@pytest.mark.parametrize(
    ("convention", "figure", "mark", "said"),
    [
        (Convention.EXACT, 7, "", (7, 7)),
        (Convention.EXACT, NO_FIGURE, ".", (0, UNBOUNDED)),
        (Convention.EXACT, NO_FIGURE, "<5", (0, 4)),
        (Convention.NEAREST_5, 0, "", (0, 2)),
        (Convention.NEAREST_5, 5, "", (3, 7)),
        (Convention.THRESHOLD_NEAREST_5, 5, "", (5, 7)),
        (Convention.THRESHOLD_NEAREST_5, 0, "", (0, 0)),
        (Convention.THRESHOLD_NEAREST_5, 10, "", (8, 12)),
        (Convention.NEAREST_10, 20, "", (15, 25)),
        (Convention.ROUNDED_5, 0, "", (0, 4)),
        (Convention.ROUNDED_5, 5, "", (1, 9)),
        (Convention.ROUNDED_10, 20, "", (11, 29)),
    ],
)
def test_conventions_say_what_a_figure_means(
    convention: Convention, figure: int, mark: str, said: tuple[int, int]
) -> None:
    low, high = intervals(convention, np.array([figure]), [mark])
    assert (low[0], high[0]) == said


def test_a_mark_can_exclude_zero() -> None:
    low, high = intervals(Convention.EXACT, np.array([NO_FIGURE]), ["<5"], hidden_from=1)
    assert (low[0], high[0]) == (1, 4)


@pytest.mark.skipif(not instances.available(), reason="SDC_TABLES names no folder with the SSB instances")
def test_z3_gives_away_what_was_measured_by_others() -> None:
    """disclosure.md's table: suppression of 1 to 4 alone, and nearest 5 by itself, under global linear programs."""
    made = instances.z3()
    small = np.flatnonzero((made.truth > 0) & (made.truth < THRESHOLD))
    found = audit(made.model, *suppressed(made), BOUNDS_ONLY)
    proved = (found.known.low >= 1) & (found.known.high < THRESHOLD)
    assert ((found.known.width == 0)[small].sum(), proved[small].sum()) == (281, 320)
    found = audit(made.model, *nearest(made), Effort(block_cells=400, moves=0))
    proved = (found.known.low >= 1) & (found.known.high < THRESHOLD)
    width = found.known.width[small]
    assert ((width == 0).sum(), (width <= 1).sum(), (width <= 2).sum(), proved.sum()) == (8, 165, 339, 157)


@pytest.mark.skipif(not instances.available(), reason="SDC_TABLES names no folder with the SSB instances")
def test_nearest_5_of_the_large_instance_proves_927_cells_small() -> None:
    made = instances.sosial_fiktiv()
    found = audit(made.model, *nearest(made), BOUNDS_ONLY)
    proved = (found.known.low >= 1) & (found.known.high < THRESHOLD)
    small = (made.truth > 0) & (made.truth < THRESHOLD)
    assert ((found.known.width == 0)[small].sum(), proved.sum()) == (22, 927)
