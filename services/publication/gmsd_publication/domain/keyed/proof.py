"""The proof of a keyed release: an explicit population behind every published figure, which anybody can count again.

Made from the publication alone. Rows of `proof/1`, all numbers in groups of `base` equal people (or things):
`soort` personen: in `gebied`, so many groups with the categories `eerst` at the first and `laatst` at the last moment (bits, in
catalogue order); extra: things beyond one per holder and category, of `indicator`, one bit; dubbel: pairs of groups of
people, of `gebied` and of `ander`, who are the same people and count once in `totaal`.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from gmsd_publication.disclosure.errors import NotProved
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.domain.keyed.joint import Crowd, Pair, pairs
from gmsd_publication.domain.keyed.population import Kind, Population
from gmsd_publication.domain.places import TWICE
from gmsd_publication.domain.release_model import Family

SCHEMA = {
    "soort": pl.String, "indicator": pl.String, "gebied": pl.String, "eerst": pl.Int64, "laatst": pl.Int64,
    "ander": pl.String, "ander_eerst": pl.Int64, "ander_laatst": pl.Int64, "totaal": pl.String, "groepen": pl.Int64,
}  # fmt: skip


def proof(
    families: Sequence[Family],
    publication: Ints,
    base: Ints,
    stay: Mapping[str, Sequence[pl.DataFrame]] | None = None,
) -> pl.DataFrame:
    """Of published values [n] that obey the model. `stay`: places with their rows of earlier proofs, the last one first; nobody of
    theirs is taken for a double count, and where the figures are as they were the people are.

    Raises NotProved, naming the first place nobody can stand behind.
    """
    tables = [
        pl.DataFrame(list(_family(one, publication, base, stay or {})), schema=SCHEMA, orient="row")
        for one in families
    ]
    return pl.concat(tables) if tables else pl.DataFrame(schema=SCHEMA)


def _family(
    family: Family, publication: Ints, base: Ints, stay: Mapping[str, Sequence[pl.DataFrame]]
) -> Iterator[tuple[object, ...]]:
    kind = Kind(family.indicators, family.relations)
    groups = publication[family.cells] // base[family.cells]
    crowd = Crowd(kind, family.relations, groups[family.finest])
    names = [family.places[place].name for place in family.finest]
    stays = np.array([name in stay for name in names], dtype=bool)
    taken: list[tuple[str, Pair]] = []
    for total, sides in _totals(family):
        double = groups[total]
        if double.any():
            name = family.places[total].name.removeprefix(f"{TWICE} ")
            found = list(pairs(kind, crowd, double, np.where(stays, -1, sides)))
            _recount(kind, found, double, name)
            taken += [(name, pair) for pair in found]
    holder = family.indicators[0].id
    for total_name, pair in taken:
        yield ("dubbel", holder, names[pair.one], pair.first.early, pair.first.late,
               names[pair.other], pair.second.early, pair.second.late, total_name, pair.count)  # fmt: skip
    known: dict[bytes, Population] = {}
    for name, figures in zip(names, crowd.figures, strict=True):
        if figures.any():
            people = _again(kind, figures, name, stay) or known.get(figures.tobytes())
            if people is None:
                people = known[figures.tobytes()] = _standing(kind, figures, name)
            yield from _rows(kind, people, name)


def _again(
    kind: Kind, figures: Ints, name: str, stay: Mapping[str, Sequence[pl.DataFrame]]
) -> Population | None:
    """Who stood there before, where that is who the figures count now."""
    return next((found for rows in stay.get(name, ()) if (found := _stood(kind, figures, name, rows))), None)


def _stood(kind: Kind, figures: Ints, name: str, rows: pl.DataFrame) -> Population | None:
    """The people of a place in an earlier proof, None when the figures count others."""
    rows = rows.filter(pl.col("indicator").is_in([one.id for one in (kind.holder, *kind.held)]))
    sides = [
        rows.filter((pl.col("soort") != "extra") & (pl.col(place) == name)).select(
            pl.col(early).alias("early"), pl.col(late).alias("late"), "groepen"
        )
        for place, early, late in (("gebied", "eerst", "laatst"), ("ander", "ander_eerst", "ander_laatst"))
    ]
    groups = pl.concat(sides).group_by("early", "late", maintain_order=True).agg(pl.col("groepen").sum())
    spare = np.zeros((2, len(kind.held), len(kind.bits)), dtype=np.int64)
    for one in rows.filter(pl.col("soort") == "extra").iter_rows(named=True):
        held = [each.id for each in kind.held].index(one["indicator"])
        spare[0 if one["eerst"] else 1, held, one["laatst"].bit_length() - 1] += one["groepen"]
    early, late, count = (groups[column].to_numpy() for column in ("early", "late", "groepen"))
    people = Population(early, late, count, spare[0], spare[1])
    same = groups.height and kind.stands(people) and (kind.recount(people) == figures).all()
    return people if same else None


def _standing(kind: Kind, figures: Ints, name: str) -> Population:
    people = kind.population(figures)
    if not kind.stands(people) or (kind.recount(people) != figures).any():
        raise NotProved(f"no population stands behind the figures of {name}")
    return people


def _recount(kind: Kind, found: Sequence[Pair], double: Ints, name: str) -> None:
    """The pairs count twice exactly what the total says is counted twice."""
    counted = np.zeros_like(double)
    for pair in found:
        for slots, one, other in (
            (kind.early_slots, pair.first.early, pair.second.early),
            (kind.late_slots, pair.first.late, pair.second.late),
        )[: len(kind.holder.moments)]:
            counted[slots] += pair.count * (((one & kind.masks) != 0) & ((other & kind.masks) != 0))
    if (counted != double).any():
        raise NotProved(f"no people stand behind the double counts of {name}")


def _rows(kind: Kind, people: Population, name: str) -> Iterator[tuple[object, ...]]:
    for early, late, count in zip(people.early, people.late, people.count, strict=True):
        yield ("personen", kind.holder.id, name, int(early), int(late), None, None, None, None, int(count))
    for held, indicator in enumerate(kind.held):
        for spare, early in ((people.spare_early, True), (people.spare_late, False)):
            for bit in np.flatnonzero(spare[held]).tolist():
                yield (
                    "extra",
                    indicator.id,
                    name,
                    early << bit,
                    1 << bit,
                    None,
                    None,
                    None,
                    None,
                    int(spare[held, bit]),
                )


def _totals(family: Family) -> Iterator[tuple[int, Ints]]:
    """Places of double counts, the innermost totals first, with the part of the total that each finest place lies in."""
    inside = {
        place: one.total for one in family.sums for place in (*one.parts, one.computed) if place is not None
    }
    for one in reversed(family.sums):
        if one.sign > 0 or one.computed is None:
            continue
        sides = np.full(len(family.finest), -1, dtype=np.int64)
        for number, place in enumerate(family.finest.tolist()):
            at = place
            while at in inside and inside[at] != one.total:
                at = inside[at]
            if at in inside:
                sides[number] = at
        yield one.computed, sides
