"""Cells by number meet as cells by key do."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_publication.domain.numbering import KEY, Numbering

KINDS = {
    "indicator": pl.Enum(["P1", "U1"]), "moment": pl.Enum(["peildatum", "periode"]),
    "region": pl.Enum(["NL00", "GM0014", "BU00140101"]), "category": pl.Enum(["totaal", "a", "b", "c"]),
}  # fmt: skip
CELLS = st.lists(
    st.tuples(*(st.sampled_from(kind.categories.to_list()) for kind in KINDS.values())), unique=True
)


def table(cells: list[tuple[str, ...]]) -> pl.DataFrame:
    made = pl.DataFrame(cells, schema=dict.fromkeys(KEY, pl.String), orient="row").cast(KINDS)  # type: ignore[arg-type]
    return made.with_columns(value=pl.Series(range(len(cells)), dtype=pl.Int64))


@given(one=CELLS, other=CELLS)
def test_what_is_spread_by_number_is_what_a_join_finds(
    one: list[tuple[str, ...]], other: list[tuple[str, ...]]
) -> None:
    left, right = table(one), table(other)
    numbering = Numbering.of(left.schema)
    joined = left.select(KEY).join(right, on=KEY, how="left", maintain_order="left")["value"].fill_null(-1)
    found = numbering.spread(right, "value", -1)
    assert found[numbering.numbers(left)].tolist() == joined.to_list()
    assert (found != -1).sum() == right.height
    assert numbering.size == 2 * 2 * 3 * 4


def test_types_that_do_not_know_their_values_are_refused() -> None:
    with pytest.raises(TypeError, match="all their values"):
        Numbering.of({**KINDS, "region": pl.String()})


def test_numbers_fill_a_grid_in_the_order_of_the_keys() -> None:
    numbering = Numbering.of(KINDS)
    grid = np.arange(numbering.size).reshape(numbering.shape)
    assert grid[1, 0, 2, 3] == numbering.numbers(table([("U1", "peildatum", "BU00140101", "c")]))[0]


def test_a_table_of_other_types_or_with_nulls_is_refused() -> None:
    cells: list[tuple[str, ...]] = [("P1", "periode", "NL00", "totaal")]
    numbering, other = Numbering.of(KINDS), pl.Enum(["GM0014", "NL00"])
    with pytest.raises(TypeError, match="own types"):
        numbering.numbers(table(cells).with_columns(pl.col("region").cast(pl.String).cast(other)))
    with pytest.raises(TypeError, match="without nulls"):
        numbering.numbers(table(cells).with_columns(region=pl.lit(None, KINDS["region"])))
    with pytest.raises(TypeError, match="value has nulls"):
        numbering.spread(table(cells).with_columns(value=pl.lit(None, pl.Int64)), "value", -1)
