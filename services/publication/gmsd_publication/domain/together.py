"""That a reader of several releases knows no more than a reader of one: the same people can come and go behind all of them.

Attacker A3 has every release and knows which gemeenten delivered again (disclosure.md 5.4), so also which counts did not change.

Theorem. Behind each release stands a population (proof.py). Suppose that wherever somebody counts, and in whatever category, one who
counts there stands behind every release in which all figures of that gemeente are the same; and of a total whose gemeenten are all the
same, counted in the same way. Then for every figure of every release there are truths, one per release, in which it is base − 1 more
or, when not 0, base − 1 less; which agree on all that did not change; and for which one key aims at all the publications.

More: so many people are added to every release. Less: they leave each release in which their gemeente is the same, and only there. A
count thus moves by as much in all releases between which it is known not to have changed. Every aim is down in the one case and up in the
other, so high or low secret numbers serve all releases at once. Truths behind different figures stay different: figures are a base apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import polars as pl

from gmsd_contracts.catalogue import Indicator
from gmsd_publication.disclosure.errors import NotProved
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.domain.proof import proof
from gmsd_publication.domain.protection import Model
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.relations import linked
from gmsd_publication.domain.release_model import REST, Release

_CELL = ["indicator", "moment", "region", "category"]
_WHO = ["place", "early", "late"]


TURNS = 5
"""Proofs tried of one publication. In each the people of more places stay who stood behind earlier releases."""


@dataclass(frozen=True)
class Told:
    """A release as everybody has it: `figures` (protection.PROTECTED_COLUMNS of its open cells) and its `proof` (`proof/1`)."""

    number: int
    figures: pl.DataFrame
    proof: pl.DataFrame


def proof_beside(
    before: Sequence[Told], release: Release, published: Ints, figures: pl.DataFrame, model: Model
) -> pl.DataFrame:
    """A proof of published values [n] that stands together with those of earlier releases, oldest first. `figures`: the same values as
    readers have them. Where it does not, who stood there last stands there again. Raises NotProved.
    """
    number = max((one.number for one in before), default=0) + 1
    stay: dict[str, pl.DataFrame] = {}
    for _ in range(TURNS):
        evidence = proof(release.families, published, release.model.base, stay)
        places = apart([*before, Told(number, figures, evidence)], model.catalogue, model.regions)
        if not places:
            return evidence
        if places <= set(stay):
            break
        stay |= {place: _stood(before, place) for place in places}
    raise NotProved(
        f"behind {min(places)} stands somebody who does not stand behind every release in which nothing changed there"
    )


def _stood(before: Sequence[Told], place: str) -> pl.DataFrame:
    """The rows of a place in the last proof that has it."""
    own = (pl.col("gebied") == place) | (pl.col("ander") == place)
    found = [one.proof.filter(own) for one in before]
    return next((rows for rows in reversed(found) if rows.height), found[-1])


def apart(told: Sequence[Told], catalogue: Sequence[Indicator], regions: Regions) -> set[str]:
    """Places and totals of which the theorem does not hold, none as a rule. A function of what was published alone."""
    found: set[str] = set()
    for family in linked(catalogue):
        people = pl.concat(_people(one.proof, family[0].id, at, regions) for at, one in enumerate(told))
        if people.is_empty():
            continue
        same = _same(told, [indicator.id for indicator in family], regions)
        shared = _shared(people, same)
        found |= _apart(shared, "place")
        found |= _apart(_shared_in_totals(people.join(shared, on=["release", *_WHO]), same, regions), "total")
    return found


def _people(proof: pl.DataFrame, holder: str, release: int, regions: Regions) -> pl.DataFrame:
    """A row per person (two for who counts in two gemeenten): release, unit, place, gemeente, provincie, early, late."""
    rows = proof.filter(
        (pl.col("indicator") == holder) & pl.col("soort").is_in(["personen", "dubbel"])
    ).with_row_index("unit")
    sides = [
        rows.select("unit", place=place, early=early, late=late)
        for place, early, late in (("gebied", "eerst", "laatst"), ("ander", "ander_eerst", "ander_laatst"))
    ]
    where = regions.table.select(
        pl.col("region").cast(pl.String),
        gemeente=pl.coalesce("gemeente", pl.col("region").cast(pl.String)),
        provincie="provincie",
    )
    return (
        pl.concat(sides)
        .drop_nulls("place")
        .with_columns(region=pl.col("place").str.strip_prefix(f"{REST} "), release=pl.lit(release))
        .join(where, on="region", how="left")
        .drop("region")
    )


def _same(told: Sequence[Told], ids: Sequence[str], regions: Regions) -> pl.DataFrame:
    """Per pair of releases and gemeente: one, other, gemeente, provincie, same (all its figures are there and equal)."""
    where = regions.table.select("region", "gemeente", "provincie").drop_nulls("gemeente")
    tables = [
        one.figures.filter(pl.col("indicator").cast(pl.String).is_in(ids))
        .join(where, on="region")
        .select(*_CELL, "gemeente", "provincie", value=pl.col("value").fill_null(0))
        for one in told
    ]
    found = []
    for one, other in product(range(len(told)), repeat=2):
        both = tables[one].join(
            tables[other], on=[*_CELL, "gemeente", "provincie"], how="full", coalesce=True
        )
        equal = (pl.col("value") == pl.col("value_right")).fill_null(value=False)
        found.append(
            both.group_by("gemeente", "provincie")
            .agg(same=equal.all())
            .with_columns(one=pl.lit(one), other=pl.lit(other))
        )
    return pl.concat(found)


def _shared(people: pl.DataFrame, same: pl.DataFrame) -> pl.DataFrame:
    """Per release the kinds of people of each place: release, place, early, late, shared (stands wherever the gemeente is the same)."""
    kinds = people.unique(["release", *_WHO]).select("release", "gemeente", *_WHO)
    elsewhere = kinds.select(pl.col("release").alias("other"), *_WHO, there=True)
    return (
        kinds.join(
            same.filter("same"), left_on=["release", "gemeente"], right_on=["one", "gemeente"], how="left"
        )
        .join(elsewhere, on=["other", *_WHO], how="left")
        .group_by("release", *_WHO)
        .agg(shared=(pl.col("there").is_not_null() | pl.col("other").is_null()).all())
    )


def _shared_in_totals(people: pl.DataFrame, same: pl.DataFrame, regions: Regions) -> pl.DataFrame:
    """The same of who counts in a province or in the country: release, total, early, late, shared. Who counts in two gemeenten of a
    total counts once in it, so it takes both to leave."""
    land = pl.lit(regions.land)
    of = [
        (people.with_columns(total=total), same.with_columns(total=total).drop_nulls("total"))
        for total in (pl.col("provincie"), land)
    ]
    inside = pl.concat(rows for rows, _ in of).drop_nulls("total")
    alike = (
        pl.concat(rows for _, rows in of)
        .group_by("one", "other", "total")
        .agg(pl.col("same").all())
        .filter("same")
    )
    units = inside.sort(_WHO).group_by("release", "total", "unit").agg(
        pl.col("shared").all(), *(pl.col(name).bitwise_or() for name in ("early", "late")),
        who=pl.concat_str(*_WHO, separator=" ").str.join("|"),
    )  # fmt: skip
    elsewhere = units.unique(["release", "total", "who"]).select(
        other="release", total="total", who="who", there=True
    )
    return (
        units.join(alike, left_on=["release", "total"], right_on=["one", "total"], how="left")
        .join(elsewhere, on=["other", "total", "who"], how="left")
        .group_by("release", "total", "unit")
        .agg(
            pl.col("early", "late").first(),
            shared=(pl.col("shared") & (pl.col("there").is_not_null() | pl.col("other").is_null())).all(),
        )
    )


def _apart(kinds: pl.DataFrame, where: str) -> set[str]:
    """Where some category is of people who are not shared only."""
    either = kinds.group_by("release", where).agg(
        *(pl.col(name).bitwise_or() for name in ("early", "late")),
        *(
            pl.col(name).filter("shared").bitwise_or().fill_null(0).alias(f"shared_{name}")
            for name in ("early", "late")
        ),
    )
    differ = (pl.col("early") != pl.col("shared_early")) | (pl.col("late") != pl.col("shared_late"))
    return set(either.filter(differ)[where])
