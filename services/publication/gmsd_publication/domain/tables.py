"""From a snapshot to the tables of a release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from gmsd_contracts.catalogue import OPEN, Attribute, Indicator, Level
from gmsd_contracts.cells import DERIVED_LEVEL, RELEASE
from gmsd_publication.domain.attributes import ATTRIBUTE, of_regions
from gmsd_publication.domain.cells import EXACT_COLUMNS, exact
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.earlier import Issued, earlier_of
from gmsd_publication.domain.faults import SnapshotBroken
from gmsd_publication.domain.protection import Model, Progress, Protected, Protection, unobserved
from gmsd_publication.domain.regions import Regions


@dataclass(frozen=True)
class Built:
    """A release before it is written: a table per indicator, the regions, the gemeenten left out by objection, and the test.

    `audit`, `proof`, `steps`: of protection.Protected; `tested_with`: numbers of the earlier releases that the method was shown.
    """

    tables: dict[str, pl.DataFrame]
    regions: Regions
    excluded: tuple[str, ...]
    audit: pl.DataFrame
    proof: pl.DataFrame | None = None
    tested_with: tuple[int, ...] = ()
    steps: Mapping[str, int] = field(default_factory=dict)


def build(
    cells: pl.DataFrame,
    frame: pl.DataFrame,
    *,
    product: str,
    period: str,
    catalogue: Sequence[Indicator],
    policy: Policy,
    protection: Protection,
    issued: Sequence[Issued] = (),
    progress: Progress = unobserved,
) -> Built:
    """The whole release. A closed cell never reaches the protection step, and an objector no sum.

    `issued`: the releases before it, oldest first. Raises SnapshotBroken, and DisclosureError from the protection step.
    """
    regions = Regions(frame)
    in_force = datasets_in_force(frame)
    reasons = {indicator.id: of_regions(indicator, regions, in_force, policy) for indicator in catalogue}
    left_out = frozenset(code for table in reasons.values() for codes in table["excluded"] for code in codes)
    counted = exact(cells, regions, catalogue, left_out)
    labelled = pl.concat(
        counted.filter(pl.col("indicator") == indicator.id).join(
            reasons[indicator.id], on="region", how="left", maintain_order="left"
        )
        for indicator in catalogue
    )
    is_open = pl.col("closed").is_null()
    open_cells = labelled.filter(is_open)
    exact_cells = open_cells.select(EXACT_COLUMNS)
    earlier = [earlier_of(release, regions, catalogue) for release in issued]
    protected = protection.protect(exact_cells, Model(product, period, catalogue, regions), earlier, progress)
    _guard(protected, exact_cells, catalogue)
    joined = labelled.drop("count").join(
        protected.figures.select(*_KEY, "value", "attribute"), on=_KEY, how="left", maintain_order="left"
    )
    whole = joined.with_columns(attribute=pl.coalesce("attribute", "closed")).drop("closed")
    tables = {
        indicator.id: whole.filter(pl.col("indicator") == indicator.id).select(_COLUMNS)
        for indicator in catalogue
    }
    tested_with = tuple(release.number for release in earlier)
    return Built(
        tables=tables,
        regions=regions,
        excluded=tuple(sorted(left_out)),
        audit=protected.audit,
        proof=protected.proof,
        tested_with=tested_with,
        steps=protected.steps,
    )


_KEY = ["indicator", "moment", "region", "level", "category"]
_COLUMNS = [field.name for field in RELEASE]


def datasets_in_force(frame: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Per gemeente the datasets with an effective delivery, as the snapshot's frame says."""
    rows = frame.filter(pl.col("level").cast(pl.String) == Level.GEMEENTE.value).select("region", "datasets")
    return {region: frozenset(names or ()) for region, names in rows.iter_rows()}


def to_release(table: pl.DataFrame) -> pa.Table:
    """As the content of `release/1`."""
    text = table.with_columns(
        pl.col("indicator", "moment", "region", "level", "category", "attribute").cast(pl.String)
    )
    return text.to_arrow().cast(RELEASE)


def _guard(protected: Protected, exact_cells: pl.DataFrame, catalogue: Sequence[Indicator]) -> None:
    """No engine behind the seam can lose or swap a cell, show a number with a mark or one under the threshold, mark what is not its
    to mark, or leave a cell out of its test."""
    figures = protected.figures
    shown = pl.col("attribute") == pl.lit(Attribute.SHOWN.value, ATTRIBUTE)
    least = pl.col("indicator").cast(pl.String).replace_strict(
        {indicator.id: indicator.threshold for indicator in catalogue}, return_dtype=pl.Int64
    )  # fmt: skip
    tested = protected.audit.filter(pl.col("level").cast(pl.String) != DERIVED_LEVEL)
    wrong = (
        not figures.select(_KEY).equals(exact_cells.select(_KEY))
        or figures.filter(pl.col("attribute").is_null() | (shown != pl.col("value").is_not_null())).height > 0
        or figures.filter(pl.col("value") < least).height > 0
        or not set(figures["attribute"].cast(pl.String).unique()) <= {mark.value for mark in OPEN}
        or int(tested["cells"].sum()) != figures.height
    )
    if wrong:
        raise SnapshotBroken(
            "protection_incomplete", "the protection step did not answer for exactly its cells"
        )


def included(table: pl.DataFrame, levels: Sequence[Level]) -> frozenset[str]:
    """Regions of these levels with figures of their own in a released table, as a number or under a mark."""
    open_marks = pl.Series([mark.value for mark in OPEN])
    rows = table.filter(
        pl.col("level").cast(pl.String).is_in([level.value for level in levels])
        & pl.col("attribute").cast(pl.String).is_in(open_marks.implode())
    )
    return frozenset(rows["region"].cast(pl.String).unique())


def with_figures(tables: Mapping[str, pl.DataFrame], catalogue: Sequence[Indicator], regions: Regions) -> tuple[
    frozenset[str], frozenset[str]
]:  # fmt: skip
    """Gemeenten whose own records stand in a release: in any figure, and in figures of their wijken and buurten."""
    whole: set[str] = set()
    inside: set[str] = set()
    for indicator in catalogue:
        if not indicator.delivered_by_gemeente or indicator.id not in tables:
            continue
        table = tables[indicator.id]
        whole |= included(table, [Level.GEMEENTE])
        for code in included(table, [Level.WIJK, Level.BUURT]):
            gemeente = regions.by_code[code].gemeente
            if gemeente is not None:
                inside.add(gemeente)
    return frozenset(whole), frozenset(inside)
