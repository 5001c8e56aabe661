"""The region classification of the nation, as the register holder delivers it."""

from collections.abc import Iterator

import polars as pl

from gmsd_nation.calendar import OPEN, HalfYear, day, ymd
from gmsd_nation.places import PROVINCES, RECEIVERS, Area, Atlas, Place
from gmsd_nation.rows import header

LAND = "NL01"
_BW_PER_PROVINCE = 4
_CLASS_BOUNDS = (25_000, 50_000, 100_000, 250_000)
"""Stedelijkheidsklasse 5 (least urban) to 1, by inhabitants at scale 1: ours; the real one counts addresses."""

Region = tuple[str, str, str, int, int, str]
"""code, name, kind, first day, last day (`OPEN`), parents."""


def _parents(place: Place, population: int) -> str:
    province = place.province
    region = f"BW{province[2:]}{place.number % _BW_PER_PROVINCE + 1}"
    size = place.share * population
    urban = 5 - sum(size >= bound for bound in _CLASS_BOUNDS)
    return "|".join((province, region, f"SK0{urban}"))


def _inside(area: Area, gemeente: str, name: str, since: int, until: int) -> Iterator[Region]:
    for n, wijk in enumerate(dict.fromkeys(area.wijk)):
        yield wijk, f"Wijk {n + 1} {name}", "WK", since, until, gemeente
    for buurt, wijk in zip(area.buurt, area.wijk, strict=True):
        yield buurt, f"Buurt {buurt[6:]} {name}", "BU", since, until, wijk


def regions(atlas: Atlas, year: int, population: int) -> list[Region]:
    """Every region of the year with the days on which it exists, parents before children."""
    old = day(2019, 1, 1)
    split_last = day(year, 3, 31)
    found: list[Region] = [(LAND, "Nederland", "LD", old, OPEN, "")]
    present = {place.province for place in atlas.places} | {atlas.split.province}
    found += [(code, name, "PV", old, OPEN, LAND) for name, code in PROVINCES.items() if code in present]
    gemeenten = [
        (place.code, place.name, "GM", old, OPEN, _parents(place, population)) for place in atlas.places
    ]
    gemeenten.append(
        (atlas.split.code, atlas.split.name, "GM", old, split_last, _parents(atlas.split, population))
    )
    # Regions that lie across the provinces have no parent: the country is the sum of its provinces.
    cross = sorted({code for gemeente in gemeenten for code in gemeente[5].split("|")[1:]})
    found += [
        (
            code,
            f"Centrumregio {code[2:]}" if code[:2] == "BW" else f"Stedelijkheidsklasse {code[3:]}",
            code[:2],
            old,
            OPEN,
            "",
        )
        for code in cross
    ]
    found += gemeenten
    for place in atlas.places:
        found += _inside(place.area, place.code, place.name, old, OPEN)
    found += _inside(atlas.split.area, atlas.split.code, atlas.split.name, old, split_last)
    for n, code in enumerate(RECEIVERS):
        area, name = atlas.moved[n], atlas.split.name
        given = [target == n for target in atlas.split_to]
        part = Area(
            tuple(b for b, mine in zip(area.buurt, given, strict=True) if mine),
            tuple(w for w, mine in zip(area.wijk, given, strict=True) if mine),
            area.pc4[given],
            area.weight[given],
        )
        found += _inside(part, code, name, split_last + 1, OPEN)
    return found


def regio_rows(found: list[Region], period: HalfYear) -> pl.DataFrame:
    """Rows of the regions that exist on a day of the period; an end behind the period is not known yet."""
    here = [region for region in found if region[3] <= period.last and region[4] >= period.first]
    frame = pl.DataFrame(here, schema=["code", "naam", "soort", "since", "until", "deel_van"], orient="row")
    until = frame["until"]
    frame = frame.with_columns(
        geldig_vanaf=ymd(frame["since"].to_numpy()),
        geldig_tot=ymd(until.set(until > period.last, OPEN).to_numpy()),
    )
    return frame.select(header("regio", period.code))
