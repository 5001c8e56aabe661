"""Fields, rows and keys of one delivered file, vectorised: the checking half of the baseline `bare_polars`."""

from datetime import date
from typing import NamedTuple

import polars as pl

from benchmarks.bare_form import Unreadable, text_of
from gmsd_contracts.columns import version_for
from gmsd_contracts.columns.column import Column, ColumnType
from gmsd_contracts.columns.dataset import DatasetVersion
from gmsd_contracts.period import bounds

FOREVER = date(9999, 12, 31)
TYPES = ("type_maatwerkarrangement_toewijzing", "type_maatwerkarrangement_declaratie")
_INTENSITY = ("intensiteit_volume", "intensiteit_eenheid", "intensiteit_frequentie")
_KEY = (
    "bsn", "toewijzingsnummer", *TYPES, "type_aanbieder", "leveringsvorm",
    "datum_start_daadwerkelijk", "datum_start_rechtsgeldigheid",
)  # fmt: skip
_PATTERNS = {
    ColumnType.GEMEENTE: "^(GM)?[0-9]{4}$",
    ColumnType.POSTCODE: "^[1-9][0-9]{3}[A-Z]{2}$",
    ColumnType.REGION: "^[A-Z]{2}[0-9A-Z]{2,8}$",
    ColumnType.IDENTIFIER: r"^[A-Za-z0-9._/\-]*$",
    ColumnType.NUMBER: "^[0-9]+$",
}
_HEIGHT = {"BU": 0, "kern": 1, "WK": 1, "GM": 2, "BW": 3, "JZ": 3, "CR": 3, "SK": 3, "PV": 3, "LD": 4}


class Sending(NamedTuple):
    """One file of the plan and what its sender stated."""

    dataset: str
    deliverer: str
    period: str
    part: str
    path: str | None
    nothing_to_report: bool


class Verdict(NamedTuple):
    """`rows`: the typed columns of an accepted file, None for a refused one. `counts`: how often each rule fired."""

    rows: pl.DataFrame | None
    counts: dict[str, int]


def checked(sending: Sending, raw: bytes, today: date) -> Verdict:
    """Read, type and judge one file."""
    version = version_for(sending.dataset, sending.period)
    if not raw and sending.nothing_to_report:
        return Verdict(_typed(version, pl.DataFrame({column.name: [] for column in version.columns})), {})
    try:
        text = text_of(raw, version)
    except Unreadable as rule:
        return Verdict(None, {str(rule): 1})
    if (text.height == 0) != sending.nothing_to_report:
        return Verdict(None, {"ALG-012" if text.height == 0 else "ALG-013": 1})
    given = pl.all().name.suffix("|text")
    both = pl.concat([_typed(version, text), text.select(given)], how="horizontal")
    errors = {**_fields(version), **_rows(sending, today)}
    warnings = _wmo_warnings(*bounds(sending.period)) if sending.dataset == "wmo" else {}
    fired = both.select(
        fires.fill_null(False).sum().alias(name) for name, fires in (errors | warnings).items()
    ).row(0, named=True)  # fmt: skip
    fired |= _ACROSS[sending.dataset](both)
    if sending.dataset != "brp" and both.height:
        fired["outside"] = int(both.select(_outside(sending).fill_null(False).all()).item())
    counts = {name: int(count) for name, count in fired.items() if count}
    errors_fired = counts.keys() - warnings.keys()
    return Verdict(None if errors_fired else both.select(c.name for c in version.columns), counts)


# -- fields ----------------------------------------------------------------------------------------------------------


def _typed(version: DatasetVersion, text: pl.DataFrame) -> pl.DataFrame:
    """Dates as dates, codes of gemeenten in their long form; what is at fault is null."""
    return text.select(_cell(column) for column in version.columns)


def _cell(column: Column) -> pl.Expr:
    value = pl.col(column.name).cast(pl.String)
    match column.type:
        case ColumnType.DATE:
            joined = value.str.replace(r"^(\d{4})-(\d{2})-(\d{2})$", "${1}${2}${3}")
            return pl.when(joined.str.contains("^[0-9]{8}$")).then(joined).str.to_date("%Y%m%d", strict=False)
        case ColumnType.GEMEENTE:
            value = pl.when(value.str.len_bytes() == 4).then("GM" + value).otherwise(value)
            return pl.when(value.str.contains("^GM[0-9]{4}$")).then(value).alias(column.name)
        case ColumnType.BSN:
            return pl.when(_is_person(value)).then(value).alias(column.name)
        case ColumnType.CODE:
            return pl.when(value.is_in(list(column.codes or {}))).then(value).alias(column.name)
        case _:
            return value


