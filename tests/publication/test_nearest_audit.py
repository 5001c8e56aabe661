"""The disclosure test of nearest 5: what it claims follows, and it claims nothing of figures that contradict the definitions."""

import logging
from typing import Any

import numpy as np
import polars as pl
import pytest

from gmsd_contracts.catalogue import Indicator
from gmsd_publication.disclosure.audit import BOUNDS_ONLY, audit
from gmsd_publication.disclosure.model import UNBOUNDED
from gmsd_publication.domain import nearest_audit
from gmsd_publication.domain.protection import Model, NearestFive, Protected
from gmsd_publication.domain.relations import linked
from gmsd_publication.domain.release_model import release_model
from tests.publication.test_protection import made
from tests.publication.world import BASIS, PLACES, Country, cell, frame, populated

ONE = {"GM0344": PLACES["GM0344"]}
FAMILIES = linked(BASIS)


class Watched(NearestFive):
    """Keeps what it was given, and its answer."""

    exact: pl.DataFrame
    given: Model
    answer: Protected

    def protect(self, exact: pl.DataFrame, model: Model, *rest: Any) -> Protected:
        self.exact, self.given = exact, model
        self.answer = super().protect(exact, model, *rest)
        return self.answer


def watched(country: Country) -> Watched:
    method = Watched()
    made(country, protection=method)
    return method


def rows(method: Watched, indicator: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = method.answer.audit.filter(pl.col("indicator") == indicator).to_dicts()
    return {(row["moment"], row["level"]): row for row in found}


def people(*buurten: int) -> Country:
    """One wijk with this many inhabitants of one age in its buurten."""
    country = Country(frame(ONE, wijken=1, buurten=len(buurten)))
    for number, count in enumerate(buurten, 1):
        if count:
            country.cells.append(cell("P1", "peildatum", f"BU034401{number:02}", 1, count))
    return country


def test_four_times_seven_under_a_thirty_is_exact() -> None:
    """Each 5 is at most 7 and the 30 at least 28; nothing else is there, as totals are used up. The gemeente has a rest."""
    found = rows(watched(people(7, 7, 7, 7)), "P1")
    same = {"small": 0, "certified": 0, "limited": 0}
    assert found["peildatum", "BU"].items() >= {
        "cells": 28, "zeros": 20, "exact": 28, "undecided": 0, "narrowest_zero": 0, "narrowest": 0, **same
    }.items()  # fmt: skip
    assert found["peildatum", "WK"].items() >= {
        "cells": 7, "zeros": 5, "exact": 7, "undecided": 0, "narrowest_zero": 0, "narrowest": 0, **same
    }.items()  # fmt: skip
    assert found["peildatum", "GM"].items() >= {
        "cells": 7, "zeros": 5, "exact": 0, "undecided": 7, "narrowest_zero": 4, "narrowest": 4, **same
    }.items()  # fmt: skip


def test_who_is_missing_from_a_ten_is_small() -> None:
    """10 is at least 8 and its only 5 at most 7, so of the `<5` beside it somebody is there: total and category."""
    found = rows(watched(people(7, 2)), "P1")
    assert (found["peildatum", "BU"]["small"], found["peildatum", "BU"]["exact"]) == (2, 0)
    assert found["peildatum", "WK"]["small"] == 0
    nobody = rows(watched(people(6, 0)), "P1")
    assert nobody["peildatum", "BU"]["small"] == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("piece", [nearest_audit.PIECE, 300])
def test_the_truth_lies_within_all_that_is_proved(
    seed: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_audit, "PIECE", piece)
    method = watched(populated(seed=seed))
    narrowed = 0
    for family in FAMILIES:
        names = [indicator.id for indicator in family]
        own = pl.col("indicator").cast(pl.String).is_in(names)
        release, known = nearest_audit.proved(method.answer.figures.filter(own), family, method.given.regions)
        truth = release_model(method.exact.filter(own), family, method.given.regions).truth
        follows = release.model.implied @ truth
        assert ((known.low <= truth) & (truth <= known.high)).all()
        assert ((known.least <= follows) & (follows <= known.most)).all()
        narrowed += int(((known.low > 0) & (known.high < 5)).sum())
    own_rows = method.answer.audit.filter(pl.col("level") != "afgeleid")
    derived = method.answer.audit.filter(pl.col("level") == "afgeleid")
    assert narrowed > 0 and own_rows["small"].sum() > 0
    assert own_rows["cells"].sum() == method.answer.figures.height
    assert derived["indicator"].to_list() == [family[0].id for family in FAMILIES]
    least = method.answer.audit.select(undecided=pl.col("cells") - pl.col("exact") - pl.col("small"))
    assert (method.answer.audit["undecided"] >= least["undecided"]).all()


def test_in_one_piece_it_is_the_auditor_that_speaks() -> None:
    method = watched(populated(seed=5, wijken=1))
    family = FAMILIES[0]
    own = pl.col("indicator").cast(pl.String).is_in([indicator.id for indicator in family])
    figures = method.answer.figures.filter(own)
    release, known = nearest_audit.proved(figures, family, method.given.regions)
    model = release.model
    low, high = np.zeros(model.size, dtype=np.int64), np.full(model.size, UNBOUNDED)
    for at, value in zip(release.order.tolist(), figures["value"].to_list(), strict=True):
        low[at], high[at] = (0, 4) if value is None else (max(5, value - 2), value + 2)
    whole = audit(model, low, high, BOUNDS_ONLY).known
    linked_to = np.zeros(model.size, dtype=bool)
    linked_to[model.equations.indices] = linked_to[model.implied.indices] = True
    assert (known.low == whole.low[: model.size])[linked_to].all()
    assert (known.high == whole.high[: model.size])[linked_to].all()
    assert (known.least == whole.low[model.size :]).all() and (known.most == whole.high[model.size :]).all()


def test_two_truths_behind_the_same_figures_have_the_same_test() -> None:
    one, other = watched(people(7, 2, 21)), watched(people(6, 3, 20))
    assert one.answer.figures.equals(other.answer.figures)
    assert one.answer.audit.equals(other.answer.audit)


def test_figures_that_break_a_definition_stay_undecided_and_that_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Forty persons on the peildatum and nobody in the whole period."""
    country = people(7, 7, 7, 7)
    country.cells.append(cell("U1", "peildatum", "BU03440101", 1, 40))
    with caplog.at_level(logging.WARNING):
        method = watched(country)
    for indicator in ("U1", "U2"):
        for row in rows(method, indicator).values():
            assert (row["undecided"], row["exact"], row["small"]) == (row["cells"], 0, 0)
    assert rows(method, "P1")["peildatum", "BU"]["exact"] == 28
    assert ["unaudited: ['U1', 'U2'] contradictory" in record.getMessage() for record in caplog.records] == [
        True
    ]


def test_without_work_propagation_still_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest_audit, "PROGRAMS", 0)
    assert rows(watched(people(7, 7, 7, 7)), "P1")["peildatum", "BU"]["exact"] == 28


def test_nothing_to_test_is_an_empty_test() -> None:
    method = watched(people(7))
    catalogue: list[Indicator] = list(BASIS)
    nothing = nearest_audit.nearest_audit(method.answer.figures.clear(), catalogue, method.given.regions)
    assert nothing.height == 0
