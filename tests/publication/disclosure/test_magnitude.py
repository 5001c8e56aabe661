"""The rules for magnitudes against a cell-by-cell reading of their definitions."""

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.magnitude import (
    Dominance,
    PriorPosterior,
    Rules,
    judge,
    mean_of,
    rounded_sum,
    rounding_of,
)

RULES = Rules(
    minimum=3, dominance=Dominance(2, Fraction(85)), prior=PriorPosterior(Fraction(10), Fraction(70))
)
rows = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 40) | st.integers(0, 10**9)),
    max_size=25,
)
percent = st.fractions(Fraction(1, 4), 99, max_denominator=40)


def frame(contributions: list[tuple[str, int, int]]) -> pl.DataFrame:
    schema = {"cell": pl.String, "organisation": pl.Int64, "value": pl.Int64}
    return pl.DataFrame(contributions, schema=schema, orient="row")


def by_definition(
    contributions: list[tuple[str, int, int]], rules: Rules
) -> dict[str, tuple[bool, bool, bool]]:
    """Per cell whether it is of few, dominated, inferable: in fractions, from the table of definitions."""
    verdicts = {}
    for cell in sorted({c for c, _, _ in contributions}):
        sums: dict[int, int] = {}
        for _, organisation, value in (row for row in contributions if row[0] == cell):
            sums[organisation] = sums.get(organisation, 0) + value
        x = [*sorted((abs(v) for v in sums.values()), reverse=True), 0, 0]
        total, dominance, prior = sum(x), rules.dominance, rules.prior
        verdicts[cell] = (
            sum(1 for v in x if v) < rules.minimum,
            dominance is not None and sum(x[: dominance.n]) > dominance.k / 100 * total,
            prior is not None and prior.q / 100 * (total - x[0] - x[1]) < prior.p / 100 * x[0],
        )
    return verdicts


@given(rows, st.integers(1, 4), st.integers(1, 3), percent, percent)
def test_rules_agree_with_their_definitions(
    contributions: list[tuple[str, int, int]], minimum: int, n: int, k: Fraction, p: Fraction
) -> None:
    rules = Rules(minimum=minimum, dominance=Dominance(n, k), prior=PriorPosterior(p))
    answer = judge(frame(contributions), rules)
    expected = by_definition(contributions, rules)
    assert answer["cell"].to_list() == list(expected)
    assert [row[:3] for row in answer.select("few", "dominated", "inferable").rows()] == list(
        expected.values()
    )
    assert answer["sensitive"].to_list() == [any(v) for v in expected.values()]
    assert ((answer["level"] > 0) == (answer["sensitive"] & (answer["largest"] > 0))).all()


@given(rows.filter(bool), percent, percent)
def test_a_total_that_far_away_would_not_break_the_rule(
    contributions: list[tuple[str, int, int]], k: Fraction, p: Fraction
) -> None:
    """What a level is for: a reader who can only bound T by T + level computes bounds that keep to the rule."""
    rules = Rules(minimum=1, dominance=Dominance(1, k), prior=PriorPosterior(p))
    for row in judge(frame(contributions), rules).filter("sensitive").iter_rows(named=True):
        highest = row["total"] + row["level"]
        if row["dominated"]:
            assert row["largest"] <= k / 100 * highest
        if row["inferable"]:
            second = _second(contributions, row["cell"])
            assert highest - second - row["largest"] >= p / 100 * row["largest"]


def _second(contributions: list[tuple[str, int, int]], cell: str) -> int:
    sums: dict[int, int] = {}
    for _, organisation, value in (row for row in contributions if row[0] == cell):
        sums[organisation] = sums.get(organisation, 0) + value
    return sorted([*sums.values(), 0, 0], reverse=True)[1]


