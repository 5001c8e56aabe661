"""Methods of protection for tests, each an honest one with something changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from gmsd_publication.domain.protection import (
    REMEMBERED,
    Earlier,
    Model,
    NearestFive,
    Progress,
    Protected,
    unobserved,
)


class Proving(NearestFive):
    """Figures of nearest 5, with the audit and the proof that a method with proof would hand over."""

    name = "sleutelafronding-5"
    remembers = REMEMBERED

    def protect(
        self,
        exact: pl.DataFrame,
        model: Model,
        earlier: Sequence[Earlier] = (),
        progress: Progress = unobserved,
    ) -> Protected:
        for done in range(4):
            progress(done + 1, 4)
        answer = super().protect(exact, model, earlier, progress)
        audit = answer.audit.with_columns(
            certified="cells",
            exact=pl.lit(0, pl.Int64),
            small=pl.lit(0, pl.Int64),
            undecided=pl.lit(0, pl.Int64),
            narrowest_zero=pl.lit(4, pl.Int64),
            narrowest=pl.lit(8, pl.Int64),
        )
        proof = pl.DataFrame({"column": ["a", "b"], "n": [3, 5]})
        return Protected(answer.figures, audit, proof, {"BU": 0, "WK": 1, "GM": 1, "PV": 1, "LD": 1})


class Replaying(Proving):
    """Publishes for every truth what it published for the first: two truths behind one publication."""

    said: Protected | None = None

    def protect(self, exact: pl.DataFrame, *given: Any) -> Protected:
        if self.said is None:
            self.said = super().protect(exact, *given)
        return self.said


class Remembering(NearestFive):
    """Keeps what it was shown of earlier releases and of the truth."""

    remembers = REMEMBERED

    def __init__(self) -> None:
        self.earlier: list[list[Earlier]] = []
        self.exact: list[pl.DataFrame] = []
        self.figures: list[pl.DataFrame] = []

    def protect(
        self,
        exact: pl.DataFrame,
        model: Model,
        earlier: Sequence[Earlier] = (),
        progress: Progress = unobserved,
    ) -> Protected:
        answer = super().protect(exact, model, earlier, progress)
        self.earlier.append(list(earlier))
        self.exact.append(exact)
        self.figures.append(answer.figures)
        return answer


class Suppressing(NearestFive):
    """Shows true counts, and leaves small ones, zeros and every fourth other one out under one mark."""

    name = "onderdrukking-5"

    def protect(self, exact: pl.DataFrame, *given: Any) -> Protected:
        answer = super().protect(exact, *given)
        hidden = (pl.col("count") < 5) | (pl.int_range(pl.len()) % 4 == 0)
        figures = exact.select(
            "indicator", "moment", "region", "level", "category",
            value=pl.when(~hidden).then("count"),
            attribute=pl.when(hidden)
            .then(pl.lit("onderdrukt", answer.figures.schema["attribute"]))
            .otherwise(pl.lit("getoond", answer.figures.schema["attribute"])),
        )  # fmt: skip
        return replace(answer, figures=figures)
