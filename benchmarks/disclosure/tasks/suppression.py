"""Suppression: patterns, what a reader of the print can be shown, and JJ files there and back."""

import io
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.disclosure.tasks.rounding import keyed, violated
from gmsd_publication.disclosure.jj import JJ, read_jj, write_jj
from gmsd_publication.disclosure.model import Flags, Ints, Model
from gmsd_publication.disclosure.suppression import (
    Certificate,
    Effort,
    Suppression,
    certify,
    small_counts,
    suppress,
    verify,
)
from gmsd_publication.disclosure.suppression.certificate import cover_of


def pattern(model: Model, truth: Ints, moves: int) -> Suppression:
    """What to hide, zeros as well, within so many linear programs."""
    return suppress(model, truth, effort=Effort(moves=moves))


def audited(model: Model, printed: Ints, hidden: Flags) -> Certificate:
    """The public audit of a print: made, and checked."""
    certificate = certify(model, printed, hidden)
    verify(model, printed, hidden, certificate)
    return certificate


def covered_beside_zeros(model: Model, truth: Ints, hidden: Flags) -> int:
    """Of the small counts, those that may be ≤ 1 and ≥ the base to a reader for whom a mark means 1 or more: zeros are printed."""
    told = replace(model, lower=np.where(hidden, np.maximum(model.lower, 1), model.lower))
    covered = cover_of(told, np.where(hidden, 0, truth), hidden).certificate.covered[: model.size]
    return int((covered & (truth > 0) & (truth < model.base)).sum())


@dataclass(frozen=True)
class Returned:
    """`suppressed`: the file with marks for tau-ARGUS to audit. `covered` [n]: what our audit certifies of its print.

    `value` of the suppression. `rounding_broken`: rows broken and figures that differ in the rounded file when read back.
    """

    suppressed: str
    covered: Flags
    value: int
    rounding_broken: int


def there_and_back(text: str, moves: int) -> Returned:
    """A JJ file read, protected in both ways, and written."""
    table = read_jj(io.StringIO(text))
    model, truth = table.model, table.truth
    made = suppress(model, truth, effort=Effort(moves=moves))
    protection = small_counts(model, truth)
    asked = protection.cells[: model.size]
    low, high = (np.where(asked, side[: model.size], truth) for side in (protection.low, protection.high))
    assert made.certificate is not None
    return Returned(
        written(table.suppressed(made.hidden, low, high)),
        made.certificate.covered[: table.cells],
        made.value,
        _rounded(table),
    )


def written(table: JJ) -> str:
    """As tau-ARGUS reads it."""
    file = io.StringIO()
    write_jj(table, file)
    return file.getvalue()


def _rounded(table: JJ) -> int:
    publication = keyed(table.model, table.truth, 0)
    again = read_jj(io.StringIO(written(table.rounded(publication))))
    differ = np.count_nonzero(again.truth[: again.cells] != publication[: table.cells])
    return violated(again.model, again.truth) + int(differ)
