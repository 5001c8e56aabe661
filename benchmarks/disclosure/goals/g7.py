"""G7: a suppression pattern that holds against a reader who counts a printed zero as proof that what is hidden is 1 or more."""

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import Instance
from benchmarks.disclosure.lines import Line, skipped, told
from benchmarks.disclosure.peers import jj, tau
from benchmarks.disclosure.runs import run

GOAL = "G7"
ASKS = "z3 suppression, zeros marked alike: value ≤ 2,230 in 10 s, ≤ 1,974 in 60 s; audit ≤ 3 s"


def measure(data: Data) -> list[Line]:
    """On z3, and on our own tables for what there is to compare."""
    absent = [] if data.z3 else [skipped(GOAL, "z3", data.why_without("z3"))]
    return absent + [line for of in data.tables for line in _tau(data, of)]


def _tau(data: Data, of: Instance) -> list[Line]:
    """Its optimum with exact protection and with intervals from 0 to the base; both print zeros."""
    lines = []
    cost = of.truth.clip(1).tolist()
    for full, protection in ((False, "no exact disclosure"), (True, "intervals from 0 to 5")):
        text = jj.for_suppression(of, jj.Asked(cost, full))
        peer = run(data.grace, tau.suppress, text, int(data.limit))
        what = f"{of.name}: OPT, {protection}"
        if peer.answer is None:
            lines.append(told(GOAL, tau.NAME, what, peer))
            continue
        late = ", not proved" if peer.seconds >= data.limit else ""
        found = f"value {of.truth[peer.answer].sum():,}{late}, {len(peer.answer)} secondary, zeros printed"
        lines.append(told(GOAL, tau.NAME, what, peer, found))
        lines.append(_audited(data, of, jj.marked(text, peer.answer), protection))
    return lines


def _audited(data: Data, of: Instance, text: str, protection: str) -> Line:
    peer = run(data.limit, tau.audit, text)
    unsafe = sum(bool(row["unsafe"]) for row in peer.answer or ())
    found = f"{unsafe} of {len(peer.answer or ())} suppressed cells unsafe by its own rule"
    return told(GOAL, f"{tau.NAME} audit_jj", f"{of.name}: audit of OPT, {protection}", peer, found)
