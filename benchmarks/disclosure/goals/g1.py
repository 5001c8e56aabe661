"""G1: every cell certified by a verifier that reads only what is public, and the algorithm explains every certificate."""

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import Instance
from benchmarks.disclosure.lines import Line, judged, skipped
from benchmarks.disclosure.peers import tau
from benchmarks.disclosure.runs import run
from benchmarks.disclosure.tasks import proof
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.disclosure.proof.certificate import certify, released
from gmsd_publication.disclosure.proof.verifier import verify

GOAL = "G1"
ASKS = "every cell certified for A1-A3, verified in < 0.1 s for 14,160 cells; 100 of 100 tables of the window give it back"
SECONDS = 0.1
TABLES = 100
SMALL_RELEASES = 20


def measure(data: Data) -> list[Line]:
    """On a keyed release of each instance; on small releases by trying every table."""
    lines = [
        skipped(GOAL, name, data.why_without(name))
        for name, there in (("z3", data.z3), ("sosialFiktiv", data.sosial))
        if there is None
    ]
    for of in filter(None, (data.sosial, data.z3, data.own)):
        lines += _certified(data, of)
    return [
        *lines,
        _counted_out(data),
        Line(GOAL, tau.NAME, "proof of a rounding", "none: audit_jj audits suppression only"),
    ]


def _certified(data: Data, of: Instance) -> list[Line]:
    mine = data.keyed(of)
    what = f"{of.name}, {of.model.size:,} cells: certified"
    if mine.answer is None:
        return [judged(GOAL, what, mine, "", "all", False)]
    made = certify(of.model, mine.answer)
    proved = run(data.patience, verify, released(of.model, mine.answer), made.columns, made.counts)
    reached = int(proved.answer.reached.sum()) if proved.answer else 0
    clean = proved.answer is not None and not proved.answer.findings
    return [
        judged(GOAL, what, proved, f"{reached:,}", "all", clean and reached == of.model.size),
        judged(
            GOAL, f"{of.name}: verified in", proved, f"{proved.seconds:.3f} s", f"< {SECONDS} s",
            proved.seconds < SECONDS,
        ),
        _returned(data, of, mine.answer),
    ]  # fmt: skip


def _returned(data: Data, of: Instance, publication: Ints) -> Line:
    mine = run(data.patience, proof.returned, of.model, publication, TABLES)
    what = f"{of.name}: random tables of the window, aimed at the publication"
    return judged(GOAL, what, mine, f"{mine.answer} of {TABLES} give it", f"{TABLES}", mine.answer == TABLES)


def _counted_out(data: Data) -> Line:
    mine = run(data.patience, proof.disagreements, SMALL_RELEASES)
    unexplained, silent = mine.answer or (0, 0)
    found = f"{unexplained} certified values without a table, {silent} tables without a key"
    return judged(
        GOAL,
        f"{SMALL_RELEASES} releases of 9 cells, every table tried",
        mine,
        found,
        "0, 0",
        not unexplained + silent,
    )
