"""The merge rule against comparing every pair."""

from datetime import date, timedelta

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gmsd_aggregation.domain.arrangements import ROWS, counted, merge
from tests.aggregation.oracle import Arrangement, intervals, merged
from tests.aggregation.world import Wmo, pseudonym

EPOCH = date(1970, 1, 1)
LAST_1 = (date(2025, 6, 30) - EPOCH).days
FIRST_2, LAST_2 = (date(2025, 7, 1) - EPOCH).days, (date(2025, 12, 31) - EPOCH).days


def frame(rows: list[Wmo]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "gemeente": row.gemeente,
                "half": row.half,
                "person": pseudonym(row.person),
                "toewijzing": None if row.number is None else pseudonym(row.number),
                "type": row.type,
                "vorm": row.vorm,
                "begin": (row.begin - EPOCH).days,
                "end": None if row.end is None else (row.end - EPOCH).days,
                "reden": row.reden,
            }
            for row in rows
        ],
        schema=ROWS,
    )


def plain(arrangements: pl.DataFrame) -> list[Arrangement]:
    return sorted(
        Arrangement(
            row["gemeente"],
            int.from_bytes(row["person"], "big"),
            row["type"],
            EPOCH + timedelta(days=row["begin"]),
            date.max if row["end"] is None else EPOCH + timedelta(days=row["end"]),
            frozenset(half for half in (1, 2) if row[f"in_{half}"]),
        )
        for row in arrangements.iter_rows(named=True)
    )


def ordered(arrangements: list[Arrangement]) -> list[tuple[object, ...]]:
    return sorted((*one[:5], tuple(sorted(one.halves))) for one in arrangements)


# Around 30 June, days close together: adjoining, equal and restated rows must be common, not rare.
DAYS = st.integers(0, 24).map(lambda day: date(2025, 6, 18) + timedelta(days=day))


@st.composite
def wmo_rows(draw: st.DrawFn, numbers: bool) -> Wmo:
    begin = draw(DAYS)
    end = draw(st.none() | st.integers(0, 8).map(lambda days: begin + timedelta(days=days)))
    return Wmo(
        gemeente=draw(st.sampled_from(["GM0001", "GM0002"])),
        half=draw(st.sampled_from([1, 2])),
        person=draw(st.integers(1, 2)),
        type=draw(st.sampled_from(["01", "02"])),
        begin=begin,
        end=end,
        vorm=draw(st.sampled_from([None, "1"])),
        reden=draw(st.sampled_from([None, None, "19", "20"])),
        number=draw(st.sampled_from([7, 8] if numbers else [None, 7])),
    )


@settings(max_examples=80)
@given(st.lists(wmo_rows(numbers=False), max_size=14))
@example([])
def test_rows_become_the_arrangements_that_comparing_every_pair_gives(rows: list[Wmo]) -> None:
    assert ordered(plain(merge(frame(rows), LAST_1))) == ordered(merged(rows, 2025))


@settings(max_examples=40)
@given(st.lists(wmo_rows(numbers=True), max_size=12))
def test_numbered_rows_become_the_arrangements_of_their_numbers(rows: list[Wmo]) -> None:
    assert ordered(plain(merge(frame(rows), LAST_1))) == ordered(merged(rows, 2025))


@settings(max_examples=25)
@given(st.lists(wmo_rows(numbers=False), max_size=10), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Wmo], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ordered(plain(merge(frame(rows), LAST_1))) == ordered(plain(merge(frame(shuffled), LAST_1)))


@settings(max_examples=50)
@given(st.lists(wmo_rows(numbers=False), max_size=14))
def test_clients_of_the_second_half_are_those_with_a_row_in_it(rows: list[Wmo]) -> None:
    """The fault of 2020/21. Holds when every row overlaps the half it was delivered for, as validation sees to."""
    own = [
        row for row in rows
        if (row.half == 1 and row.begin <= date(2025, 6, 30))
        or (row.half == 2 and intervals(row)[1] >= date(2025, 7, 1))
    ]  # fmt: skip
    clients = counted(merge(frame(own), LAST_1), 2, FIRST_2, LAST_2)
    found = {(row["gemeente"], int.from_bytes(row["person"], "big")) for row in clients.iter_rows(named=True)}
    assert found == {(row.gemeente, row.person) for row in own if row.half == 2}


def test_two_that_begin_together_are_one_only_through_a_row_that_ends_there() -> None:
    together = [
        Wmo("GM0001", 2, 1, "01", date(2025, 8, 1), date(2025, 8, 20)),
        Wmo("GM0001", 2, 1, "01", date(2025, 8, 1), date(2025, 9, 20)),
    ]
    assert merge(frame(together), LAST_1).height == 2
    before = Wmo("GM0001", 2, 1, "01", date(2025, 7, 1), date(2025, 7, 29))
    assert merge(frame([*together, before]), LAST_1).height == 1
    too_early = Wmo("GM0001", 2, 1, "01", date(2025, 7, 1), date(2025, 7, 28))
    assert merge(frame([*together, too_early]), LAST_1).height == 3


def test_one_person_with_a_hundred_thousand_rows() -> None:
    """A chain, a comb of equal begins and a heap of equal rows: quadratic work would need 10^10 pairs and their memory."""
    size = 100_000
    days = pl.int_range(size, eager=True)
    same = pl.select(
        gemeente=pl.lit("GM0001"), person=pl.lit(pseudonym(1)), type=pl.lit("01"), half=pl.lit(2, pl.Int8),
        toewijzing=pl.lit(None, pl.Binary), vorm=pl.lit(None, pl.String), reden=pl.lit(None, pl.String),
    )  # fmt: skip

    def rows(begin: pl.Series, end: pl.Series) -> pl.DataFrame:
        return pl.DataFrame({"begin": begin, "end": end}).join(same, how="cross").select(
            pl.col(name).cast(kind) for name, kind in ROWS.items()
        )  # fmt: skip

    chain = merge(rows(days * 4, days * 4 + 1), LAST_1)
    assert chain.select("begin", "end").rows() == [(0, 4 * size - 3)]
    comb = merge(rows(days * 0 + 50, days + 60), LAST_1)
    assert comb.height == size
    heap = merge(rows(days * 0 + 50, days * 0 + 60), LAST_1)
    assert heap.height == 1


def test_an_open_arrangement_counts_on_the_peildatum_and_only_where_it_was_delivered() -> None:
    open_one = merge(frame([Wmo("GM0001", 1, 1, "01", date(2025, 3, 1))]), LAST_1)
    assert counted(open_one, 1, (date(2025, 1, 1) - EPOCH).days, LAST_1)["on_day"].to_list() == [True]
    assert counted(open_one, 2, FIRST_2, LAST_2).is_empty()
