"""G8: a gemeente in seconds, the nation in minutes."""

from collections.abc import Sequence

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import BASE
from benchmarks.disclosure.layouts import layout
from benchmarks.disclosure.lines import MEGABYTE, Line, judged, told
from benchmarks.disclosure.peers import jj, tau
from benchmarks.disclosure.runs import Run, run, run_on
from benchmarks.disclosure.tasks import nation
from benchmarks.disclosure.tasks.nation import Rounded

GOAL = "G8"
ASKS = "a gemeente of 5,240 cells ≤ 2 s, of 23,240 ≤ 30 s; the nation ≤ 5 min on 2 cores at the 5,240 layout, < 2 GB"
DEMANDS = ((False, "5,240 cells", 2.0), (True, "23,240 cells", 30.0))
SEEDS = (11, 12, 13)
GEMEENTEN, QUICK_GEMEENTEN = 342, 6
WORKERS = 2
NATION_SECONDS, NATION_BYTES = 300, 2e9


def measure(data: Data) -> list[Line]:
    """Gemeenten of our own making in the layout of disclosure.md 5.6; tau-ARGUS on the first of the smaller ones."""
    deep = [one for one in DEMANDS if not (data.quick and one[0])]
    return [*(_gemeenten(data, *one) for one in deep), _nation(data), _tau(data)]


def _gemeenten(data: Data, deep: bool, name: str, seconds: float) -> Line:
    """The slowest counts."""
    runs = [
        run(data.limit + 20 * seconds, nation.gemeente, seed, deep)
        for seed in SEEDS[: 1 if data.quick else None]
    ]
    slowest = max(runs, key=lambda one: one.seconds)
    troubled = next((one for one in runs if one.trouble), slowest)
    each = ", ".join(f"{one.answer.processor:.1f} s" if one.answer else one.trouble for one in runs)
    found = f"{each}; {_quality([one.answer for one in runs if one.answer])}"
    fine = all(
        one.answer is not None and not one.answer.broken and one.answer.processor <= seconds for one in runs
    )
    return judged(
        GOAL, f"a gemeente of {name}, {len(runs)} of them", troubled, found, f"≤ {seconds:g} s each", fine
    )


def _nation(data: Data) -> Line:
    count = QUICK_GEMEENTEN if data.quick else GEMEENTEN
    mine: Run[Rounded] = run_on(WORKERS, 1.1 * WORKERS * NATION_SECONDS, nation.nation, count, WORKERS)
    asked = f"≤ {NATION_SECONDS} s by the clock, < {NATION_BYTES / MEGABYTE:,.0f} MB"
    what = f"{count} gemeenten of 5,240 cells, {WORKERS} processes"
    if mine.answer is None:
        return judged(GOAL, what, mine, "", asked, False)
    made = mine.answer
    found = f"{made.seconds:,.0f} s by the clock, {made.cells:,} cells, {mine.peak_bytes / MEGABYTE:,.0f} MB; {_quality([made])}"
    fine = not made.broken and made.seconds <= NATION_SECONDS and mine.peak_bytes < NATION_BYTES
    return (
        judged(GOAL, what, mine, found, asked, fine)
        if not data.quick
        else told(GOAL, "gmsd", what, mine, found)
    )


def _quality(rounded: Sequence[Rounded]) -> str:
    if not rounded:
        return "nothing rounded"
    broken, error = sum(one.broken for one in rounded), sum(one.error for one in rounded)
    expected = sum(one.expected for one in rounded)
    largest = max(one.largest for one in rounded)
    return f"{broken} rows broken, Σ|err| {error:,} (unbiased costs {expected:,.0f}), at most {largest}"


def _tau(data: Data) -> Line:
    one = layout(1, deep=False, seed=SEEDS[0])
    peer = run(data.grace, tau.round_table, jj.rounding(one.model, one.truth), BASE, data.minutes)
    found = f"Σ|err| {sum(abs(value - one.truth[cell]) for cell, value in (peer.answer or {}).items()):,}"
    return told(GOAL, f"{tau.NAME} RND, unit weights", "the first of 5,240 cells, K=0", peer, found)
