"""`brp` version 1: the rules beyond the columns."""

from datetime import date

import polars as pl

from gmsd_contracts.columns import DATASETS
from gmsd_contracts.events.delivery_assessed_v1 import Severity
from gmsd_validation.domain.rules.duplicates import at_fault, hashed, person_number
from gmsd_validation.domain.rules.general import CONFIRM, RESEND
from gmsd_validation.domain.rules.rule import ROW_NUMBER, Facts, KeyedRule, RowRule
from gmsd_validation.domain.rules.specification import Keyed, Specification

VERSION = DATASETS["brp"][0]
_OPEN = date(9999, 12, 31)
_OLDEST_AGE = 120


def _shown(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y%m%d")


def _ancient(facts: Facts) -> date:
    return date(facts.first.year - _OLDEST_AGE, 1, 1)


_ROWS = (
    RowRule(
        id="BRP-001",
        severity=Severity.FOUT,
        title="Adres in een andere gemeente",
        explanation="Het bestand gaat over een gemeente: die van het deel waarvoor is aangeleverd.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="gemeentecode",
        fires=lambda facts: pl.col("gemeentecode") != facts.gemeente,
        expected=lambda facts: facts.gemeente,
    ),
    RowRule(
        id="BRP-002",
        severity=Severity.FOUT,
        title="Verblijf valt buiten de periode",
        explanation="Alleen verblijven die ten minste een dag van de periode beslaan, horen in het bestand.",
        message="Het verblijf valt buiten de periode; verwacht: {verwacht}.",
        action=RESEND,
        column="datum_vanaf",
        fires=lambda facts: (pl.col("datum_vanaf") > facts.last) | (pl.col("datum_tot") < facts.first),
        expected=lambda facts: f"een verblijf tussen {facts.first:%Y%m%d} en {facts.last:%Y%m%d}",
    ),
    RowRule(
        id="BRP-003",
        severity=Severity.FOUT,
        title="Laatste dag voor eerste dag",
        explanation="Een verblijf kan niet eindigen voordat het begint.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="datum_tot",
        fires=lambda facts: pl.col("datum_tot") < pl.col("datum_vanaf"),
        expected=lambda facts: pl.format("op of na {}", _shown("datum_vanaf")),
    ),
    RowRule(
        id="BRP-004",
        severity=Severity.FOUT,
        title="Wijk ligt niet in de gemeente",
        explanation="Een wijkcode is WK, de vier cijfers van de gemeente en het nummer van de wijk.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="wijkcode",
        fires=lambda facts: (
            pl.col("wijkcode").str.slice(0, 6)
            != pl.concat_str(pl.lit("WK"), pl.col("gemeentecode").str.slice(2))
        ),
        expected=lambda facts: pl.format("WK{}…", pl.col("gemeentecode").str.slice(2)),
    ),
    RowRule(
        id="BRP-005",
        severity=Severity.FOUT,
        title="Buurt ligt niet in de wijk",
        explanation="Een buurtcode is BU, de code van de wijk zonder WK, en het nummer van de buurt.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="buurtcode",
        fires=lambda facts: (
            pl.col("buurtcode").str.slice(0, 8)
            != pl.concat_str(pl.lit("BU"), pl.col("wijkcode").str.slice(2))
        ),
        expected=lambda facts: pl.format("BU{}…", pl.col("wijkcode").str.slice(2)),
    ),
    RowRule(
        id="BRP-006",
        severity=Severity.FOUT,
        title="Overlijden voor geboorte",
        explanation="Een persoon kan niet overlijden voor de dag van geboorte.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="datum_overlijden",
        fires=lambda facts: pl.col("datum_overlijden") < pl.col("geboortedatum"),
        expected=lambda facts: pl.format("op of na {}", _shown("geboortedatum")),
    ),
    RowRule(
        id="BRP-007",
        severity=Severity.FOUT,
        title="Verblijf begint voor de geboorte",
        explanation="Een persoon kan niet ergens wonen voor de dag van geboorte.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="datum_vanaf",
        fires=lambda facts: pl.col("datum_vanaf") < pl.col("geboortedatum"),
        expected=lambda facts: pl.format("op of na {}", _shown("geboortedatum")),
    ),
    RowRule(
        id="BRP-008",
        severity=Severity.FOUT,
        title="Verblijf begint na het overlijden",
        explanation="Een persoon kan niet ergens gaan wonen na de dag van overlijden.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="datum_vanaf",
        fires=lambda facts: pl.col("datum_vanaf") > pl.col("datum_overlijden"),
        expected=lambda facts: pl.format("op of voor {}", _shown("datum_overlijden")),
    ),
    RowRule(
        id="BRP-009",
        severity=Severity.WAARSCHUWING,
        title="Leeftijd boven 120 jaar",
        explanation="De geboortedatum ligt meer dan 120 jaar voor de periode.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=CONFIRM,
        column="geboortedatum",
        fires=lambda facts: pl.col("geboortedatum") < _ancient(facts),
        expected=lambda facts: f"een datum vanaf {_ancient(facts):%Y%m%d}",
    ),
    RowRule(
        id="BRP-010",
        severity=Severity.FOUT,
        title="Geboren na de periode",
        explanation="Wie na de laatste dag van de periode is geboren, hoort niet in het bestand.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="geboortedatum",
        fires=lambda facts: pl.col("geboortedatum") > facts.last,
        expected=lambda facts: f"uiterlijk {facts.last:%Y%m%d}",
    ),
)


def _prepare(typed: pl.DataFrame, text: pl.DataFrame) -> pl.DataFrame:
    return typed.select(
        pl.col(ROW_NUMBER),
        person_number("bsn").fill_null(0).cast(pl.UInt64).alias("_key"),
        person_number("bsn").alias("bsn"),
        # Without a readable end the spell is unknown, not open.
        pl.when(~at_fault(typed, text, "datum_tot")).then("datum_vanaf").alias("since"),
        pl.col("datum_tot").fill_null(_OPEN).alias("until"),
        pl.when(pl.col("geboortedatum").is_not_null() & pl.col("geslacht").is_not_null())
        .then(hashed(typed, ("geboortedatum", "geslacht"), 31))
        .alias("identity"),
    )


def _several(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of persons with more than one row."""
    return frame.filter(pl.col("bsn").is_not_null()).filter(pl.col("bsn").is_duplicated())


def _overlapping(frame: pl.DataFrame) -> pl.DataFrame:
    """The later of two spells that share a day, pointing at the earlier one that lasts longest."""
    spells = _several(frame).filter(pl.col("since") <= pl.col("until")).sort("bsn", "since", ROW_NUMBER)
    before = pl.col("until").cum_max().shift(1).over("bsn")
    return spells.filter(pl.col("since") <= before).select(
        ROW_NUMBER, expected=pl.lit("geen dag die ook in een ander verblijf van deze persoon valt")
    )


def _contradicting(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows whose birth date or sex differs from the person's first row."""
    rows = _several(frame).filter(pl.col("identity").is_not_null()).sort(ROW_NUMBER)
    marked = rows.with_columns(
        pl.col("identity").first().over("bsn").alias("first_identity"),
        pl.col(ROW_NUMBER).first().over("bsn").alias("first_row"),
    )
    return marked.filter(pl.col("identity") != pl.col("first_identity")).select(
        ROW_NUMBER, expected=pl.format("geboortedatum en geslacht als in rij {}", "first_row")
    )


_KEYED = Keyed(
    columns=("bsn", "geboortedatum", "geslacht", "datum_vanaf", "datum_tot"),
    prepare=_prepare,
    persons="bsn",
    rules=(
        KeyedRule(
            id="BRP-020",
            severity=Severity.FOUT,
            title="Verblijven van een persoon overlappen",
            explanation="Een persoon staat op een dag op een adres. Twee rijen met hetzelfde BSN beslaan dezelfde dag.",
            message="{kolom} is {gevonden}; verwacht: {verwacht}.",
            action=RESEND,
            column="datum_vanaf",
            fires=_overlapping,
        ),
        KeyedRule(
            id="BRP-021",
            severity=Severity.FOUT,
            title="Rijen van een persoon spreken elkaar tegen",
            explanation="Twee rijen met hetzelfde BSN noemen een andere geboortedatum of een ander geslacht.",
            message="{kolom} is {gevonden}; verwacht: {verwacht}.",
            action=RESEND,
            column="geboortedatum",
            fires=_contradicting,
        ),
    ),
)

BRP_V1 = Specification(version=VERSION, rows=_ROWS, keyed=_KEYED)
