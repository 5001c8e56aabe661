"""`regio` version 1: the rules beyond the columns."""

from datetime import date

import polars as pl

from gmsd_contracts.columns import DATASETS
from gmsd_contracts.events.delivery_assessed_v1 import Severity
from gmsd_validation.domain.rules.duplicates import at_fault, hashed
from gmsd_validation.domain.rules.general import CONFIRM, RESEND
from gmsd_validation.domain.rules.rule import (
    ROW_NUMBER,
    Facts,
    KeyedRule,
    Remark,
    RowRule,
    Tally,
    TallyRule,
    empty,
)
from gmsd_validation.domain.rules.specification import Keyed, Specification

VERSION = DATASETS["regio"][0]
_OPEN = date(9999, 12, 31)

# The height of each kind of region: a region lies in higher ones only. Regions that lie across the provinces (BW, JZ,
# CR, SK) stand between gemeente and country.
_HEIGHT = {"BU": 0, "kern": 1, "WK": 1, "GM": 2, "BW": 3, "JZ": 3, "CR": 3, "SK": 3, "PV": 3, "LD": 4}
_NEED_PARENT = ("BU", "WK", "kern", "GM", "PV")
_PREFIXED = ("BU", "WK", "GM", "PV")


def _outside(facts: Facts) -> pl.Expr:
    return (pl.col("geldig_vanaf") > facts.last) | (pl.col("geldig_tot") < facts.first)


_ROWS = (
    RowRule(
        id="REG-001",
        severity=Severity.FOUT,
        title="Laatste dag voor eerste dag",
        explanation="Een regio kan niet ophouden te bestaan voordat zij bestaat.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="geldig_tot",
        fires=lambda facts: pl.col("geldig_tot") < pl.col("geldig_vanaf"),
        expected=lambda facts: pl.format("op of na {}", pl.col("geldig_vanaf").dt.strftime("%Y%m%d")),
    ),
    RowRule(
        id="REG-002",
        severity=Severity.FOUT,
        title="Code past niet bij de soort",
        explanation="De code van een buurt, wijk, gemeente of provincie begint met de letters van de soort.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="code",
        fires=lambda facts: (
            pl.col("soort").is_in(_PREFIXED) & (pl.col("code").str.slice(0, 2) != pl.col("soort"))
        ),
        expected=lambda facts: pl.format("een code die met {} begint", "soort"),
    ),
    RowRule(
        id="REG-003",
        severity=Severity.FOUT,
        title="Regio is nergens deel van",
        explanation="Een buurt, wijk, kern, gemeente of provincie ligt in een hogere regio; zonder deel_van telt zij daarin niet mee.",
        message="{kolom} is leeg; verwacht: {verwacht}.",
        action=RESEND,
        column="deel_van",
        fires=lambda facts: pl.col("soort").is_in(_NEED_PARENT) & empty("deel_van"),
        expected=lambda facts: "de code van een hogere regio",
    ),
    RowRule(
        id="REG-004",
        severity=Severity.WAARSCHUWING,
        title="Regio bestaat niet in de periode",
        explanation="De regio bestaat op geen dag van de periode en wordt daarin niet gebruikt.",
        message="De regio bestaat niet in de periode; verwacht: {verwacht}.",
        action=CONFIRM,
        column="geldig_vanaf",
        fires=_outside,
        expected=lambda facts: f"een dag tussen {facts.first:%Y%m%d} en {facts.last:%Y%m%d}",
    ),
)


def _all_outside(tally: Tally, facts: Facts) -> list[Remark]:
    if tally.rows == 0 or tally.counts["outside"] < tally.rows:
        return []
    return [
        Remark(
            None,
            f"0 van {tally.rows} regio's in de periode",
            f"regio's die bestaan tussen {facts.first:%Y%m%d} en {facts.last:%Y%m%d}",
        )
    ]


_TALLY = (
    TallyRule(
        id="REG-005",
        severity=Severity.FOUT,
        title="Geen enkele regio bestaat in de periode",
        explanation="Waarschijnlijk is de verkeerde periode gekozen.",
        message="Gevonden: {gevonden}; verwacht: {verwacht}.",
        action="Controleer de periode, corrigeer en lever opnieuw aan.",
        judge=_all_outside,
    ),
)