def test_known_cells() -> None:
    answer = judge(
        frame([("a", 1, 90), ("a", 2, 5), ("a", 3, 5), ("b", 1, 40), ("b", 2, 30), ("b", 3, 30)]), RULES
    )
    assert answer["dominated"].to_list() == [True, False]
    assert answer["inferable"].to_list() == [True, False]
    # 100/85·95 − 100 = 11.8 and 10/70·90 − 5 = 7.9, rounded up.
    assert answer["level"].to_list() == [12, 0]


def test_equal_contributors_change_nothing_by_their_order() -> None:
    one = [("a", 1, 50), ("a", 2, 50), ("a", 3, 7)]
    other = [("a", 3, 50), ("a", 1, 7), ("a", 2, 50)]
    assert judge(frame(one), RULES).equals(judge(frame(other), RULES))


def test_rows_of_one_organisation_are_one_contribution() -> None:
    split = [("a", 1, 30), ("a", 1, 30), ("a", 2, 30), ("a", 3, 30)]
    whole = [("a", 1, 60), ("a", 2, 30), ("a", 3, 30)]
    assert judge(frame(split), RULES).equals(judge(frame(whole), RULES))


def test_a_total_of_nothing_is_caught_by_the_minimum() -> None:
    answer = judge(frame([("a", 1, 0), ("a", 2, 0), ("a", 3, 0)]), RULES).row(0, named=True)
    assert (answer["few"], answer["dominated"], answer["inferable"]) == (True, False, False)


def test_negative_contributions_are_refused_or_judged_by_size() -> None:
    contributions = [("a", 1, -80), ("a", 2, 50), ("a", 3, 40)]
    with pytest.raises(InputInvalid, match="negative"):
        judge(frame(contributions), RULES)
    answer = judge(
        frame(contributions), Rules(minimum=1, dominance=Dominance(1, Fraction(50)), absolute=True)
    )
    assert answer.select("total", "largest", "dominated").row(0) == (10, 80, False)
    corrected = [("a", 1, -80), ("a", 1, 90), ("a", 2, 50), ("a", 3, 40)]
    assert judge(frame(corrected), RULES)["total"].item() == 100


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (pl.DataFrame({"cell": ["a"], "value": [1]}), "organisation"),
        (pl.DataFrame({"cell": ["a"], "organisation": [1], "value": [1.5]}), "whole"),
        (pl.DataFrame({"cell": ["a"], "organisation": [None], "value": [1]}), "missing"),
        (pl.DataFrame({"cell": ["a"], "organisation": [1], "value": [2**61]}), "large"),
    ],
)
def test_what_cannot_be_judged_is_named(bad: pl.DataFrame, what: str) -> None:
    with pytest.raises(InputInvalid, match=what):
        judge(bad, RULES)


def test_rules_that_mean_nothing_are_refused() -> None:
    for wrong in (
        lambda: Dominance(0, Fraction(50)),
        lambda: Dominance(1, Fraction(100)),
        lambda: PriorPosterior(Fraction(20), Fraction(10)),
        lambda: Rules(minimum=0),
    ):
        with pytest.raises(InputInvalid):
            wrong()


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=5),
    st.fractions(Fraction(1, 2), 50, max_denominator=10),
)
def test_sums_are_rounded_no_finer_than_p_percent_of_the_largest(values: list[int], p: Fraction) -> None:
    cells = judge(frame([("a", i, v) for i, v in enumerate(values)]), Rules(minimum=1))
    unit = rounding_of(cells, p).item()
    largest: int = max(values)
    wanted = p / 100 * largest
    assert unit >= wanted and str(unit).rstrip("0") in {"1", "2", "5"}
    assert unit == 1 or unit < Fraction(5, 2) * max(wanted, Fraction(1)) + 5
    total = rounded_sum(sum(values), unit)
    assert total % unit == 0 and 2 * abs(total - sum(values)) <= unit
    assert rounded_sum(-sum(values), unit) == -total


def test_means_come_from_what_is_published() -> None:
    assert mean_of(1_000, 30) == Fraction(100, 3)
    assert mean_of(1_000, 20) is None
    assert mean_of(1_000, 0, least=0) is None
