"""The classes of fault in the nation: what each is, how often it occurs, and whether the delivery must be refused.

`share` is the share of (gemeente, period) slots that show the fault, with one occurrence at least. A slot may show
several faults, one per file: the deliverer sends a faulty file, hears of it, and sends the next.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from gmsd_nation.damage import Apply, Damaged, Scene, bytewise, dating, numbers, put, setting, some_rows
from gmsd_nation.wreckage import (
    cut_row,
    extra_field,
    header_alone,
    nothing,
    null_bytes,
    open_quote,
    picture,
    sixteen_bits,
    without_header,
    zipped,
)

Expected = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One class of fault. `rule`: what it must trigger, in words; `second_only`: shows only beside an earlier period."""

    slug: str
    rule: str
    expected: Expected
    share: float
    apply: Apply
    second_only: bool = False


def _wrong_digit(rows: pl.DataFrame, scene: Scene) -> Damaged:
    at = some_rows(rows, scene)
    last = pl.col("bsn").str.slice(8).cast(pl.Int64)
    wrong = pl.concat_str(pl.col("bsn").str.slice(0, 8), ((last + 1) % 10).cast(pl.String))
    return Damaged(put(rows, at, {"bsn": wrong}), numbers(at))


def _repeat(rows: pl.DataFrame, scene: Scene, values: dict[str, str | pl.Expr] | None = None) -> Damaged:
    at = some_rows(rows, scene)
    again = rows[at]
    if values is not None:
        again = put(again, range(len(again)), values)
    extra = tuple(range(len(rows) + 1, len(rows) + len(again) + 1))
    return Damaged(pl.concat([rows, again]), extra)


def _other_intensity(rows: pl.DataFrame, scene: Scene) -> Damaged:
    return _repeat(
        rows, scene, {"intensiteit_volume": "77", "intensiteit_eenheid": "04", "intensiteit_frequentie": "2"}
    )


def _end_before_start(kind: str) -> Apply:
    start, end = f"datum_start_{kind}", f"datum_einde_{kind}"
    return dating({start: 40, end: 30})


def _wrong_gemeente(rows: pl.DataFrame, scene: Scene) -> Damaged:
    at = some_rows(rows, scene)
    return Damaged(put(rows, at, {"gemeentecode": scene.other_gemeente}), numbers(at))


def _start_after_period(rows: pl.DataFrame, scene: Scene) -> Damaged:
    at = some_rows(rows, scene)
    later = scene.date(scene.period.last - scene.period.first + 20)
    values: dict[str, str | pl.Expr] = {
        name: "" for name in rows.columns if name.startswith(("datum_einde", "reden"))
    }
    values |= {"datum_start_rechtsgeldigheid": later, "datum_start_daadwerkelijk": later}
    return Damaged(put(rows, at, values), numbers(at))


def _partly_numbered(rows: pl.DataFrame, scene: Scene) -> Damaged:
    used = bool((rows["toewijzingsnummer"] != "").any())
    at = some_rows(rows, scene, 0.3)
    value: str | pl.Expr = "" if used else (pl.int_range(pl.len()) + 500_001).cast(pl.String)
    return Damaged(put(rows, at, {"toewijzingsnummer": value}), numbers(at))


def _mixed_creation(rows: pl.DataFrame, scene: Scene) -> Damaged:
    at = [i for i in some_rows(rows, scene, 0.1) if i > 0] or [len(rows) - 1]
    return Damaged(put(rows, at, {"aanmaakdatum_bestand": scene.date(185)}), numbers(at))


def _own_bsn(column: str) -> Apply:
    return setting({column: pl.col("bsn")})


def _extra_column(rows: pl.DataFrame, scene: Scene) -> Damaged:
    return Damaged(rows.with_columns(opmerking=pl.lit("zie dossier")))


def _without(column: str) -> Apply:
    return lambda rows, scene: Damaged(rows.drop(column))


def _letter_in_date(rows: pl.DataFrame, scene: Scene) -> Damaged:
    at = some_rows(rows, scene)
    return Damaged(
        put(rows, at, {"datum_toewijzing": scene.date(3)[:4] + "O" + scene.date(3)[5:]}), numbers(at)
    )


