"""Figures by counting persons one by one, straight from docs/counting.md. Slow, obvious, and none of the service's code."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from typing import NamedTuple

from gmsd_contracts.catalogue import AGE_CLASSES, INDICATORS
from tests.aggregation.world import Region, Spell, Wmo

FOREVER = date.max


class Arrangement(NamedTuple):
    gemeente: str
    person: int
    type: str
    begin: date
    end: date
    halves: frozenset[int]


def intervals(row: Wmo) -> tuple[date, date]:
    begin, end = (row.begin, row.end) if row.legal is None else row.legal
    return begin, end or FOREVER


def merged(rows: Sequence[Wmo], year: int) -> list[Arrangement]:
    """Every pair of rows is compared."""
    found = []
    for gemeente in {row.gemeente for row in rows}:
        own = [row for row in rows if row.gemeente == gemeente]
        all_numbered = all(row.number is not None for row in own)
        restated = [restate(row, own, year) for row in own]
        groups = list(range(len(own)))
        for a, b in combinations(range(len(own)), 2):
            if joined(own[a], restated[a], own[b], restated[b], all_numbered):
                old, new = groups[a], groups[b]
                groups = [new if group == old else group for group in groups]
        for group in set(groups):
            members = [number for number, its in enumerate(groups) if its == group]
            first = own[members[0]]
            found.append(
                Arrangement(
                    gemeente,
                    first.person,
                    first.declared or first.type,
                    min(restated[m][0] for m in members),
                    max(restated[m][1] for m in members),
                    frozenset(own[m].half for m in members),
                )
            )
    return found


def restate(row: Wmo, own: Sequence[Wmo], year: int) -> tuple[date, date, str | None]:
    begin, end = intervals(row)
    if row.half == 1 and end > date(year, 6, 30):
        same = [
            other
            for other in own
            if other.half == 2
            and other.person == row.person
            and (other.declared or other.type) == (row.declared or row.type)
            and other.vorm == row.vorm
            and other.number == row.number
            and intervals(other)[0] == begin
        ]
        if same:
            latest = max(intervals(other)[1] for other in same)
            redenen = [other.reden for other in same if intervals(other)[1] == latest]
            return begin, latest, min(redenen, key=lambda reden: (reden is not None, reden or ""))
    return begin, end, row.reden


def joined(
    a: Wmo, x: tuple[date, date, str | None], b: Wmo, y: tuple[date, date, str | None], all_numbered: bool
) -> bool:
    if a.person != b.person or (a.declared or a.type) != (b.declared or b.type):
        return False
    if all_numbered:
        return a.number == b.number
    if a.vorm != b.vorm or x[2] != y[2]:
        return False
    follows = 0 <= (y[0] - x[1]).days <= 3 or 0 <= (x[0] - y[1]).days <= 3
    return x[:2] == y[:2] or follows


class Place(NamedTuple):
    gemeente: str
    buurt: str
    on_day: bool
    born: date


def residence(person: int, spells: Iterable[Spell], first: date, last: date) -> Place | None:
    own = []
    for spell in spells:
        end = min(spell.tot or FOREVER, spell.died or FOREVER)
        if spell.person == person and spell.vanaf <= end and spell.vanaf <= last and end >= first:
            own.append((spell, end))
    on_day = [pair for pair in own if pair[1] >= last]
    if not on_day and own:
        latest = max(end for _, end in own)
        own = [pair for pair in own if pair[1] == latest]
    candidates = on_day or own
    if not candidates:
        return None
    newest = max(spell.vanaf for spell, _ in candidates)
    best = min(
        (spell for spell, _ in candidates if spell.vanaf == newest),
        key=lambda spell: (spell.gemeente, spell.wijk, spell.buurt, spell.born.year * 12 + spell.born.month),
    )
    return Place(best.gemeente, best.buurt, bool(on_day), best.born)


Cell = tuple[str, str, str, str]


def figures(
    rows: Sequence[Wmo], spells: Sequence[Spell], regions: Sequence[Region], year: int, half: int
) -> dict[Cell, int]:
    """(indicator, moment, region, category) → count; cells with nobody are absent."""
    first, last = (
        (date(year, 1, 1), date(year, 6, 30)) if half == 1 else (date(year, 7, 1), date(year, 12, 31))
    )
    there = {one.code: one for one in regions if one.vanaf <= last and (one.tot or FOREVER) >= first}
    exists = {code for code, one in there.items() if (one.tot or FOREVER) >= last}

    def inside(code: str) -> list[str]:
        chain = [code]
        while (parent := there[chain[-1]].parent) is not None and parent in there:
            chain.append(parent)
        return chain

    def place(buurt: str, gemeente: str) -> list[str]:
        if buurt in exists and gemeente in inside(buurt):
            return inside(buurt)
        return inside(gemeente)

    persons: dict[Cell, set[int]] = defaultdict(set)
    counts: dict[Cell, int] = defaultdict(int)
    for one in merged(rows, year):
        if half not in one.halves or one.begin > last or one.end < first or one.gemeente not in exists:
            continue
        lives = residence(one.person, spells, first, last)
        at = inside(one.gemeente)
        if lives is not None and lives.gemeente == one.gemeente:
            at = place(lives.buurt, one.gemeente)
        for moment in ("periode", "peildatum") if one.end >= last else ("periode",):
            for region in at:
                for category in categories("U1", one.type):
                    persons["U1", moment, region, category].add(one.person)
                    counts["U2", moment, region, category] += 1
    for person in {spell.person for spell in spells}:
        lives = residence(person, spells, first, last)
        if lives is None or not lives.on_day or lives.gemeente not in exists:
            continue
        months = (last.year - lives.born.year) * 12 + last.month - lives.born.month
        for region in place(lives.buurt, lives.gemeente):
            for code, _, youngest, oldest in AGE_CLASSES:
                if youngest <= months // 12 <= oldest:
                    for category in categories("P1", code):
                        counts["P1", "peildatum", region, category] += 1
    return {**counts, **{cell: len(who) for cell, who in persons.items()}}


def categories(indicator: str, code: str) -> list[str]:
    found = INDICATORS[indicator]
    return [code, *(group.code for group in found.groups if code in group.members), "totaal"]
