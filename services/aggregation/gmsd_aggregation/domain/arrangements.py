"""From rows to arrangements: the merge rule of docs/counting.md. Pure, vectorised, linear in rows."""

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROWS: dict[str, pl.DataType] = {
    "gemeente": pl.String(),  # the deliverer
    "half": pl.Int8(),  # 1 or 2: for which half-year of the year the row was delivered
    "person": pl.Binary(),
    "toewijzing": pl.Binary(),  # null: empty
    "type": pl.String(),
    "vorm": pl.String(),
    "begin": pl.Int32(),  # days since 1970-01-01
    "end": pl.Int32(),  # null: open
    "reden": pl.String(),
}
"""Columns and types of the rows of one calendar year. Only toewijzing, vorm, end and reden may be null."""

ARRANGEMENTS: dict[str, pl.DataType] = {
    "gemeente": pl.String(),
    "person": pl.Binary(),
    "type": pl.String(),
    "begin": pl.Int32(),
    "end": pl.Int32(),
    "in_1": pl.Boolean(),  # at least one of its rows was delivered for the first half-year
    "in_2": pl.Boolean(),
}

GAP_DAYS = 3
"""One row continues another when it begins 0 to 3 days after that one ends (GMSD protocol)."""

_FOREVER = 2**31 - 1
_OWNER = ("gemeente", "person", "type")


def merge(rows: pl.DataFrame, last_of_first_half: int) -> pl.DataFrame:
    """The arrangements of one calendar year: columns ARRANGEMENTS, one row each, in no order.

    `rows`: columns ROWS. `last_of_first_half`: 30 June as days since 1970-01-01. Gemeenten do not touch each other, so
    any set of whole gemeenten may be given at once.
    """
    restated = _restated(rows, last_of_first_half)
    numbered = restated.with_columns(all_numbered=pl.col("toewijzing").is_not_null().all().over("gemeente"))
    by_number = _combined(numbered.filter("all_numbered"), [*_OWNER, "toewijzing"])
    by_interval = _by_interval(numbered.filter(~pl.col("all_numbered")))
    return pl.concat([by_number, by_interval]).select(list(ARRANGEMENTS))


def counted(arrangements: pl.DataFrame, half: int, first: int, last: int) -> pl.DataFrame:
    """The arrangements that count in a half-year: gemeente, person, type, on_day (counts on the peildatum).

    `first` and `last`: the days of the half-year; `last` is its peildatum.
    """
    end = pl.col("end").fill_null(_FOREVER)
    overlaps = (pl.col("begin") <= last) & (end >= first)
    return arrangements.filter(pl.col(f"in_{half}") & overlaps).select(
        *_OWNER, on_day=pl.col("end").fill_null(_FOREVER) >= last
    )


def _restated(rows: pl.DataFrame, last_of_first_half: int) -> pl.DataFrame:
    """Rows of the first half that a row of the second restates take the end and reden of that row."""
    same = [*_OWNER, "vorm", "begin", "toewijzing"]
    later = (
        rows.filter(pl.col("half") == 2)
        .with_columns(pl.col("end").fill_null(_FOREVER))
        .sort("end", "reden", descending=[True, False], nulls_last=False)
        .group_by(same, maintain_order=True)
        .agg(pl.col("end").first().alias("end_2"), pl.col("reden").first().alias("reden_2"))
        .with_columns(restates=pl.lit(True))
    )
    unfinished = pl.col("end").is_null() | (pl.col("end") > last_of_first_half)
    takes = (pl.col("half") == 1) & unfinished & pl.col("restates").fill_null(False)
    end_2 = pl.when(pl.col("end_2") < _FOREVER).then("end_2")
    return rows.join(later, on=same, how="left", nulls_equal=True).with_columns(
        end=pl.when(takes).then(end_2).otherwise("end"),
        reden=pl.when(takes).then("reden_2").otherwise("reden"),
    )


def _by_interval(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of one person with equal type, vorm and reden, joined by equal or adjoining intervals."""
    key = [*_OWNER, "vorm", "reden"]
    keyed = _numbered(rows.with_columns(pl.col("end").fill_null(_FOREVER)), key, "key")
    # Equal begin and end: one node from the start.
    noded = _numbered(keyed, ["key", "begin", "end"], "node")
    nodes = noded.select("node", "key", "begin", "end").unique("node").sort("node")
    noded = noded.with_columns(component=pl.Series(_components(nodes))[noded["node"]])
    # Components never cross a key, so the owner of the first row is that of all.
    return _combined(noded.with_columns(pl.col("end").replace(_FOREVER, None)), [*_OWNER, "component"])


def _components(nodes: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Component number per node. `nodes`: node (0 …, in order), key, begin, end.

    Pairs would be quadratic: one person may hold 100,000 rows. Instead each (key, day b) on which a row begins and before
    which, by 0 to 3 days, a row ends, is a joint: all rows that begin on b and all that end in [b - 3, b] hang on it. Every
    two rows on a joint are connected by the rule, through a row that begins and one that ends there, and every pair the rule
    names shares one. So at most five edges per row.
    """
    begins = nodes.select("key", "node", day="begin")
    ends = nodes.select("key", "node", day=pl.concat_list(pl.col("end") + gap for gap in range(GAP_DAYS + 1)))
    ends = ends.explode("day").join(begins.select("key", "day").unique(), on=["key", "day"], how="semi")
    joints = ends.select("key", "day").unique().with_row_index("joint", offset=nodes.height)
    edges = pl.concat([begins, ends]).join(joints, on=["key", "day"])
    size = nodes.height + joints.height
    ones = np.ones(edges.height, dtype=np.int8)
    graph = coo_array((ones, (edges["node"].to_numpy(), edges["joint"].to_numpy())), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels[: nodes.height], dtype=np.int32)


def _numbered(rows: pl.DataFrame, columns: list[str], name: str) -> pl.DataFrame:
    """`rows` with the number of their combination of `columns` (empty equals empty), from 0."""
    combinations = rows.select(columns).unique().with_row_index(name)
    return rows.join(combinations, on=columns, how="left", nulls_equal=True)


def _combined(rows: pl.DataFrame, group: list[str]) -> pl.DataFrame:
    """One arrangement per group: earliest begin, latest end (open when one is open)."""
    return rows.group_by(group).agg(
        pl.col("begin").min(),
        pl.when(pl.col("end").is_not_null().all()).then(pl.col("end").max()).alias("end"),
        in_1=(pl.col("half") == 1).any(),
        in_2=(pl.col("half") == 2).any(),
    ).select(list(ARRANGEMENTS))  # fmt: skip
