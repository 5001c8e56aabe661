"""That a reader of several releases knows no more than a reader of one: the same people can come and go behind all of them.

Attacker A3 has every release and knows which gemeenten delivered again (disclosure.md 5.4), so also whose counts did not change.

Theorem. Behind each release stands a population (proof.py). Suppose that wherever somebody counts, and in whatever category, one who
counts there stands behind every release in which all figures of that gemeente are the same. Then for every figure of a gemeente, and of
what lies in it, there are truths, one per release, in which it is base − 1 more or, when not 0, base − 1 less; which agree on all figures
of every gemeente that is the same; and for which one key aims at all the publications.

More: so many people are added to every release. Less: they leave each release in which their gemeente is the same, and only there. A
count thus moves by as much in all releases between which it is known not to have changed. Every aim is down in the one case and up in the
other, so high or low secret numbers serve all releases at once. Truths behind different figures stay different: figures are a base apart.

What is not in it: truths of provinces and of the country follow from those people and from who counts twice, which each proof chooses for
itself. Who knows besides that such a total did not change while the publication lets it move knows more than this supposes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from gmsd_contracts.catalogue import Indicator
from gmsd_publication.disclosure.errors import NotProved
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.domain.keyed.proof import proof
from gmsd_publication.domain.numbering import Numbering
from gmsd_publication.domain.places import REST, UNKNOWN
from gmsd_publication.domain.protection import Model
from gmsd_publication.domain.regions import Regions
from gmsd_publication.domain.relations import linked
from gmsd_publication.domain.release_model import Release

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
    same = _unchanged([*(one.figures for one in before), figures], model.catalogue, model.regions)
    proofs = [one.proof for one in before]
    stay: dict[str, list[pl.DataFrame]] = {}
    for _ in range(TURNS):
        evidence = proof(release.families, published, release.model.base, stay)
        places = _apart([*proofs, evidence], same, model.regions)
        if not places:
            return evidence
        if places <= set(stay):
            break
        stay |= _stood(proofs, places)
    raise NotProved(
        f"behind {min(places)} stands somebody who does not stand behind every release in which nothing changed there"
    )


def _stood(proofs: Sequence[pl.DataFrame], places: Collection[str]) -> dict[str, list[pl.DataFrame]]:
    """The rows of places in each proof, the last one first."""
    found: dict[str, list[pl.DataFrame]] = {place: [] for place in places}
    for evidence in reversed(proofs):
        rows = evidence.filter(pl.col("gebied").is_in(places) | pl.col("ander").is_in(places))
        for place, before in found.items():
            before.append(rows.filter((pl.col("gebied") == place) | (pl.col("ander") == place)))
    return found


def apart(told: Sequence[Told], catalogue: Sequence[Indicator], regions: Regions) -> set[str]:
    """Places of which the theorem's condition does not hold, none as a rule. A function of what was published alone."""
    same = _unchanged([one.figures for one in told], catalogue, regions)
    return _apart([one.proof for one in told], same, regions)


def _apart(proofs: Sequence[pl.DataFrame], same: Mapping[str, pl.DataFrame], regions: Regions) -> set[str]:
    found: set[str] = set()
    for holder, unchanged in same.items():
        people = pl.concat(_people(one, holder, at, regions) for at, one in enumerate(proofs))
        found |= _alone(_shared(people, unchanged))
    return found


def _people(proof: pl.DataFrame, holder: str, release: int, regions: Regions) -> pl.DataFrame:
    """The kinds of people of every place, those who also count elsewhere included: release, place, gemeente, early, late."""
    rows = proof.filter((pl.col("indicator") == holder) & pl.col("soort").is_in(["personen", "dubbel"]))
    sides = [
        rows.select(place=place, early=early, late=late)
        for place, early, late in (("gebied", "eerst", "laatst"), ("ander", "ander_eerst", "ander_laatst"))
    ]
    code = pl.col("region").cast(pl.String)
    where = regions.table.select(region=code, gemeente=pl.coalesce("gemeente", code))
    return (
        pl.concat(sides)
        .drop_nulls("place")
        .unique()
        .with_columns(region=pl.col("place").str.strip_prefix(f"{REST} "), release=pl.lit(release))
        .join(where, on="region", how="left")
        .select("release", "gemeente", *_WHO)
    )


def _unchanged(
    figures: Sequence[pl.DataFrame], catalogue: Sequence[Indicator], regions: Regions
) -> dict[str, pl.DataFrame]:
    """Per family, by its holder: pairs of releases and the gemeenten of which all figures are there in both and the same."""
    numbering = Numbering.of(figures[-1].schema)
    zeros = [one.with_columns(pl.col("value").fill_null(0)) for one in figures]
    shown = [numbering.spread(one, "value", UNKNOWN).reshape(numbering.shape) for one in zeros]
    gemeente, codes = _gemeenten(regions)
    position = {indicator.id: at for at, indicator in enumerate(catalogue)}
    found = {}
    for family in linked(catalogue):
        own = [position[indicator.id] for indicator in family]
        pairs = [pl.DataFrame(schema={"gemeente": pl.String, "one": pl.Int32, "other": pl.Int32})]
        for one, other in combinations(range(len(shown)), 2):
            same = codes.filter(_equal(shown[one][own], shown[other][own], gemeente, len(codes)))
            for left, right in ((one, other), (other, one)):
                pairs.append(pl.DataFrame({"gemeente": same}).with_columns(one=left, other=right))
        found[family[0].id] = pl.concat(pairs)
    return found


def _equal(one: Ints, other: Ints, gemeente: Ints, count: int) -> pl.Series:
    """[count] which gemeenten have figures [indicators, moments, regions, categories] in both, all of them equal."""
    differ, there = (one != other), (one != UNKNOWN) | (other != UNKNOWN)
    moved, known = (
        np.bincount(gemeente, flags.any(axis=(0, 1, 3)), count + 1) > 0 for flags in (differ, there)
    )
    return pl.Series((known & ~moved)[:count])


def _gemeenten(regions: Regions) -> tuple[Ints, pl.Series]:
    """[regions] in which gemeente each lies, by its position in the second, which is also that of what lies in none."""
    own = regions.table["gemeente"]
    codes = own.drop_nulls().unique().sort()
    at = {code: position for position, code in enumerate(codes)}
    return np.array([at.get(code, len(codes)) for code in own], dtype=np.int64), codes


def _shared(people: pl.DataFrame, same: pl.DataFrame) -> pl.DataFrame:
    """The kinds of people with `shared`: they stand wherever the gemeente is the same."""
    elsewhere = people.select(pl.col("release").alias("other"), *_WHO, there=True)
    return (
        people.join(same, left_on=["release", "gemeente"], right_on=["one", "gemeente"], how="left")
        .join(elsewhere, on=["other", *_WHO], how="left")
        .group_by("release", *_WHO)
        .agg(shared=(pl.col("there").is_not_null() | pl.col("other").is_null()).all())
    )


def _alone(kinds: pl.DataFrame) -> set[str]:
    """Places where some category is only of people who are not shared."""
    masks = ("early", "late")
    either = kinds.group_by("release", "place").agg(
        *(pl.col(name).bitwise_or() for name in masks),
        *(pl.col(name).filter("shared").bitwise_or().fill_null(0).alias(f"shared_{name}") for name in masks),
    )
    differ = (pl.col("early") != pl.col("shared_early")) | (pl.col("late") != pl.col("shared_late"))
    return set(either.filter(differ)["place"])
