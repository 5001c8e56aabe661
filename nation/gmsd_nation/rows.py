"""Delivered rows as text, in the columns of the contracts: what a deliverer knows at the end of a period.

An end that lies behind the period is not known yet, so the same spell or arrangement may come back in the next period
with an end.
"""

import polars as pl

from gmsd_contracts.columns import version_for
from gmsd_nation.arrangements import Habits
from gmsd_nation.calendar import OPEN, HalfYear, ymd


def header(dataset: str, period: str) -> list[str]:
    """Column names of a dataset in a period, in order, as the contracts declare them."""
    return [column.name for column in version_for(dataset, period).columns]


def _known(column: pl.Series, period: HalfYear) -> pl.Series:
    """End dates as the deliverer knows them on the last day of the period."""
    return ymd(column.set(column > period.last, OPEN).to_numpy())


def brp_rows(spells: pl.DataFrame, period: HalfYear) -> pl.DataFrame:
    """Register rows of the spells that overlap the period, ordered by bsn and first day."""
    here = spells.filter((pl.col("since") <= period.last) & (pl.col("until") >= period.first)).sort(
        "bsn", "since"
    )
    values = {
        "bsn": here["bsn"].cast(pl.String),
        "geboortedatum": ymd(here["born"].to_numpy()),
        "geslacht": here["sex"],
        "postcode": here["postcode"],
        "huishoudennummer": here["household"].cast(pl.String),
        "type_huishouden": here["kind"].cast(pl.String),
        "gemeentecode": here["gemeente"],
        "wijkcode": here["wijk"],
        "buurtcode": here["buurt"],
        "datum_vanaf": ymd(here["since"].to_numpy()),
        "datum_tot": _known(here["until"], period),
        "datum_overlijden": _known(here["died"], period),
    }
    return pl.DataFrame({name: values[name] for name in header("brp", period.code)})


def wmo_rows(
    arrangements: pl.DataFrame, gemeente: str, habits: Habits, period: HalfYear, created: int
) -> tuple[pl.DataFrame, pl.Series]:
    """Wmo rows of the constituents that overlap the period, and the arrangement each belongs to.

    `created` is the day of aanmaakdatum_bestand. Rows are ordered by bsn, category and begin.
    """
    here = arrangements.filter((pl.col("begin") <= period.last) & (pl.col("end") >= period.first))
    here = here.sort("bsn", "type", "begin")
    n = len(here)
    blank = pl.Series([""]).new_from_index(0, n)
    ended = here["end"] <= period.last
    end = _known(here["end"], period)
    kind = here["type"].cast(pl.String).str.zfill(2)
    other = (here["type"] % 14 + 1).cast(pl.String).str.zfill(2)
    draw = here["older_type"]
    differs = (draw > 0.995) & (here["type"] != 15)
    only_older = (draw > 0.97) & (draw <= 0.995)
    stated = here["volume"] > 0 if habits.intensity else pl.Series([False]).new_from_index(0, n)
    actual = ~here["legal_only"]
    planned = ymd(here["planned_end"].to_numpy())
    values = {
        "gemeentecode": pl.Series([gemeente]).new_from_index(0, n),
        "aanmaakdatum_bestand": ymd(pl.Series([created]).new_from_index(0, n).to_numpy()),
        "bsn": here["bsn"].cast(pl.String),
        "toewijzingsnummer": here["assignment"].cast(pl.String) if habits.numbered else blank,
        "type_maatwerkarrangement_toewijzing": other.zip_with(
            differs, kind.zip_with((draw >= habits.declaration_only) | only_older, blank)
        ),
        "type_maatwerkarrangement_declaratie": blank.zip_with(only_older, kind),
        "type_aanbieder": here["provider"] if habits.provider else blank,
        "datum_toewijzing": ymd(here["decided"].to_numpy()),
        "datum_start_rechtsgeldigheid": ymd(here["legal_begin"].zip_with(actual, here["begin"]).to_numpy()),
        "datum_einde_rechtsgeldigheid": end.zip_with(ended, planned),
        "leveringsvorm": here["delivery_form"],
        "datum_start_daadwerkelijk": ymd(here["begin"].to_numpy()).zip_with(actual, blank),
        "datum_einde_daadwerkelijk": end.zip_with(actual, blank),
        "intensiteit_volume": here["volume"].cast(pl.String).zip_with(stated, blank),
        "intensiteit_eenheid": here["unit"].zip_with(stated, blank),
        "intensiteit_frequentie": here["frequency"].zip_with(stated, blank),
        "reden_beeindiging": here["reason"].zip_with(ended, blank),
        "ambulantisering": here["ambulant"],
    }
    return pl.DataFrame({name: values[name] for name in header("wmo", period.code)}), here["arrangement"]