def _impossible_date(rows: pl.DataFrame, scene: Scene) -> Damaged:
    at = some_rows(rows, scene)
    return Damaged(put(rows, at, {"datum_toewijzing": scene.date(3)[:4] + "0230"}), numbers(at))


def _cropped(rows: pl.DataFrame, scene: Scene) -> Damaged:
    running = (pl.col("datum_einde_daadwerkelijk") == "") & (
        pl.col("datum_start_daadwerkelijk") < scene.date(0)
    )
    gone = some_rows(rows, scene, 0.15, running)
    return Damaged(rows[[i for i in range(len(rows)) if i not in set(gone)]])


def _type_vanished(rows: pl.DataFrame, scene: Scene) -> Damaged:
    # Household help is the largest category, so its absence shows at any scale.
    left = rows.filter(pl.col("type_maatwerkarrangement_declaratie") != "01")
    return Damaged(left if len(left) else rows)


_NO_END = (pl.col("datum_einde_daadwerkelijk") == "") & (pl.col("datum_einde_rechtsgeldigheid") == "")
_NOT_15 = (pl.col("type_maatwerkarrangement_declaratie") != "15") & (
    pl.col("type_maatwerkarrangement_toewijzing") != "15"
)

FAULTS: tuple[Fault, ...] = (
    Fault("bsn-elfproef", "A bsn that does not pass the elfproef is refused", "reject", 0.006, _wrong_digit),
    Fault(
        "bsn-999999999",
        "999999999 and 000000000 are no persons in wmo",
        "reject",
        0.003,
        setting({"bsn": "999999999"}),
    ),
    Fault(
        "bsn-eight-digits",
        "A bsn has nine digits",
        "reject",
        0.003,
        setting({"bsn": pl.col("bsn").str.slice(1)}),
    ),
    Fault("duplicate-row", "An exact duplicate of a row", "reject", 0.006, _repeat),
    Fault(
        "duplicate-key", "Two rows with the same key and other contents", "reject", 0.003, _other_intensity
    ),
    Fault(
        "end-before-start",
        "Actual end before actual start",
        "reject",
        0.006,
        _end_before_start("daadwerkelijk"),
    ),
    Fault(
        "legal-end-before-start",
        "Legal end before legal start",
        "reject",
        0.003,
        _end_before_start("rechtsgeldigheid"),
    ),
    Fault(
        "start-after-period",
        "An arrangement that starts after the period",
        "reject",
        0.004,
        _start_after_period,
    ),
    Fault("wrong-gemeente", "gemeentecode differs from the deliverer", "reject", 0.004, _wrong_gemeente),
    Fault(
        "gemeentecode-form",
        "gemeentecode has no valid form",
        "reject",
        0.003,
        setting({"gemeentecode": "GM12"}),
    ),
    Fault(
        "aanmaakdatum-in-future",
        "aanmaakdatum_bestand lies in the future",
        "reject",
        0.003,
        setting({"aanmaakdatum_bestand": "20991231"}, share=1.0),
    ),
    Fault(
        "mixed-aanmaakdatum", "More than one aanmaakdatum_bestand in a file", "reject", 0.004, _mixed_creation
    ),
    Fault("unknown-code", "A code outside its list", "reject", 0.006, setting({"leveringsvorm": "7"})),
    Fault(
        "unknown-type",
        "A category outside WMO020",
        "reject",
        0.004,
        setting({"type_maatwerkarrangement_declaratie": "99"}),
    ),
    Fault("missing-required", "A required field is empty", "reject", 0.004, setting({"bsn": ""})),
    Fault(
        "missing-type",
        "Neither of the two types is filled",
        "reject",
        0.003,
        setting(
            {
                "type_maatwerkarrangement_toewijzing": "",
                "type_maatwerkarrangement_declaratie": "",
                "ambulantisering": "",
            }
        ),
    ),
    Fault(
        "missing-start",
        "Neither of the two starts is filled",
        "reject",
        0.003,
        setting({"datum_start_rechtsgeldigheid": "", "datum_start_daadwerkelijk": ""}),
    ),
    Fault("letters-in-date", "A date that holds a letter", "reject", 0.004, _letter_in_date),
    Fault("impossible-date", "A date that does not exist (30 February)", "reject", 0.004, _impossible_date),
    Fault(
        "ambulantisering-without-type-15",
        "ambulantisering only with type 15",
        "reject",
        0.003,
        setting({"ambulantisering": "2"}, _NOT_15),
    ),
    Fault(
        "reden-without-einddatum",
        "reden_beeindiging only with an end date",
        "reject",
        0.004,
        setting(
            {"reden_beeindiging": "19", "datum_einde_daadwerkelijk": "", "datum_einde_rechtsgeldigheid": ""},
            _NO_END,
        ),
    ),
    Fault(
        "intensiteit-incomplete",
        "Volume, unit and frequency of the intensity come together",
        "reject",
        0.003,
        setting({"intensiteit_volume": "4", "intensiteit_eenheid": "", "intensiteit_frequentie": ""}),
    ),
    Fault(
        "volume-not-whole",
        "intensiteit_volume is a whole number",
        "reject",
        0.003,
        setting({"intensiteit_volume": "2,5", "intensiteit_eenheid": "04", "intensiteit_frequentie": "2"}),
    ),
    Fault(
        "toewijzingsnummer-too-long",
        "toewijzingsnummer has at most nine digits",
        "reject",
        0.003,
        setting({"toewijzingsnummer": "202500000123"}),
    ),
    Fault(
        "bsn-in-other-column",
        "A bsn typed into a column of codes: unknown code, and never shown",
        "reject",
        0.004,
        _own_bsn("type_aanbieder"),
    ),
    Fault("no-header", "The first line holds no column names", "reject", 0.004, bytewise(without_header)),
    Fault("header-only", "No rows, and not said to be empty", "reject", 0.003, bytewise(header_alone)),
    Fault("empty-file", "No bytes, and not said to be empty", "reject", 0.003, bytewise(nothing)),
    Fault("not-csv", "Bytes that are no text", "reject", 0.003, bytewise(picture)),
    Fault("utf-16", "An encoding that is not accepted", "reject", 0.002, bytewise(sixteen_bits)),
    Fault("null-bytes", "Zero bytes in the text", "reject", 0.002, bytewise(null_bytes)),
    Fault("truncated-quote", "The file ends inside a quoted field", "reject", 0.003, bytewise(open_quote)),
    Fault("truncated-row", "The last row has too few fields", "reject", 0.003, bytewise(cut_row)),
    Fault("extra-field", "A row has more fields than the header", "reject", 0.003, bytewise(extra_field)),
    Fault("zip", "A container where a file is expected", "reject", 0.003, bytewise(zipped)),
    Fault("unknown-column", "A column that the specification does not know", "reject", 0.004, _extra_column),
    Fault("missing-column", "A required column is absent", "reject", 0.003, _without("bsn")),
    Fault(
        "partly-toewijzingsnummer",
        "toewijzingsnummer filled in part of the rows",
        "accept",
        0.006,
        _partly_numbered,
    ),
    Fault(
        "share-unknown",
        "More than 5 % of a column is unknown",
        "accept",
        0.01,
        setting({"leveringsvorm": ""}, share=0.2),
    ),
    Fault(
        "cropped-episode",
        "Running arrangements of the previous delivery are absent without an end",
        "accept",
        0.006,
        _cropped,
        True,
    ),
    Fault(
        "type-vanished",
        "No row of a category that had 20 or more the period before",
        "accept",
        0.003,
        _type_vanished,
        True,
    ),
)
"""Every class of fault that one Wmo file can show; the deviations of form that are accepted stand in `dialect`."""

UNKNOWN_PERSONS = "unknown-persons"
"""Slug of the gemeente of whose persons more than 3 % are not in the register (found when the register is joined)."""

ROWS_DROPPED = "rows-dropped"
"""Slug of an accepted redelivery that leaves out rows of the delivery before."""
