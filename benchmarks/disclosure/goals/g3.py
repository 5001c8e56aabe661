"""G3: 14,160 linked cells on one thread: rounded as no peer rounds them, and today's nearest-5 taken apart."""

import numpy as np

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.goals.g2 import ctrl_line, tau_error
from benchmarks.disclosure.instances import BASE, Instance
from benchmarks.disclosure.lines import Line, judged, skipped, told
from benchmarks.disclosure.peers import jj, tau
from benchmarks.disclosure.runs import run
from benchmarks.disclosure.tasks import audit, rounding
from benchmarks.disclosure.tasks.audit import Audited
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.disclosure.rounding.program import Work

GOAL = "G3"
ASKS = (
    "sosialFiktiv, one thread: K=0 in ≤ 15 s, ≤ 19,650 in 60 s (optimum); target mode K=0 in ≤ 30 s; "
    "nearest-5 audit ≥ 927 proved in ≤ 2 s, ≥ 99 % of sides decided in 120 s"
)
EARLY = 80
"""Neighbourhoods of the search after which every sum lies beside its count; the library looks at more."""
FEASIBLE_SECONDS, TARGET_SECONDS = 15, 30
ERROR, ERROR_SECONDS = 19_650, 60
PROVED, PROVED_SECONDS = 927, 2
DECIDED, DECIDED_SECONDS = 0.99, 120


def measure(data: Data) -> list[Line]:
    """On sosialFiktiv; the audit also on z3 and our own tables."""
    lines: list[Line] = []
    if data.sosial is None:
        lines.append(skipped(GOAL, "sosialFiktiv", data.why_without("sosialFiktiv")))
    else:
        lines += [*_optimum(data, data.sosial), *_targets(data, data.sosial), *_peers(data, data.sosial)]
    for of in filter(None, (data.sosial, data.z3, data.own)):
        lines += _audit(data, of)
    return lines


def _optimum(data: Data, of: Instance) -> list[Line]:
    lines = []
    for rounds, seconds in ((EARLY, FEASIBLE_SECONDS), (Work().rounds, ERROR_SECONDS)):
        mine = run(data.patience, rounding.least, of.model, of.truth, rounds)
        what = f"{of.name}: optimum, {rounds} neighbourhoods"
        if mine.answer is None:
            lines.append(judged(GOAL, what, mine, "", f"K=0 in {seconds} s", False))
            continue
        error, near = rounding.error(of.truth, mine.answer.values), _beside(of, mine.answer.values)
        found = f"{error:,}, bound {mine.answer.bound:,}, {'K=0' if near else 'beyond neighbours'}"
        early = rounds == EARLY
        asked = f"K=0 in {seconds} s" if early else f"≤ {ERROR:,} in {seconds} s"
        fine = near and mine.seconds <= seconds and (early or error <= ERROR)
        lines.append(judged(GOAL, what, mine, found, asked, fine))
    return lines


def _targets(data: Data, of: Instance) -> list[Line]:
    early, whole = run(data.patience, rounding.keyed, of.model, of.truth, 0, EARLY), data.keyed(of)
    lines = []
    for mine, what in ((early, f"{EARLY} neighbourhoods"), (whole, "as the library does by itself")):
        near = mine.answer is not None and _beside(of, mine.answer)
        found = (
            f"{rounding.error(of.truth, mine.answer):,}, {'K=0' if near else 'beyond'}"
            if mine.answer is not None
            else ""
        )
        what = f"{of.name}: target mode, {what}"
        if mine is early:
            asked = f"K=0 in {TARGET_SECONDS} s"
            lines.append(judged(GOAL, what, mine, found, asked, near and mine.seconds <= TARGET_SECONDS))
        else:
            lines.append(told(GOAL, "gmsd", what, mine, found))
    return lines


def _beside(of: Instance, publication: Ints) -> bool:
    """Whether it obeys every row with each figure less than a base from its count."""
    near = (np.abs(publication - of.truth) < of.model.base).all()
    return bool(near) and not rounding.violated(of.model, publication)


def _peers(data: Data, of: Instance) -> list[Line]:
    peer = run(data.grace, tau.round_table, jj.rounding(of.model, of.truth), BASE, data.minutes)
    return [
        told(GOAL, f"{tau.NAME} RND, unit weights", f"{of.name}: Σ|err|", peer, f"{tau_error(of, peer):,}"),
        ctrl_line(GOAL, data, of),
    ]


def _audit(data: Data, of: Instance) -> list[Line]:
    proofs = run(data.patience, audit.bounds, of.model, of.truth)
    tables = run(data.patience, audit.witnessed, of.model, of.truth)
    nothing = Audited(0, 0, 0, 1, 0)
    bounds, whole = proofs.answer or nothing, tables.answer or nothing
    share = whole.decided / whole.sides
    proved = f"{bounds.proved} of {bounds.small} small cells proved 1-4, {bounds.exact} exact"
    decided = f"{share:.1%} of {whole.sides:,} sides decided, {whole.proved} proved 1-4"
    named = [
        (f"{of.name}: nearest-5 audit, proofs", proofs, proved),
        (f"{of.name}: with tables", tables, decided),
    ]
    if of is not data.sosial:
        return [told(GOAL, "gmsd", *each) for each in named]
    asked = (f"≥ {PROVED} in {PROVED_SECONDS} s", f"≥ {DECIDED:.0%} in {DECIDED_SECONDS} s")
    fine = (
        bounds.proved >= PROVED and proofs.seconds <= PROVED_SECONDS,
        share >= DECIDED and tables.seconds <= DECIDED_SECONDS,
    )
    return [
        judged(GOAL, *each, *demand)
        for each, demand in zip(named, zip(asked, fine, strict=True), strict=True)
    ]
