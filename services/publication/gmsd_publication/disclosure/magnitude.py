"""Sums of amounts: in which cells a sum tells what one organisation contributed.

Contributions are rows (cell, organisation, value), value in whole units (euro cents, hours), at most one unknown per organisation and cell:
what an organisation contributes to a cell is the sum of its rows. Write x1 ≥ x2 ≥ … for those sums and T for their total.

| rule | a cell is sensitive when | protection level |
|---|---|---|
| (n, k) dominance | x1 + … + xn > k% of T | 100/k·(x1 + … + xn) − T |
| p% | T − x1 − x2 < p% of x1 | p%·x1 − (T − x1 − x2) |
| p/q, prior-posterior | q%·(T − x1 − x2) < p% of x1 | p/q·x1 − (T − x1 − x2) |
| minimum number | fewer organisations contribute than the minimum | a range, in percent of T |

p% asks what the second largest contributor learns of the largest, knowing nothing of the rest; p/q that everybody knew the rest within q%.
p% is p/q with q = 100. Source: Hundepool and others, Statistical Disclosure Control (Wiley 2012), chapter 4; tau-ARGUS manual, "Sensitive cells
in magnitude tables" and, for the range, "Threshold rule". A level is how far above and below T an attacker must still hold possible;
under it the rule could be broken by somebody who reads the bounds of the cell.

**Explicitly.** *Negative values*: the rules are defined for amounts ≥ 0 (a share of a total that others diminish means nothing), so they are
refused, or with `absolute` judged by size: |x|, and T the sum of sizes. Refused per organisation and cell, after adding up: a correction
that leaves a sum ≥ 0 is no negative contribution. *Ties*: the rules read values, never who is first, so equal contributors change nothing.
*Zeros*: an organisation whose sum is 0 is no contributor. With amounts ≥ 0 a total of 0 says that everybody's is 0; only the minimum number
catches that, which is why it is no option. *Percentages* are exact fractions and all comparisons are of whole numbers.
"""

from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from gmsd_publication.disclosure.errors import InputInvalid

LARGEST = 2**62
"""Products of amounts and percentages must stay under this, or 64 bits would overflow."""


@dataclass(frozen=True)
class Dominance:
    """(n, k): the n largest may contribute at most k percent."""

    n: int
    k: Fraction

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 < self.k < 100:
            raise InputInvalid("dominance needs n of 1 or more and k between 0 and 100 percent")


@dataclass(frozen=True)
class PriorPosterior:
    """p/q: what was known within q percent beforehand may not become known within p percent. q = 100 is the p% rule."""

    p: Fraction
    q: Fraction = Fraction(100)

    def __post_init__(self) -> None:
        if not 0 < self.p < self.q:
            raise InputInvalid("p/q needs 0 < p < q")


@dataclass(frozen=True)
class Rules:
    """`minimum` organisations, with the `range` in percent of the total that protects a cell of too few; the others where given."""

    minimum: int
    range: Fraction = Fraction(20)
    dominance: Dominance | None = None
    prior: PriorPosterior | None = None
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.minimum < 1 or self.range <= 0:
            raise InputInvalid("a minimum of organisations is 1 or more, its range above 0 percent")


