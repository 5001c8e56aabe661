"""Derived figures follow from published figures alone: recomputed here by a reader who has nothing else, by the words of the README."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.domain import derived
from gmsd_publication.domain.consent import Consents, Policy
from gmsd_publication.domain.protection import Protection
from gmsd_publication.domain.tables import Built, to_release
from gmsd_publication.reading import _rates
from tests.publication.methods import Proving, Replaying, Suppressing
from tests.publication.test_protection import made
from tests.publication.world import PLACES, Country, populated

ZERO = ("<5", "<10", "<20")
OPEN = ("getoond", *ZERO, "onderdrukt")
Row = Mapping[str, Any]


def rows(built: Built, indicator: str) -> list[Row]:
    """What stands in the content of the release, and no more."""
    found: list[Row] = to_release(built.tables[indicator]).to_pylist()
    return found


def reader(built: Built, indicator: str) -> dict[tuple[str, str, str], tuple[Any, Any, Any]]:
    """Per cell: rate per 1 000, gemeenten counted, gemeenten in all."""
    table = rows(built, indicator)
    regions = built.regions.public().to_pylist()
    totals = _totals(table)
    people = _totals(rows(built, "P1"))
    inside: dict[str, list[str]] = {}
    for region in regions:
        if region["level"] == "GM":
            for total in ("NL01", region["provincie"]):
                inside.setdefault(total, []).append(region["region"])
    found = {}
    for row in table:
        code, members = row["region"], inside.get(row["region"])
        base = people[code]["value"] if code in people else None
        counted = there = None
        if members is not None and row["level"] in ("LD", "PV"):
            exist = [member for member in members if totals[member]["attribute"] != "regio bestond niet"]
            there = len(exist) or None
            counted = (
                len([member for member in exist if totals[member]["attribute"] in OPEN]) if exist else None
            )
            base = _base(base, [(totals[member], people[member]) for member in members])
        found[row["moment"], code, row["category"]] = (_rate(row["value"], base), counted, there)
    return found


def _totals(table: list[Row]) -> dict[str, Row]:
    return {
        row["region"]: row for row in table if row["moment"] == "peildatum" and row["category"] == "totaal"
    }


def _base(own: int | None, members: list[tuple[Row, Row]]) -> int | None:
    """Its own number when it counts the gemeenten that the register knows; else the sum over those it counts, if all are known."""
    if all((mine["attribute"] in OPEN) == (theirs["attribute"] in OPEN) for mine, theirs in members):
        return own
    counted = [theirs for mine, theirs in members if mine["attribute"] in OPEN]
    if any(theirs["attribute"] not in ("getoond", *ZERO) for theirs in counted):
        return None
    return sum(theirs["value"] or 0 for theirs in counted)


def _rate(value: int | None, base: int | None) -> float | None:
    if value is None or base is None or base < 25:
        return None
    return float(Fraction((Fraction(value * 10_000, base) + Fraction(1, 2)).__floor__(), 10))


def served(built: Built, indicator: str) -> dict[tuple[str, str, str], tuple[Any, Any, Any]]:
    """The same as the service reckons it."""
    table = built.tables[indicator].with_columns(pl.col("region", "moment", "category").cast(pl.String))
    rates = _rates(table, built.tables["P1"], built.regions)
    joined = table.join(rates, on="region", how="left", maintain_order="left").with_columns(
        rate=derived.per_1000(pl.col("value"), pl.col("denominator"))
    )
    return {
        (row["moment"], row["region"], row["category"]): (row["rate"], row["counted"], row["gemeenten"])
        for row in joined.iter_rows(named=True)
    }


CODES = st.sampled_from(sorted(PLACES))


def situation(
    seed: int, people: int, lacking: Mapping[str, list[str]], gone: list[str], refused: list[str]
) -> tuple[Country, Policy]:
    """A country, small or large, with gemeenten that objected, delivered nothing, lack their register or are gone."""
    country = populated(seed, people=people)
    for code, datasets in lacking.items():
        country.row(code)["datasets"] = datasets
    for code in gone:
        country.row(code)["exists"] = False
    return country, Policy(basis=Consents(spoken=dict.fromkeys(refused, False)))


METHODS: list[Callable[[], Protection]] = [Proving, Suppressing]


@settings(max_examples=12)
@given(
    seed=st.integers(0, 99),
    people=st.sampled_from([6, 25, 60, 900]),
    lacking=st.dictionaries(CODES, st.sampled_from([["brp"], ["wmo"], []]), max_size=3),
    gone=st.lists(CODES, max_size=1),
    refused=st.lists(CODES, unique=True, max_size=2),
    method=st.sampled_from(METHODS),
)
def test_a_reader_with_the_published_figures_alone_comes_to_the_same(
    seed: int,
    people: int,
    lacking: Mapping[str, list[str]],
    gone: list[str],
    refused: list[str],
    method: Callable[[], Protection],
) -> None:
    built = made(*situation(seed, people, lacking, gone, refused), method())
    for indicator in ("U1", "U2"):
        ours, theirs = served(built, indicator), reader(built, indicator)
        assert list(ours) == list(theirs)
        assert [(key, ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]] == []


@settings(max_examples=8)
@given(first=st.integers(0, 999), second=st.integers(0, 999))
def test_two_truths_behind_one_publication_have_the_same_derived_figures(first: int, second: int) -> None:
    method = Replaying()
    one, two = made(populated(first), protection=method), made(populated(second), protection=method)
    for indicator in ("U1", "U2", "P1"):
        assert served(one, indicator) == served(two, indicator)
        assert to_release(one.tables[indicator]).equals(to_release(two.tables[indicator]))
