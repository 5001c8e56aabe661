"""G7: a suppression pattern that holds against a reader who counts a printed zero as proof that what is hidden is 1 or more."""

import numpy as np

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import Instance
from benchmarks.disclosure.lines import Line, judged, skipped, told
from benchmarks.disclosure.peers import jj, tau
from benchmarks.disclosure.runs import run
from benchmarks.disclosure.tasks import suppression

GOAL = "G7"
ASKS = "z3 suppression, zeros marked alike: value ≤ 2,230 in 10 s, ≤ 1,974 in 60 s; audit ≤ 3 s"
SHORT, LONG = 1_300, 8_600
"""Linear programs: the library counts work, not seconds. What fits in 10 and 60 seconds on the core of the last run."""
DEMANDS = ((SHORT, 10, 2_230), (LONG, 60, 1_974))
AUDIT_SECONDS = 3


def measure(data: Data) -> list[Line]:
    """On z3, and on our own tables for what there is to compare."""
    absent = [] if data.z3 else [skipped(GOAL, "z3", data.why_without("z3"))]
    return absent + [line for of in data.tables for line in _ours(data, of) + _tau(data, of)]


def _ours(data: Data, of: Instance) -> list[Line]:
    lines = []
    for moves, seconds, value in DEMANDS[:1] if data.quick else DEMANDS:
        mine = run(data.patience, suppression.pattern, of.model, of.truth, moves)
        what = f"{of.name}: zeros marked too, {moves:,} programs"
        if mine.answer is None or mine.answer.certificate is None:
            lines.append(judged(GOAL, what, mine, "", f"≤ {value:,} in {seconds} s", False))
            continue
        made = mine.answer
        kept = f"value {made.value:,}, {made.hidden.sum()} hidden of {of.model.size:,}, proved"
        if of.name == "z3":
            fine = made.value <= value and mine.seconds <= seconds
            lines.append(judged(GOAL, what, mine, kept, f"≤ {value:,} in {seconds} s", fine))
        else:
            lines.append(told(GOAL, "gmsd", what, mine, kept))
    return [*lines, _audit(data, of, made.hidden)] if mine.answer else lines


def _audit(data: Data, of: Instance, hidden: np.ndarray) -> Line:
    mine = run(data.patience, suppression.audited, of.model, np.where(hidden, 0, of.truth), hidden)
    covered = int(mine.answer.covered[: of.model.size].sum()) if mine.answer else 0
    small = np.count_nonzero(of.truth < of.model.base)
    found = f"{covered} cells certified, {small} small or zero; {mine.seconds:.1f} s"
    fine = covered >= int(small) and mine.seconds <= AUDIT_SECONDS
    return judged(GOAL, f"{of.name}: audit of that print", mine, found, f"all, ≤ {AUDIT_SECONDS} s", fine)


def _tau(data: Data, of: Instance) -> list[Line]:
    """Its optimum with exact protection and with intervals from 0 to the base; both print zeros."""
    lines = []
    cost = of.truth.clip(1).tolist()
    for full, protection in ((False, "no exact disclosure"), (True, "intervals from 0 to 5")):
        text = jj.for_suppression(of, jj.Asked(cost, full))
        peer = run(data.grace, tau.suppress, text, data.minutes)
        what = f"{of.name}: OPT, {protection}"
        if peer.answer is None:
            lines.append(told(GOAL, tau.NAME, what, peer))
            continue
        late = ", not proved" if peer.wall >= 60 * data.minutes else ""
        found = f"value {of.truth[peer.answer].sum():,}{late}, {len(peer.answer)} secondary, zeros printed"
        lines.append(told(GOAL, tau.NAME, what, peer, found))
        lines += [
            _audited(data, of, jj.marked(text, peer.answer), protection),
            _beside_zeros(data, of, peer.answer, protection),
        ]
    return lines


def _audited(data: Data, of: Instance, text: str, protection: str) -> Line:
    peer = run(data.limit, tau.audit, text)
    unsafe = sum(bool(row["unsafe"]) for row in peer.answer or ())
    found = f"{unsafe} of {len(peer.answer or ())} suppressed cells unsafe by its own rule"
    return told(GOAL, f"{tau.NAME} audit_jj", f"{of.name}: audit of OPT, {protection}", peer, found)


def _beside_zeros(data: Data, of: Instance, secondary: list[int], protection: str) -> Line:
    hidden = of.small.copy()
    hidden[secondary] = True
    mine = run(data.patience, suppression.covered_beside_zeros, of.model, of.truth, hidden)
    found = f"{mine.answer} of {np.count_nonzero(of.small)} small counts covered when a mark means 1 or more"
    return told(GOAL, "gmsd", f"{of.name}: our audit of OPT, {protection}", mine, found)
