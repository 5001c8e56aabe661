"""Check the proof of a rounded release. Reads what is public, never the truth; needs numpy and scipy, no solver, nothing of ours.

In: the publication with its rules (`Release`) and a certificate: `columns` [n, k], what one contributor of each kind adds to
every cell, and `counts` [k], how many bases of each kind there are. Out: what is wrong (`findings`), and for every cell the
`low` and `high` that are certainly still possible. Why that follows stands in certificate.py; here it is only checked:

1. the publication is made of multiples and obeys equations, remainders, presence and public bounds;
2. base · columns · counts is the publication, so the publication itself is a possible truth;
3. each column obeys equations and remainders, so t more of a kind is a possible truth as well, and t fewer of a kind that has
   a count; t < base keeps each cell within reach of its published value.
Linear in the entries of the columns and of the rows they touch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Release:
    """n figures that went out together. `values`, `base`, `lower`, `upper` [n] are counts, `published` [n] says which are shown.
    `equations` [m, n]: rows that sum to 0. `implied` [k, n]: rows that are counts themselves (remainders, overlaps).
    `presence` [p, 2]: (part, whole), the one above 0 exactly when the other is.
    """

    values: Ints
    base: Ints
    published: Flags
    lower: Ints
    upper: Ints
    equations: sp.csr_array
    implied: sp.csr_array
    presence: Ints


@dataclass(frozen=True)
class Finding:
    """What does not hold, of which cell, row, pair or column first (its index), and of how many."""

    what: str
    first: int
    count: int


@dataclass(frozen=True, eq=False)
class Verdict:
    """Cells first, implied rows after them [n + k]. `low`, the published value and `high` are certainly still possible.
    `reached`: they are what disclosure.md 5.4 (i)–(iii) asks. `limited`: they are not, and a public bound alone is why.
    `findings`: empty when every shown cell and implied row is reached or limited. An unfit certificate claims nothing.
    """

    findings: list[Finding]
    low: Ints
    high: Ints
    reached: Flags
    limited: Flags


def verify(release: Release, columns: sp.csc_array, counts: Ints) -> Verdict:
    """The verdict on a certificate. Never raises on a wrong one, as long as shapes agree."""
    columns = sp.csc_array(columns, copy=True)
    columns.sum_duplicates()
    columns.eliminate_zeros()
    values = np.concatenate([release.values, release.implied @ release.values])
    findings = _findings(_checks(release, columns, counts))
    if findings:
        return Verdict(findings, values, values, values < 0, values < 0)
    low, high, reached = _intervals(release, columns, counts, values, bounded=True)
    possible = reached
    if not reached.all():
        possible = _intervals(release, columns, counts, values, bounded=False)[2]
    idle = ~possible & np.concatenate([release.published, np.ones(release.implied.shape[0], dtype=bool)])
    findings = _findings([("a cell or remainder that no kind of contributor certifies", idle)])
    return Verdict(findings, low, high, reached, possible & ~reached)


def _findings(checks: list[tuple[str, Flags]]) -> list[Finding]:
    wrong = [(what, np.flatnonzero(where)) for what, where in checks]
    return [Finding(what, int(where[0]), len(where)) for what, where in wrong if len(where)]


def _checks(release: Release, columns: sp.csc_array, counts: Ints) -> list[tuple[str, Flags]]:
    """What must not be, and where it is."""
    y, base, rows, implied = release.values, release.base, release.equations, release.implied
    pair, size = y[release.presence], columns.data
    broken, below = sp.csc_array(rows @ columns), sp.csc_array(implied @ columns)
    odd = (size < 0) | (size % 1 != 0) | ((size > 1) & release.published[columns.indices])
    return [
        ("a negative figure", y < 0),
        ("a figure that is no multiple of its base, so perhaps between 0 and it", y % base != 0),
        ("a figure outside its public bounds", (y < release.lower) | (y > release.upper)),
        ("an equation that does not hold", rows @ y != 0),
        ("a remainder below 0", implied @ y < 0),
        ("an equation over two bases", np.less(*_bases(rows, base))),
        ("a remainder over two bases", np.less(*_bases(implied, base))),
        ("a part and its whole that are not present together", (pair[:, 0] > 0) != (pair[:, 1] > 0)),
        ("a column with another entry than 0 and 1", _per_column(columns, odd, np.logical_or)),
        ("a column that breaks an equation", _per_column(broken, broken.data != 0, np.logical_or)),
        ("a column with a remainder below 0", _per_column(below, below.data < 0, np.logical_or)),
        ("a count that is negative or broken", (counts < 0) | (counts % 1 != 0)),
        ("a figure that the certificate does not yield", base * (columns @ counts) != y),
    ]


def _intervals(
    release: Release, columns: sp.csc_array, counts: Ints, values: Ints, bounded: bool
) -> tuple[Ints, Ints, Flags]:
    """Per cell and implied row: low, high, and whether they are what is asked. A kind moves as far as its tightest cell lets it."""
    cell, size, y = columns.indices, columns.data, release.values
    more = fewer = (release.base[cell] - 1) // size
    if bounded:
        more = np.minimum(more, (release.upper - y)[cell] // size)
        fewer = np.minimum(fewer, (y - release.lower)[cell] // size)
    # Where nobody is yet, a kind may not bring a part without its whole, or a whole without its part.
    nobody = release.presence[y[release.presence[:, 0]] == 0]
    signs = (np.tile([1, -1], len(nobody)), nobody.ravel(), 2 * np.arange(len(nobody) + 1))
    apart = sp.csc_array(sp.csr_array(signs, (len(nobody), len(y))) @ columns.sign())
    up = _per_column(columns, more, np.minimum) * ~_per_column(apart, apart.data != 0, np.logical_or)
    down = _per_column(columns, fewer, np.minimum) * (counts > 0)
    high, low = values.copy(), values.copy()
    for first, effect in ((0, columns), (len(y), sp.csc_array(release.implied @ columns))):
        column, at = np.repeat(np.arange(len(counts)), np.diff(effect.indptr)), first + effect.indices
        np.maximum.at(high, at, values[at] + up[column] * effect.data)
        np.minimum.at(low, at, values[at] - down[column] * effect.data)
    base = np.concatenate([release.base, _bases(release.implied, release.base)[0]])
    asked = np.where(values > 0, 2, 1) * (base - 1)
    return low, high, (high > low) & ((low == 0) | (high >= base)) & (high - low >= asked)


def _per_column(columns: sp.csc_array, entries: NDArray[Any], join: np.ufunc) -> NDArray[Any]:
    """The entries of each column joined; 0 of an empty one."""
    filled, joined = np.flatnonzero(np.diff(columns.indptr)), np.zeros(columns.shape[1], entries.dtype)
    joined[filled] = join.reduceat(entries, columns.indptr[filled]) if len(filled) else 0
    return joined


def _bases(rows: sp.csr_array, base: Ints) -> tuple[Ints, Ints]:
    """The least and the largest base in each row."""
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    least, most = np.full(rows.shape[0], base.max(initial=1)), np.zeros(rows.shape[0], dtype=np.int64)
    np.minimum.at(least, row, base[rows.indices])
    np.maximum.at(most, row, base[rows.indices])
    return least, most