def _is_person(value: pl.Expr) -> pl.Expr:
    number = value.cast(pl.Int64, strict=False)
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    total = sum(
        ((number // 10 ** (8 - place)) % 10 * weight for place, weight in enumerate(weights)), start=pl.lit(0)
    )
    nine = value.str.contains("^[0-9]{9}$")
    return nine & ~value.is_in(["000000000", "999999999"]) & (total % 11 == 0)


def _fields(version: DatasetVersion) -> dict[str, pl.Expr]:
    """Per column what a field may not be."""
    rules: dict[str, pl.Expr] = {}
    groups: dict[str, list[pl.Expr]] = {}
    for column in version.columns:
        text, typed = pl.col(column.name + "|text"), pl.col(column.name)
        if column.type in (ColumnType.DATE, ColumnType.BSN, ColumnType.CODE):
            rules[f"form {column.name}"] = text.is_not_null() & typed.is_null()
        elif column.type is ColumnType.TEXT:
            rules[f"form {column.name}"] = text.str.contains(r"[\x00-\x1f\x7f-\x9f\x{fffd}]")
        else:
            rules[f"form {column.name}"] = ~text.str.contains(_PATTERNS[column.type])
        if column.type not in (ColumnType.DATE, ColumnType.BSN, ColumnType.CODE):
            rules[f"length {column.name}"] = text.str.len_chars() > column.length
        if column.required:
            rules[f"required {column.name}"] = text.is_null()
        if column.one_of:
            groups.setdefault(column.one_of, []).append(text.is_null())
    return rules | {f"one of {name}": pl.all_horizontal(empty) for name, empty in groups.items()}


# -- rows ------------------------------------------------------------------------------------------------------------


def _rows(sending: Sending, today: date) -> dict[str, pl.Expr]:
    first, last = bounds(sending.period)
    match sending.dataset:
        case "wmo":
            return _wmo_rows(sending.deliverer, last, today)
        case "brp":
            return _brp_rows(sending.part, first, last)
        case _:
            return _regio_rows()


def _interval() -> tuple[pl.Expr, pl.Expr]:
    """The actual interval when its start is filled, else the legal one."""
    actual = pl.col("datum_start_daadwerkelijk|text").is_not_null()
    return (
        pl.when(actual).then("datum_start_daadwerkelijk").otherwise("datum_start_rechtsgeldigheid"),
        pl.when(actual).then("datum_einde_daadwerkelijk").otherwise("datum_einde_rechtsgeldigheid"),
    )


def _outside(sending: Sending) -> pl.Expr:
    first, last = bounds(sending.period)
    begin, end = _interval() if sending.dataset == "wmo" else (pl.col("geldig_vanaf"), pl.col("geldig_tot"))
    return (begin > last) | (end < first)


def _empty(name: str) -> pl.Expr:
    return pl.col(name + "|text").is_null()


def _wmo_rows(gemeente: str, last: date, today: date) -> dict[str, pl.Expr]:
    made = pl.col("aanmaakdatum_bestand")
    legal = pl.col("datum_einde_rechtsgeldigheid") < pl.col("datum_start_rechtsgeldigheid")
    actual = pl.col("datum_einde_daadwerkelijk") < pl.col("datum_start_daadwerkelijk")
    no_end = _empty("datum_einde_rechtsgeldigheid") & _empty("datum_einde_daadwerkelijk")
    ancient = [
        pl.col(f"datum_start_{kind}") < date(1900, 1, 1) for kind in ("rechtsgeldigheid", "daadwerkelijk")
    ]
    part_of_three = pl.any_horizontal(map(_empty, _INTENSITY)) & ~pl.all_horizontal(map(_empty, _INTENSITY))
    return {
        "WMO-001": pl.col("gemeentecode") != gemeente,
        "WMO-002": made > today,
        "WMO-003": made != made.drop_nulls().first(),
        "WMO-010": legal,
        "WMO-011": actual,
        "WMO-014": _interval()[0] > last,
        "WMO-017": ancient[0],
        "WMO-018": ancient[1],
        "WMO-021": ~pl.col("toewijzingsnummer").str.contains("^[0-9]+$"),
        "WMO-030": ~_empty("reden_beeindiging") & no_end,
        "WMO-040": ~_empty("ambulantisering")
        & pl.all_horizontal(_empty(name) | (pl.col(name) != "15") for name in TYPES),
        "WMO-041": part_of_three,
    }


def _wmo_warnings(first: date, last: date) -> dict[str, pl.Expr]:
    begin, end = _interval()
    ends = {
        f"{rule} end without start": ~_empty(f"datum_einde_{kind}") & _empty(f"datum_start_{kind}")
        for rule, kind in (("WMO-012", "rechtsgeldigheid"), ("WMO-013", "daadwerkelijk"))
    }
    numbers = pl.col("toewijzingsnummer").is_null()
    partly = {"WMO-020": numbers.any() & ~numbers.all()}
    return {
        "WMO-004": pl.col("aanmaakdatum_bestand") < last,
        "WMO-015": (end < first) & (end >= begin),
        **ends,
        **partly,
    }


def _brp_rows(gemeente: str, first: date, last: date) -> dict[str, pl.Expr]:
    birth, death = pl.col("geboortedatum"), pl.col("datum_overlijden")
    since, until = pl.col("datum_vanaf"), pl.col("datum_tot")
    return {
        "BRP-001": pl.col("gemeentecode") != gemeente,
        "BRP-002": (since > last) | (until < first),
        "BRP-003": until < since,
        "BRP-004": pl.col("wijkcode").str.slice(2, 4) != pl.col("gemeentecode").str.slice(2),
        "BRP-005": pl.col("buurtcode").str.slice(2, 6) != pl.col("wijkcode").str.slice(2),
        "BRP-006": death < birth,
        "BRP-007": since < birth,
        "BRP-008": since > death,
        "BRP-010": birth > last,
    }


def _regio_rows() -> dict[str, pl.Expr]:
    kind = pl.col("soort")
    return {
        "REG-001": pl.col("geldig_tot") < pl.col("geldig_vanaf"),
        "REG-002": kind.is_in(["BU", "WK", "GM", "PV"]) & (pl.col("code").str.slice(0, 2) != kind),
        "REG-003": kind.is_in(["BU", "WK", "kern", "GM", "PV"]) & _empty("deel_van"),
    }


# -- across rows -----------------------------------------------------------------------------------------------------


def _wmo_across(rows: pl.DataFrame) -> dict[str, int]:
    """Rows under a key that another row has too: repetitions and contradictions alike."""
    return {"WMO-060/061": int(rows.select(pl.struct(_KEY).is_duplicated().sum()).item())}


def _brp_across(rows: pl.DataFrame) -> dict[str, int]:
    several = (
        rows.filter(pl.col("bsn").is_not_null())
        .filter(pl.col("bsn").is_duplicated())
        .sort("bsn", "datum_vanaf")
    )
    before = pl.col("datum_tot").fill_null(FOREVER).cum_max().shift(1).over("bsn")
    other = pl.struct("geboortedatum", "geslacht")
    return {
        "BRP-020": several.filter(pl.col("datum_vanaf") <= before).height,
        "BRP-021": several.filter(other != other.first().over("bsn")).height,
    }


def _regio_across(rows: pl.DataFrame) -> dict[str, int]:
    spells = rows.sort("code", "geldig_vanaf").with_columns(
        before=pl.col("geldig_tot").fill_null(FOREVER).cum_max().shift(1).over("code")
    )
    height = pl.col("soort").replace_strict(_HEIGHT, default=None, return_dtype=pl.Int8)
    named = rows.select(height.alias("own"), code=pl.col("deel_van").str.split("|")).explode("code")
    tops = rows.group_by("code").agg(height.max().alias("top"))
    parents = (
        named.with_columns(pl.col("code").str.strip_chars())
        .drop_nulls("code")
        .join(tops, on="code", how="left")
    )
    return {
        "REG-010/011": spells.filter(pl.col("geldig_vanaf") <= pl.col("before")).height,
        "REG-012/013": parents.filter(pl.col("top").is_null() | (pl.col("top") <= pl.col("own"))).height,
    }


_ACROSS = {"wmo": _wmo_across, "brp": _brp_across, "regio": _regio_across}
