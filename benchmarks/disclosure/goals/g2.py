"""G2: the optimum of z3, proved, before tau-ARGUS has it; and the default mode's error beside what unbiasedness must cost."""

from collections.abc import Mapping

import numpy as np

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import BASE, COUNT, Instance, published_by
from benchmarks.disclosure.lines import Line, judged, skipped, told
from benchmarks.disclosure.peers import ctrl, jj, tau
from benchmarks.disclosure.runs import Run, run
from benchmarks.disclosure.tasks import rounding

GOAL = "G2"
ASKS = "z3: Σ|err| 1,888 proved, sooner than tau RND with unit weights; default mode within 3 % of 2,091"
OPTIMUM = {"z3": 1888}
KEYS = 5
NEAR = 0.03


def measure(data: Data) -> list[Line]:
    """On z3, and on our own tables, where the optimum is what tau RND finds."""
    absent = [] if data.z3 else [skipped(GOAL, "z3", data.why_without("z3"))]
    return absent + [line for of in data.tables for line in _optimum(data, of) + _default(data, of)]


def _optimum(data: Data, of: Instance) -> list[Line]:
    peer = run(data.grace, tau.round_table, jj.rounding(of.model, of.truth), BASE, data.minutes)
    mine = run(data.patience, rounding.least, of.model, of.truth, None)
    theirs = tau_error(of, peer)
    wanted = OPTIMUM.get(of.name, theirs)
    best, proved = (
        (rounding.error(of.truth, mine.answer.values), mine.answer.proved) if mine.answer else (0, False)
    )
    found = f"{best:,}, {'proved' if proved else 'not proved'}"
    what = f"{of.name}: least Σ|err|"
    lines = [judged(GOAL, what, mine, found, f"{wanted:,}, proved", proved and best == wanted)]
    if of.name in OPTIMUM:
        least = "at least " if peer.trouble else ""
        ratio = f"tau's processor time is {least}{peer.seconds / mine.seconds:.1f} times ours"
        lines.append(
            judged(GOAL, f"{of.name}: beside tau RND", mine, ratio, "above 1", mine.seconds < peer.seconds)
        )
    peers = [
        told(GOAL, f"{tau.NAME} RND, unit weights", what, peer, f"{theirs:,}"),
        ctrl_line(GOAL, data, of),
    ]
    return lines + peers


def _default(data: Data, of: Instance) -> list[Line]:
    remainder = of.truth % BASE
    wanted = float((2 * remainder * (BASE - remainder) / BASE).sum())
    mine = run(data.patience, rounding.keyed_errors, of.model, of.truth, KEYS)
    mean = float(np.mean(mine.answer)) if mine.answer else 0.0
    away = mean / wanted - 1
    found = f"mean {mean:,.0f} over {KEYS} keys ({away:+.1%}), {mine.seconds / KEYS:.1f} s a key"
    what = f"{of.name}: default mode, Σ|err|"
    if of.name not in OPTIMUM:
        return [told(GOAL, "gmsd", what, mine, f"{found}, unbiased costs {wanted:,.0f}")]
    return [judged(GOAL, what, mine, found, f"within {NEAR:.0%} of {wanted:,.0f}", abs(away) <= NEAR)]


def tau_error(of: Instance, peer: Run[Mapping[int, int]]) -> int:
    """Σ|err| of what tau RND published; 0 without an answer."""
    return (
        rounding.error(of.truth, np.array([peer.answer[cell] for cell in range(of.model.size)]))
        if peer.answer
        else 0
    )


def ctrl_line(goal: str, data: Data, of: Instance) -> Line:
    """CtrlRound on the same tables."""
    peer = run(data.limit, ctrl.round_table, of.rows, of.columns, COUNT, of.margins, BASE)
    found = ""
    if peer.answer:
        away = np.abs(published_by(of, peer.answer) - of.truth)
        found = f"{away.sum():,}; {np.count_nonzero(away >= BASE)} cells are {BASE} or more away, at most {away.max()}"
    return told(goal, ctrl.NAME, f"{of.name}: Σ|err|", peer, found)
