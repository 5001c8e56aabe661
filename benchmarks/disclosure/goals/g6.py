"""G6: JJ files in and out, and tau-ARGUS's own auditor as a second opinion."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.instances import BASE, FOLDER
from benchmarks.disclosure.lines import Line, judged, skipped
from benchmarks.disclosure.peers import jj, tau
from benchmarks.disclosure.runs import run
from benchmarks.disclosure.tasks import suppression

GOAL = "G6"
ASKS = "any JJ file can be read, protected and written back; pytauargus's audit_jj agrees"
MOVES = 1_000
TOLERANCE = 0.01
"""Its intervals come from floating-point linear programs."""


def measure(data: Data) -> list[Line]:
    """On tau-ARGUS's files of z3 where they are, and on files written by the peers' writer."""
    lines = [] if data.z3 else [skipped(GOAL, "z3", data.why_without("z3"))]
    for name, text in _files(data):
        lines += _there_and_back(data, name, text)
    return lines


def _files(data: Data) -> Iterator[tuple[str, str]]:
    for path in sorted(Path(os.environ[FOLDER]).glob("*.jj")) if data.z3 else []:
        yield path.name, path.read_text(encoding="ascii")
    yield (
        f"{data.own.name}.jj",
        jj.for_suppression(data.own, jj.Asked(data.own.truth.clip(1).tolist(), full=True)),
    )


def _there_and_back(data: Data, name: str, text: str) -> list[Line]:
    mine = run(data.patience, suppression.there_and_back, text, MOVES)
    if mine.answer is None:
        return [judged(GOAL, f"{name}: read, protected, written", mine, "", "both ways", False)]
    made = mine.answer
    found = f"suppressed: value {made.value:,}; rounded: {made.rounding_broken} rows or figures broken"
    peer = run(data.patience, tau.audit, made.suppressed)
    rows = peer.answer or []
    lines = made.suppressed.splitlines()
    unsafe = sum(bool(row["unsafe"]) and _short(row, lines[2 + int(row["cell"])]) for row in rows)
    denied = [row for row in rows if made.covered[int(row["cell"])] and not _possible(row)]
    agreed = f"{unsafe} of {len(rows)} hidden cells unsafe, {len(denied)} of {np.count_nonzero(made.covered)} certified cells denied"
    return [
        judged(GOAL, f"{name}: read, protected, written", mine, found, "0 broken", made.rounding_broken == 0),
        judged(
            GOAL, f"{name}: audit_jj of what was written", peer, agreed, "0 unsafe, 0 denied",
            bool(rows) and not unsafe and not denied,
        ),
    ]  # fmt: skip


def _short(row: dict[str, float], line: str) -> bool:
    """Whether its interval falls short of what the file's line asks (lpl, upl) by more than rounding: 4.999999999 is 5."""
    _, value, *_, down, up, _ = line.split()
    low, high = float(value) - float(down), float(value) + float(up)
    return row["min"] > low + TOLERANCE or row["max"] < high - TOLERANCE


def _possible(row: dict[str, float]) -> bool:
    """Whether its interval holds what our certificate shows: a table with 1 or less and one with the base or more."""
    return row["min"] <= 1 + TOLERANCE and row["max"] >= BASE - TOLERANCE
