"""tau-ARGUS's JJ file: cells, then equations. Ours for the peers alone, so that a fault in gmsd's own writer cannot hide."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.disclosure.instances import BASE, Instance
from gmsd_publication.disclosure.model import Ints, Model

ROUNDED = re.compile(r"^\s*(\d+)\s+from\s+\S+\s+to\s+(\S+)\s*$")


@dataclass(frozen=True)
class Asked:
    """How a suppression weighs and protects: `cost` per cell; a small count is protected from 0 up to the base when `full`."""

    cost: Sequence[int]
    full: bool


def rounding(model: Model, truth: Ints) -> str:
    """Every cell safe and of weight 1: controlled rounding then minimises the sum of the errors."""
    top = 2 * int(truth.max())
    return _whole(model, [f"{cell} {count} 1 s 0 {top} 0 0 0" for cell, count in enumerate(truth)])


def for_suppression(of: Instance, asked: Asked) -> str:
    """Counts of 1 to 4 unsafe, zeros printed: what tau-ARGUS does with them."""
    top = 2 * int(of.truth.max())
    cells = []
    for cell, count in enumerate(of.truth):
        small = 0 < count < BASE
        status = "u" if small else "z" if count == 0 else "s"
        down, up = (f"{count}", f"{BASE - count}") if asked.full else ("0.01", "0.01")
        levels = f"{down} {up} 0" if small else "0 0 0"
        cells.append(f"{cell} {count} {asked.cost[cell]} {status} 0 {top} {levels}")
    return _whole(of.model, cells)


def marked(text: str, secondary: Sequence[int]) -> str:
    """The same file with the secondary suppressions that a run chose, to audit."""
    lines = text.splitlines()
    for cell in secondary:
        words = lines[2 + cell].split()
        words[3] = "m"
        lines[2 + cell] = " ".join(words)
    return "\n".join(lines) + "\n"


def rounded(path: Path) -> Mapping[int, int]:
    """The published value of each cell, from a solution file."""
    found = map(ROUNDED.match, path.read_text(encoding="utf-8").splitlines())
    return {int(one[1]): round(float(one[2])) for one in found if one}


def suppressed(path: Path) -> list[int]:
    """The secondary suppressions, from a solution file."""
    return [int(line.split()[0]) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _whole(model: Model, cells: list[str]) -> str:
    rows = model.equations
    sums = []
    for row in range(rows.shape[0]):
        at = slice(rows.indptr[row], rows.indptr[row + 1])
        terms = [f"{cell} ({value})" for cell, value in zip(rows.indices[at], rows.data[at], strict=True)]
        sums.append(f"0 {len(terms)} : {' '.join(terms)}")
    return "\n".join(["0", str(len(cells)), *cells, str(len(sums)), *sums]) + "\n"
