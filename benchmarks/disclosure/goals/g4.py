"""G4: the default mode adds up, and over keys it favours nobody."""

import numpy as np

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import BASE, Instance
from benchmarks.disclosure.lines import Line, judged, skipped, told
from benchmarks.disclosure.runs import Run, run
from benchmarks.disclosure.tasks import rounding
from benchmarks.disclosure.tasks.rounding import Sampled

GOAL = "G4"
ASKS = "0 violated equations; over 100 keys P(up | r) within 0.03 of r/5, no cell always one way, |bias| > 1 in < 1 % of cells"
NEAR = 0.03
BIASED = 0.01
ENOUGH = 50
"""Keys below which chance alone breaks the demands: a cell of remainder 1 goes down 50 times in a row once in 70,000."""


def measure(data: Data) -> list[Line]:
    """On z3, and on our own tables."""
    absent = [] if data.z3 else [skipped(GOAL, "z3", data.why_without("z3"))]
    return absent + [line for of in data.tables for line in _sampled(data, of)]


def _sampled(data: Data, of: Instance) -> list[Line]:
    mine = run(data.patience * data.keys / 20, rounding.sample, of.model, of.truth, data.keys)
    found = mine.answer or Sampled(0, 0, of.truth, of.truth)
    violated = f"{found.violated} in {found.keys} releases, {mine.seconds / data.keys:.1f} s each"
    lines = [judged(GOAL, f"{of.name}: rows broken", mine, violated, "0", found.violated == 0)]
    if mine.trouble:
        return lines
    return lines + [_demand(of, mine, *each) for each in _fairness(of, found)]


def _demand(of: Instance, mine: Run[Sampled], what: str, found: str, asked: str, met: bool) -> Line:
    what = f"{of.name}: {what}"
    if of.name != "z3" or mine.answer is None or mine.answer.keys < ENOUGH:
        return told(GOAL, "gmsd", what, mine, found)
    return judged(GOAL, what, mine, found, asked, met)


def _fairness(of: Instance, found: Sampled) -> list[tuple[str, str, str, bool]]:
    remainder = of.truth % BASE
    shares = [float(found.up[of.small & (remainder == r)].mean() / found.keys) for r in range(1, BASE)]
    away = max(abs(share - r / BASE) for r, share in enumerate(shares, 1))
    stuck = np.count_nonzero((remainder > 0) & ((found.up == 0) | (found.up == found.keys)))
    biased = float((np.abs(found.error / found.keys) > 1).mean())
    return [
        ("P(up | 1..4)", "/".join(f"{share:.3f}" for share in shares), f"within {NEAR} of r/5", away <= NEAR),
        ("cells always one way", f"{stuck}", "0", stuck == 0),
        ("cells with |bias| > 1", f"{biased:.2%}", f"< {BIASED:.0%}", biased < BIASED),
    ]