def _prepare(typed: pl.DataFrame, text: pl.DataFrame) -> pl.DataFrame:
    """A row per region under its own code (`parent_of` null), and one per parent it names under the parent's code."""
    kept = (ROW_NUMBER, "code", "since", "until", "height", "parent_of")
    regions = typed.select(
        pl.col(ROW_NUMBER),
        pl.col("code"),
        # Without a readable end the interval is unknown, not open.
        pl.when(~at_fault(typed, text, "geldig_tot")).then("geldig_vanaf").alias("since"),
        pl.col("geldig_tot").fill_null(_OPEN).alias("until"),
        pl.col("soort").replace_strict(_HEIGHT, default=None, return_dtype=pl.Int8).alias("height"),
        pl.lit(None, dtype=pl.Int8).alias("parent_of"),
        pl.col("deel_van"),
    )
    parents = (
        regions.filter(pl.col("deel_van").is_not_null())
        .with_columns(pl.col("deel_van").str.split("|"))
        .explode("deel_van")
        .with_columns(
            pl.col("height").fill_null(-1).alias("parent_of"),
            pl.col("deel_van").str.strip_chars().alias("code"),
        )
    )
    both = pl.concat([regions.select(kept), parents.select(kept)])
    return both.with_columns(hashed(both, ("code",), 41).alias("_key"))


def _regions(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("parent_of").is_null() & pl.col("code").is_not_null())


def _double(frame: pl.DataFrame) -> pl.DataFrame:
    """Every region after the first with its code and first day."""
    rows = _regions(frame).filter(pl.col("since").is_not_null()).sort(ROW_NUMBER)
    marked = rows.with_columns(pl.col(ROW_NUMBER).first().over("code", "since").alias("first_row"))
    return marked.filter(pl.col(ROW_NUMBER) != pl.col("first_row")).select(
        ROW_NUMBER, expected=pl.format("één keer per eerste dag, nu ook in rij {}", "first_row")
    )


def _overlapping(frame: pl.DataFrame) -> pl.DataFrame:
    """A region with an earlier first day under the same code that still existed."""
    rows = _regions(frame).filter(pl.col("since") <= pl.col("until")).sort("code", "since", ROW_NUMBER)
    marked = rows.with_columns(
        pl.col("until").cum_max().shift(1).over("code").alias("before"),
        pl.col("since").shift(1).over("code").alias("since_before"),
    )
    return marked.filter(
        (pl.col("since") <= pl.col("before")) & (pl.col("since") != pl.col("since_before"))
    ).select(ROW_NUMBER, expected=pl.lit("geen dag waarop dezelfde code al bestaat"))


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Every named parent, with the least height under its code (null: no such region)."""
    heights = (
        _regions(frame).group_by("code").agg(pl.col("height").max().alias("top"), pl.len().alias("known"))
    )
    return frame.filter(pl.col("parent_of").is_not_null()).join(heights, on="code", how="left")


def _orphan(frame: pl.DataFrame) -> pl.DataFrame:
    return (
        _named(frame)
        .filter(pl.col("known").is_null())
        .select(ROW_NUMBER, expected=pl.lit("alleen codes die ook een rij van het bestand zijn"))
    )


def _not_higher(frame: pl.DataFrame) -> pl.DataFrame:
    return (
        _named(frame)
        .filter((pl.col("parent_of") >= 0) & (pl.col("top") <= pl.col("parent_of")))
        .select(ROW_NUMBER, expected=pl.lit("een regio van een hogere soort"))
    )


_KEYED = Keyed(
    columns=("code", "soort", "geldig_vanaf", "geldig_tot", "deel_van"),
    prepare=_prepare,
    rules=(
        KeyedRule(
            id="REG-010",
            severity=Severity.FOUT,
            title="Code en eerste dag staan er meer dan eens",
            explanation="Een code met een eerste dag wijst een regio aan en komt een keer voor.",
            message="{kolom} is {gevonden}; verwacht: {verwacht}.",
            action=RESEND,
            column="code",
            fires=_double,
        ),
        KeyedRule(
            id="REG-011",
            severity=Severity.FOUT,
            title="Code geldt twee keer op dezelfde dag",
            explanation="De geldigheid van twee rijen met dezelfde code overlapt.",
            message="{kolom} is {gevonden}; verwacht: {verwacht}.",
            action=RESEND,
            column="geldig_vanaf",
            fires=_overlapping,
        ),
        KeyedRule(
            id="REG-012",
            severity=Severity.FOUT,
            title="Hogere regio staat niet in het bestand",
            explanation="Elke code in deel_van is ook een rij van het bestand.",
            message="{kolom} is {gevonden}; verwacht: {verwacht}.",
            action=RESEND,
            column="deel_van",
            fires=_orphan,
        ),
        KeyedRule(
            id="REG-013",
            severity=Severity.FOUT,
            title="Regio is deel van een regio die niet hoger is",
            explanation="Een buurt ligt in een wijk, een wijk in een gemeente, een gemeente in een provincie of een andere regio, en die in het land.",
            message="{kolom} is {gevonden}; verwacht: {verwacht}.",
            action=RESEND,
            column="deel_van",
            fires=_not_higher,
        ),
    ),
)

REGIO_V1 = Specification(
    version=VERSION, rows=_ROWS, tally=_TALLY, keyed=_KEYED, tallies={"outside": _outside}
)
