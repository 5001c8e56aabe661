"""From rows to arrangements, by comparing every pair."""

from collections import defaultdict
from datetime import date
from itertools import combinations
from typing import NamedTuple

from tests.oracle.files import Row


class Arrangement(NamedTuple):
    """What a person had, of one type, from one gemeente."""

    gemeente: str
    person: str
    type: str
    begin: date
    end: date | None
    delivered_for: frozenset[int]


def arrangements(rows: list[Row], year: int) -> list[Arrangement]:
    """All rows of one gemeente in a calendar year, as arrangements (docs/counting.md, "From rows to arrangements")."""
    numbered = all(row.number for row in rows)
    restated = [_restate(row, by_person, year) for by_person in _groups(rows, "person") for row in by_person]
    if numbered:
        bundles = _groups(restated, "person", "number", "type")
    else:
        bundles = [
            chain
            for group in _groups(restated, "person", "type", "form", "reason")
            for chain in _chains(group)
        ]
    return [
        Arrangement(
            bundle[0].gemeente,
            bundle[0].person,
            bundle[0].type,
            min(row.begin for row in bundle),
            None if any(row.end is None for row in bundle) else max(row.end for row in bundle if row.end),
            frozenset(row.half_year for row in bundle),
        )
        for bundle in bundles
    ]


def _groups(rows: list[Row], *names: str) -> list[list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(getattr(row, name) for name in names)].append(row)
    return list(groups.values())


def _restate(row: Row, same_person: list[Row], year: int) -> Row:
    over = row.end is not None and row.end <= date(year, 6, 30)
    if row.half_year != 1 or over:
        return row
    later = [
        other
        for other in same_person
        if other.half_year == 2
        and (other.type, other.form, other.begin, other.number) == (row.type, row.form, row.begin, row.number)
    ]
    if not later:
        return row
    latest = max((other.end or date.max) for other in later)
    chosen = min(
        (other for other in later if (other.end or date.max) == latest), key=lambda other: other.reason
    )
    return row._replace(end=chosen.end, reason=chosen.reason)


def _linked(one: Row, other: Row) -> bool:
    if (one.begin, one.end) == (other.begin, other.end):
        return True
    return any(
        first.end is not None and 0 <= (second.begin - first.end).days <= 3
        for first, second in ((one, other), (other, one))
    )


def _chains(rows: list[Row]) -> list[list[Row]]:
    chain_of = {index: {index} for index in range(len(rows))}
    for a, b in combinations(range(len(rows)), 2):
        if chain_of[a] is not chain_of[b] and _linked(rows[a], rows[b]):
            joined = chain_of[a] | chain_of[b]
            for index in joined:
                chain_of[index] = joined
    return [[rows[i] for i in sorted(chain)] for chain in {id(c): c for c in chain_of.values()}.values()]
