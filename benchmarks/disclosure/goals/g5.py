"""G5: a reader of three releases who knows which counts did not change learns no more than from one."""

from collections.abc import Sequence

import numpy as np

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import BASE, Instance
from benchmarks.disclosure.lines import Line, judged, skipped, told
from benchmarks.disclosure.peers import jj, tau
from benchmarks.disclosure.runs import Run, run
from benchmarks.disclosure.tasks import series
from benchmarks.disclosure.tasks.series import Trial

GOAL = "G5"
ASKS = "three releases, A3: 0 unchanged finest cells moved, 0 proved 1-4, finest |err| ≤ 4, margins ≤ 9; 20 seeds, holds reported"
SEEDS = 20
FINEST, MARGINS = 4, 9
MANNERS = (("scattered", False), ("clustered", True))


def measure(data: Data) -> list[Line]:
    """On z3, and on our own tables; tau-ARGUS rounds each release alone."""
    absent = [] if data.z3 else [skipped(GOAL, "z3", data.why_without("z3"))]
    lines = [_ours(data, of, *manner) for of in data.tables for manner in MANNERS]
    return absent + lines + [_tau(data, of) for of in data.tables]


def _ours(data: Data, of: Instance, manner: str, clustered: bool) -> Line:
    seeds = 3 if data.quick else SEEDS
    mine = run(seeds * data.limit, series.trials, of.model, of.truth, seeds, clustered)
    trials = mine.answer or []
    held = [f"seed {seed} release {trial.held}" for seed, trial in enumerate(trials) if trial.held]
    found = f"{_sums(trials)}; {len(held)} held{': ' if held else ''}{', '.join(held)}"
    fine = all(
        trial.moved == trial.uncertified == trial.proved == 0
        and trial.finest <= FINEST
        and trial.margins <= MARGINS
        for trial in trials
    )
    what = f"{of.name}: {manner} corrections, {seeds} seeds"
    return judged(GOAL, what, mine, found, f"0 moved, 0 proved, 0 uncertified, {FINEST}, {MARGINS}", fine)


def _sums(trials: Sequence[Trial]) -> str:
    if not trials:
        return ""
    moved, proved = sum(one.moved for one in trials), sum(one.proved for one in trials)
    loose = sum(one.uncertified for one in trials)
    errors = f"errors {max(one.finest for one in trials)} and {max(one.margins for one in trials)}"
    return f"{moved} moved, {proved} proved, {loose} uncertified, {errors}"


def _tau(data: Data, of: Instance) -> Line:
    """It knows no earlier release: each is rounded anew, nearest to the truth."""
    exact = series.corrected(of.model, of.truth, 0, clustered=False)
    done = [
        run(data.grace, tau.round_table, jj.rounding(of.model, truth), BASE, data.minutes) for truth in exact
    ]
    what = f"{of.name}: RND three times, scattered, 1 seed"
    found = [np.array([one.answer[cell] for cell in range(of.model.size)]) for one in done if one.answer]
    total = Run[None](
        None,
        sum(one.seconds for one in done),
        sum(one.wall for one in done),
        max(one.peak_bytes for one in done),
    )
    if len(found) < len(exact):
        return told(GOAL, tau.NAME, what, total, "no answer for every release")
    trial = series.alone(of.model, exact, found)
    return told(GOAL, tau.NAME, what, total, f"{trial.moved} moved, {trial.proved} proved")
