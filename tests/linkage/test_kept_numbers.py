"""A citizen service number that was typed into a column of numbers does not leave linkage."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gmsd_contracts.columns import version_by_id
from gmsd_linkage.domain.link import link_batch
from gmsd_linkage.domain.pseudonym import KeyedMap

WMO = version_by_id("wmo/1")
NUMBERS = [column.name for column in WMO.columns if column.name == "intensiteit_volume"]


def _linked(values: list[int | None]) -> list[int | None]:
    columns = [
        pa.array(values, field.type)
        if field.name in NUMBERS
        else pa.array(range(len(values)), field.type)
        if field.name == "_row"
        else pa.nulls(len(values), field.type)
        for field in WMO.checked_schema
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=WMO.checked_schema)
    linked, _ = link_batch(batch, WMO, KeyedMap(bytes(32)), bytes(16))
    kept: list[int | None] = linked.column("intensiteit_volume").to_pylist()
    return kept


def _could_be(number: int | None) -> bool:
    if number is None or not 8 <= len(str(number)) <= 9:
        return False
    digits = [int(digit) for digit in str(number).rjust(9, "0")]
    return (sum(d * w for d, w in zip(digits, range(9, 1, -1), strict=False)) - digits[8]) % 11 == 0


def test_test_numbers_are_dropped_and_their_neighbours_kept() -> None:
    assert _linked([999900006, 999900007, 10000008, 4, None, 0]) == [None, 999900007, None, 4, None, 0]


@given(st.lists(st.none() | st.integers(0, 2**40) | st.integers(10_000_000, 999_999_999), max_size=30))
def test_exactly_what_passes_the_elfproef_goes(values: list[int | None]) -> None:
    assert _linked(values) == [None if _could_be(value) else value for value in values]
