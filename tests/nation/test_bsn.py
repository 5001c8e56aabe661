"""Numbers: elfproef and range of every bsn, against a loop over digits."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_nation import BsnsExhausted, MarkedNumbers, generate, passes_elfproef
from gmsd_nation.bsn import BsnSource
from tests.nation.conftest import Written, elfproef


@given(st.lists(st.integers(0, 999_999_999), min_size=1, max_size=50))
def test_elfproef_agrees_with_a_loop(numbers: list[int]) -> None:
    found = passes_elfproef(np.array(numbers, dtype=np.int64))
    assert found.tolist() == [elfproef(f"{number:09d}") for number in numbers]


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 3000), min_size=1, max_size=6))
def test_source_never_repeats(seed: int, takes: list[int]) -> None:
    source = BsnSource(seed, test_range=False)
    numbers = np.concatenate([source.take(n) for n in takes])
    assert len(numbers) == sum(takes) == len(np.unique(numbers))
    assert all(elfproef(str(number)) and 700_000_000 <= number < 999_900_000 for number in numbers)


def test_test_range_is_used_whole_and_then_exhausted() -> None:
    whole = [n for n in range(999_900_006, 999_999_991) if elfproef(str(n))]
    source = BsnSource(3, test_range=True)
    assert sorted(source.take(len(whole)).tolist()) == whole
    with pytest.raises(BsnsExhausted):
        source.take(1)


def test_every_bsn_in_accepted_files(written: Written) -> None:
    seen = 0
    for dataset in ("brp", "wmo"):
        for period in ("2025HJ01", "2025HJ02"):
            for delivered in written.in_force(dataset, period).values():
                for row in delivered.rows() if delivered.data else []:
                    seen += 1
                    assert elfproef(row["bsn"])
                    assert 700_000_000 <= int(row["bsn"]) < 999_900_000
    assert seen > 2000


def test_small_nation_of_test_numbers(tmp_path: Path) -> None:
    nation = generate(tmp_path / "t", 1, 0.0005, gemeenten=10, test_bsns=True)
    for delivery in nation.deliveries:
        data = (tmp_path / "t" / delivery.path).read_bytes()
        if delivery.dataset == "brp":
            numbers = re.findall(rb"^(\d{9});", data, re.MULTILINE)
            assert numbers
            assert all(b"999900006" <= number <= b"999999990" for number in numbers)


def test_marked_numbers_are_used_and_typed_into_wrong_columns(tmp_path: Path) -> None:
    marked = [n for n in range(123_000_000, 123_002_000) if elfproef(str(n))][:40]
    folder = tmp_path / "m"
    nation = Written(folder, generate(folder, 5, 0.004, gemeenten=12, faults=(), marked=marked))
    as_client: set[int] = set()
    elsewhere: set[tuple[str, int]] = set()
    for delivered in nation.deliveries("wmo"):
        for row in delivered.rows():
            as_client |= {int(row["bsn"])} & set(marked)
            for column in ("toewijzingsnummer", "intensiteit_volume"):
                if row[column] and int(row[column]) in marked:
                    assert row[column] == row["bsn"]
                    elsewhere.add((column, int(row["bsn"])))
    registered = {int(row["bsn"]) for d in nation.deliveries("brp") for row in d.rows()}
    assert set(marked) <= registered
    assert len(as_client) > 30
    assert {column for column, _ in elsewhere} == {"toewijzingsnummer", "intensiteit_volume"}


@pytest.mark.parametrize("marked", [[123456789], [123456782, 123456782]])
def test_marked_numbers_that_cannot_be_used(tmp_path: Path, marked: list[int]) -> None:
    with pytest.raises(MarkedNumbers):
        generate(tmp_path / "m", 5, 0.001, gemeenten=10, marked=marked)
