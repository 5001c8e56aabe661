"""Attributes, protection and derived figures."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_contracts.catalogue import OPEN, Attribute
from gmsd_publication.domain import derived
from gmsd_publication.domain.consent import ConsentMode, Consents, Policy
from gmsd_publication.domain.faults import SnapshotBroken
from gmsd_publication.domain.protection import NearestFive, Protected
from gmsd_publication.domain.rates import per_1000
from gmsd_publication.domain.status import status_of
from gmsd_publication.domain.tables import Built, build, to_release, with_figures
from tests.publication.world import BASIS, PERIOD, Country, cell, frame, populated

_OPEN = {mark.value for mark in OPEN}


def made(country: Country, policy: Policy | None = None, protection: Any = None) -> Built:
    return build(
        country.cells_df(), country.frame_df(), product="basis", period=PERIOD, catalogue=BASIS,
        policy=policy or Policy(), protection=protection or NearestFive(),
    )  # fmt: skip


def values(
    built: Built, indicator: str = "U1"
) -> dict[tuple[str, str, str], tuple[int | None, str, tuple[str, ...]]]:
    return {
        (row["region"], row["moment"], row["category"]): (
            row["value"],
            row["attribute"],
            tuple(row["excluded"]),
        )
        for row in to_release(built.tables[indicator]).to_pylist()
    }


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30) | st.integers(0, 5_000))
def test_nearest_five(count: int) -> None:
    country = Country(frame(), [cell("U1", "peildatum", "BU03440101", 1, count)] if count else [])
    value, attribute, _ = values(made(country))["GM0344", "peildatum", "01"]
    if count < 5:
        assert (value, attribute) == (None, "<5")
    else:
        assert attribute == "getoond"
        assert value is not None and value % 5 == 0 and abs(value - count) <= 2


def test_nothing_tells_a_true_zero() -> None:
    country = Country(frame(), [cell("U1", "peildatum", "BU03440101", 1, 4)])
    table = values(made(country))
    assert table["GM0344", "peildatum", "01"] == table["GM0307", "peildatum", "01"] == (None, "<5", ())


def test_an_objection_takes_records_out_of_every_total_and_changes_no_other_cell() -> None:
    country = populated()
    policy = Policy(basis=Consents(spoken={"GM0141": False}))
    before, after = values(made(country)), values(made(country, policy))
    for key, cell_after in after.items():
        place = key[0]
        if place[2:6] == "0141":
            assert cell_after == (None, "geen toestemming", ())
        elif place in ("PV23", "NL01"):
            assert cell_after[2] == ("GM0141",)
        else:
            assert cell_after == before[key]
    assert (after["NL01", "peildatum", "totaal"][0] or 0) < (before["NL01", "peildatum", "totaal"][0] or 0)
    assert values(made(country, policy), "P1") == values(made(country), "P1")
    assert made(country, policy).excluded == ("GM0141",)


def test_an_objection_for_wijk_empties_wijken_and_buurten_only() -> None:
    country = populated()
    before, after = (
        values(made(country)),
        values(made(country, Policy(wijk=Consents(spoken={"GM0344": False})))),
    )
    for key, cell_after in after.items():
        if key[0][:6] in ("WK0344", "BU0344"):
            assert cell_after == (None, "geen toestemming", ())
        else:
            assert cell_after == before[key]


def test_opt_in_hides_who_is_silent() -> None:
    policy = Policy(basis=Consents(ConsentMode.OPT_IN, {"GM0344": True, "GM0193": False}))
    table = values(made(populated(), policy))
    shown = {key[0] for key, (_, attribute, _) in table.items() if attribute in _OPEN}
    assert {place for place in shown if place.startswith("GM")} == {"GM0344"}
    assert len(table["NL01", "peildatum", "totaal"][2]) == 7


def test_why_a_gemeente_is_missing() -> None:
    country = populated()
    for code, datasets in (("GM0141", ["brp"]), ("GM0153", ["brp"]), ("GM0307", ["wmo"]), ("GM0047", [])):
        country.row(code)["datasets"] = datasets
    country.row("GM0014")["exists"] = False
    country.row("BU01930101")["exists"] = False
    country.cells = [
        row for row in country.cells
        if not (row["gemeente"] in ("GM0141", "GM0153", "GM0047", "GM0014") and row["indicator"] != "P1")
        and row["region"] != "BU01930101"
    ]  # fmt: skip
    policy = Policy(
        basis=Consents(spoken={"GM0153": False, "GM0193": False}), delivered=frozenset({("GM0141", "wmo")})
    )
    built = made(country, policy)
    users, people = values(built), values(built, "P1")

    def why(table: Any, place: str) -> str:
        return str(table[place, "peildatum", "totaal"][1])

    assert why(users, "GM0141") == why(users, "WK014101") == "niet goedgekeurd"
    assert why(users, "GM0153") == "niet geleverd"  # an objection by who delivered nothing hides nothing
    assert why(users, "GM0014") == why(users, "BU00140101") == "regio bestond niet"
    assert why(users, "GM0193") == "geen toestemming"
    assert why(users, "BU01930101") == "regio bestond niet"
    assert (why(users, "GM0307"), why(users, "WK030701")) == ("getoond", "niet geleverd")
    assert why(people, "GM0141") == why(people, "GM0193") == "getoond"
    assert why(people, "GM0307") == why(people, "GM0047") == "niet geleverd"
    assert why(users, "PV20") == "niet geleverd"  # no gemeente of it counts: not a small number
    assert why(users, "PV23") == "geen toestemming"
    assert built.excluded == ("GM0193",)
    assert with_figures(built.tables, BASIS, built.regions) == (
        frozenset({"GM0344", "GM0307", "GM0356"}),
        frozenset({"GM0344", "GM0356"}),
    )


def test_the_order_and_size_of_a_table() -> None:
    built = made(populated())
    table = to_release(built.tables["U1"])
    assert table.num_rows == built.regions.table.height * 2 * 23
    assert table["region"][0].as_py() == "NL01"
    assert [row["category"] for row in table.slice(0, 23).to_pylist()] == list(BASIS[0].cells())


class Wrong(NearestFive):
    """Spoils the figures of an honest method."""

    def protect(self, exact: pl.DataFrame, *given: Any) -> Protected:
        answer = super().protect(exact, *given)
        return replace(answer, figures=self.spoil(answer.figures, exact))

    def spoil(self, figures: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
        raise NotImplementedError


class Losing(Wrong):
    """Forgets a cell."""

    def spoil(self, figures: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
        return figures.head(-1)


class Leaking(Wrong):
    """Shows a number with a mark."""

    def spoil(self, figures: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
        return figures.with_columns(value=exact["count"])


class Swapping(Wrong):
    """Answers for other cells than it was given."""

    def spoil(self, figures: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
        return figures.with_columns(region=figures["region"].reverse())


class Telling(Wrong):
    """Shows a zero as a number."""

    def spoil(self, figures: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
        return figures.with_columns(
            value=pl.col("value").fill_null(0), attribute=pl.lit("getoond", figures.schema["attribute"])
        )


class Untested(NearestFive):
    """Leaves cells out of its test."""

    def protect(self, exact: pl.DataFrame, *given: Any) -> Protected:
        answer = super().protect(exact, *given)
        return replace(answer, audit=answer.audit.tail(-1))


@pytest.mark.parametrize("engine", [Losing(), Leaking(), Swapping(), Telling(), Untested()])
def test_a_protection_step_that_does_not_answer_for_its_cells_is_caught(engine: NearestFive) -> None:
    with pytest.raises(SnapshotBroken) as caught:
        made(populated(), protection=engine)
    assert caught.value.reason == "protection_incomplete"


def test_the_protection_step_never_sees_a_closed_cell() -> None:
    seen: list[pl.DataFrame] = []

    class Watching(NearestFive):
        def protect(self, exact: pl.DataFrame, *given: Any) -> Protected:
            seen.append(exact)
            return super().protect(exact, *given)

    made(populated(), Policy(basis=Consents(spoken={"GM0344": False})), Watching())
    users = seen[0].filter(pl.col("indicator") == "U1")["region"].cast(pl.String)
    assert not users.str.slice(2, 4).is_in(["0344"]).any()


@given(st.integers(0, 4_000).map(lambda n: 5 * n), st.integers(0, 4_000).map(lambda n: 5 * n))
def test_rates_are_rounded_half_up_and_only_over_enough_people(value: int, denominator: int) -> None:
    rate = per_1000(value, denominator)
    table = pl.DataFrame({"v": [value], "d": [denominator]})
    column = table.select(derived.per_1000(pl.col("v"), pl.col("d")))["v"][0]
    if denominator < 25:
        assert rate is None and column is None
    else:
        assert rate is not None
        error = rate - Fraction(value * 1000, denominator)
        assert -Fraction(1, 20) < error <= Fraction(1, 20)
        assert column == float(rate)


def test_no_rate_from_what_is_not_shown() -> None:
    assert per_1000(None, 1000) is None
    assert per_1000(10, None) is None


def test_a_total_is_divided_by_the_people_of_the_gemeenten_in_it() -> None:
    country = populated()
    built = made(country, Policy(basis=Consents(spoken={"GM0141": False})))
    rates = derived.denominators(built.tables["U1"], built.tables["P1"], built.regions)
    found = dict(rates.iter_rows())
    people = {key[0]: cell[0] for key, cell in values(built, "P1").items() if key[2] == "totaal"}
    assert found["GM0344"] == people["GM0344"]
    assert found["PV26"] == people["PV26"]  # complete: its own published number
    assert found["PV23"] == (people["GM0193"] or 0) + (people["GM0153"] or 0)
    covered = {row["region"]: (row["counted"], row["gemeenten"]) for row in derived.coverage(built.tables["U1"], built.regions).iter_rows(named=True)}  # fmt: skip
    assert covered == {"NL01": (7, 8), "PV26": (3, 3), "PV23": (2, 3), "PV20": (2, 2)}


def test_a_total_without_the_register_of_one_of_its_gemeenten_has_no_rate() -> None:
    country = populated()
    country.row("GM0141")["datasets"] = ["wmo"]
    built = made(country)
    found = dict(derived.denominators(built.tables["U1"], built.tables["P1"], built.regions).iter_rows())
    assert (found["PV23"], found["NL01"], found["GM0141"]) == (None, None, None)
    assert found["PV26"] is not None


@pytest.mark.parametrize(
    ("period", "published", "status"),
    [
        ("2025HJ01", {"2025HJ01"}, "voorlopig"),
        ("2025HJ01", {"2025HJ01", "2025HJ02"}, "nader voorlopig"),
        ("2025HJ01", {"2025HJ01", "2025HJ02", "2026HJ01"}, "definitief"),
        ("2025HJ02", {"2025HJ01", "2025HJ02"}, "voorlopig"),
        ("2025HJ02", {"2026HJ01"}, "definitief"),
        ("2025JJ00", {"2025HJ02"}, "voorlopig"),
    ],
)
def test_status_follows_from_what_is_published(period: str, published: set[str], status: str) -> None:
    assert status_of(period, published) == status


def test_attributes_are_those_of_the_catalogue() -> None:
    assert {attribute.value for attribute in Attribute} > _OPEN