def judge(contributions: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Which cells are sensitive, from rows (`cell`, `organisation`, `value`: an integer), in the order of cells.

    A row per cell: `cell`; `total`, with its sign; `organisations`, how many contribute; `largest`, x1 by size; `few`, `dominated`,
    `inferable`, one per rule (False where the rule is not asked); `sensitive`, any of them; `level`, the largest protection level of
    the rules that it breaks, in whole units, 0 where it is safe. All of it is as secret as the contributions.

    Raises InputInvalid: columns or types that are not so, missing values, negative contributions, amounts too large to judge.
    """
    sums = _summed(contributions, rules)
    top = rules.dominance.n if rules.dominance else 1
    size = pl.col("size")
    cells = (
        sums.sort("cell", "size", descending=[False, True])
        .group_by("cell", maintain_order=True)
        .agg(
            total=pl.col("value").sum(),
            mass=size.sum(),
            organisations=(size > 0).sum().cast(pl.Int64),
            largest=size.first(),
            rest=size.slice(2).sum(),
            top=size.head(top).sum(),
        )
    )
    verdicts = [_few(rules), *_dominated(rules.dominance), *_inferable(rules.prior)]
    marks = [name for name, _, _ in verdicts]
    absent = [name for name in ("dominated", "inferable") if name not in marks]
    return (
        cells.with_columns(**{name: broken for name, broken, _ in verdicts})
        .with_columns(**{name: pl.lit(False) for name in absent})
        .with_columns(
            sensitive=pl.any_horizontal(marks),
            level=pl.max_horizontal(
                [pl.when(pl.col(name)).then(level).otherwise(0) for name, _, level in verdicts]
            ),
        )
        .select(
            "cell", "total", "organisations", "largest", "few", "dominated", "inferable", "sensitive", "level"
        )
    )


Verdict = tuple[str, pl.Expr, pl.Expr]


def _few(rules: Rules) -> Verdict:
    return "few", pl.col("organisations") < rules.minimum, _up(pl.col("mass"), rules.range / 100)


def _dominated(rule: Dominance | None) -> list[Verdict]:
    if rule is None:
        return []
    share = Fraction(rule.k) / 100
    broken = pl.col("top") * share.denominator > pl.col("mass") * share.numerator
    return [("dominated", broken, _up(pl.col("top"), 1 / share) - pl.col("mass"))]


def _inferable(rule: PriorPosterior | None) -> list[Verdict]:
    if rule is None:
        return []
    ratio = Fraction(rule.p) / Fraction(rule.q)
    broken = pl.col("rest") * ratio.denominator < pl.col("largest") * ratio.numerator
    return [("inferable", broken, _up(pl.col("largest"), ratio) - pl.col("rest"))]


def _up(amount: pl.Expr, factor: Fraction) -> pl.Expr:
    """amount·factor, rounded up to whole units."""
    return (amount * factor.numerator + (factor.denominator - 1)) // factor.denominator


def _summed(contributions: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """A row per cell and organisation: `cell`, `value`, and `size` ≥ 0."""
    for column in ("cell", "organisation", "value"):
        if column not in contributions.columns:
            raise InputInvalid(f"contributions need a column {column}")
        if contributions[column].null_count():
            raise InputInvalid(f"column {column} has missing values")
    if not contributions["value"].dtype.is_integer():
        raise InputInvalid("column value must hold whole units, such as cents")
    mass = contributions.select(pl.col("value").cast(pl.Float64).abs().sum()).item()
    if mass * _widest(rules) >= LARGEST:
        raise InputInvalid("amounts are too large to compare exactly with these percentages")
    sums = (
        contributions.group_by("cell", "organisation")
        .agg(pl.col("value").cast(pl.Int64).sum())
        .with_columns(size=pl.col("value").abs())
    )
    negative = sums.filter(pl.col("value") < 0)
    if negative.height and not rules.absolute:
        cell = negative.select(pl.col("cell").min()).item()
        raise InputInvalid(
            f"an organisation's contribution to {cell} is negative; the rules are not defined for that"
        )
    return sums


def _widest(rules: Rules) -> int:
    factors = [rules.range / 100]
    if rules.dominance:
        factors.append(Fraction(rules.dominance.k) / 100)
    if rules.prior:
        factors.append(Fraction(rules.prior.p) / Fraction(rules.prior.q))
    return max(2 * max(factor.numerator, factor.denominator) for factor in map(Fraction, factors))


def rounding_of(cells: pl.DataFrame, p: Fraction) -> pl.Series:
    """To what each cell's sum is rounded: the least 1, 2 or 5 times a power of ten that is ≥ p percent of the largest contributor.

    `cells` is an answer of `judge`. The unit tells the size of the largest contributor within a factor 2.5, so publish whole columns in
    the largest unit of any of their cells: `rounding_of(cells, p).max()`. Raises InputInvalid when p is not above 0.
    """
    if p <= 0:
        raise InputInvalid("p must be above 0 percent")
    share = Fraction(p) / 100
    if (cells["largest"].max() or 0) * max(share.numerator, share.denominator) >= LARGEST:  # type: ignore[operator]
        raise InputInvalid("amounts are too large to compare exactly with this percentage")
    units = [m * 10**e for e in range(18) for m in (1, 2, 5)]
    ladder = pl.Series("unit", units, dtype=pl.Int64)
    least = cells.select(least=_up(pl.col("largest"), share))["least"]
    return ladder.gather(ladder.search_sorted(least, side="left"))


def rounded_sum(total: int, unit: int) -> int:
    """The multiple of `unit` nearest to a sum; half-way away from zero, so that signs are treated alike."""
    size = (2 * abs(total) + unit) // (2 * unit) * unit
    return size if total >= 0 else -size


def mean_of(published_sum: int, published_count: int, least: int = 25) -> Fraction | None:
    """A mean from a rounded sum and a protected count; None under a published count of `least` (disclosure.md 5.3).

    A function of what is published: with all its decimals it tells nothing that the two do not.
    """
    return Fraction(published_sum, published_count) if published_count >= max(least, 1) else None
