"""`wmo` version 1: the rules over one row."""

from datetime import date

import polars as pl

from gmsd_contracts.events.delivery_assessed_v1 import Severity
from gmsd_validation.domain.rules.general import CONFIRM, RESEND
from gmsd_validation.domain.rules.rule import (
    Facts,
    RowRule,
    Scope,
    empty,
    filled,
)

TYPES = ("type_maatwerkarrangement_toewijzing", "type_maatwerkarrangement_declaratie")
_INTENSITY = ("intensiteit_volume", "intensiteit_eenheid", "intensiteit_frequentie")
_OLDEST = date(1900, 1, 1)

# A row stands for its actual interval, or where that is not known for its legal one.
_ACTUAL = filled("datum_start_daadwerkelijk")
_START = pl.when(_ACTUAL).then("datum_start_daadwerkelijk").otherwise("datum_start_rechtsgeldigheid")
_END = pl.when(_ACTUAL).then("datum_einde_daadwerkelijk").otherwise("datum_einde_rechtsgeldigheid")


def _shown(column: str) -> pl.Expr:
    return pl.col(column).dt.strftime("%Y%m%d")


def outside(facts: Facts) -> pl.Expr:
    return (facts.last < _START) | (facts.first > _END)


def _first_creation(facts: Facts) -> date | None:
    value = facts.first_values.get("aanmaakdatum_bestand")
    return value if isinstance(value, date) else None


def _after_start(kind: str, id: str, name: str) -> RowRule:
    start, end = f"datum_start_{kind}", f"datum_einde_{kind}"
    return RowRule(
        id=id,
        severity=Severity.FOUT,
        title=f"{name} einddatum voor startdatum",
        explanation=f"Een arrangement kan niet eindigen voordat het begint ({end} voor {start}).",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column=end,
        fires=lambda facts: pl.col(end) < pl.col(start),
        expected=lambda facts: pl.format("op of na {} ({})", _shown(start), pl.lit(start)),
    )


def _end_without_start(kind: str, id: str, name: str) -> RowRule:
    start, end = f"datum_start_{kind}", f"datum_einde_{kind}"
    return RowRule(
        id=id,
        severity=Severity.WAARSCHUWING,
        title=f"{name} einddatum zonder startdatum",
        explanation=f"{end} is gevuld en {start} niet. De einddatum wordt dan niet gebruikt.",
        message="{kolom} is {gevonden} zonder startdatum; verwacht: {verwacht}.",
        action=CONFIRM,
        column=end,
        fires=lambda facts: filled(end) & empty(start),
        expected=lambda facts: f"ook een waarde in {start}",
    )


def _ancient(kind: str, id: str, name: str) -> RowRule:
    start = f"datum_start_{kind}"
    return RowRule(
        id=id,
        severity=Severity.FOUT,
        title=f"{name} startdatum voor 1900",
        explanation="Een startdatum voor 1 januari 1900 kan niet kloppen. Een onbekende datum blijft leeg.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column=start,
        fires=lambda facts: pl.col(start) < _OLDEST,
        expected=lambda facts: "een datum vanaf 19000101, of leeg",
    )


ROWS: tuple[RowRule, ...] = (
    RowRule(
        id="WMO-001",
        severity=Severity.FOUT,
        title="Gemeentecode van een andere gemeente",
        explanation="Elke rij hoort bij de gemeente die aanlevert.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="gemeentecode",
        fires=lambda facts: pl.col("gemeentecode") != facts.gemeente,
        expected=lambda facts: facts.gemeente,
    ),
    RowRule(
        id="WMO-002",
        severity=Severity.FOUT,
        title="Aanmaakdatum ligt in de toekomst",
        explanation="De datum waarop het bestand is gemaakt, ligt na vandaag.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="aanmaakdatum_bestand",
        fires=lambda facts: pl.col("aanmaakdatum_bestand") > facts.today,
        expected=lambda facts: f"uiterlijk {facts.today:%Y%m%d}",
    ),
    RowRule(
        id="WMO-003",
        severity=Severity.FOUT,
        title="Meer dan een aanmaakdatum",
        explanation="Een bestand wordt op een dag gemaakt: de aanmaakdatum is in elke rij dezelfde.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="aanmaakdatum_bestand",
        fires=lambda facts: pl.col("aanmaakdatum_bestand") != pl.lit(_first_creation(facts), dtype=pl.Date),
        expected=lambda facts: f"overal {_first_creation(facts) or facts.today:%Y%m%d}, als in de eerste rij",
        scope=Scope.CROSS,
    ),
    RowRule(
        id="WMO-004",
        severity=Severity.WAARSCHUWING,
        title="Bestand gemaakt voor het einde van de periode",
        explanation="Het bestand is gemaakt voordat de periode voorbij was en kan dus niet volledig zijn.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=CONFIRM,
        column="aanmaakdatum_bestand",
        fires=lambda facts: pl.col("aanmaakdatum_bestand") < facts.last,
        expected=lambda facts: f"op of na {facts.last:%Y%m%d}",
    ),
    _after_start("rechtsgeldigheid", "WMO-010", "Juridische"),
    _after_start("daadwerkelijk", "WMO-011", "Daadwerkelijke"),
    _end_without_start("rechtsgeldigheid", "WMO-012", "Juridische"),
    _end_without_start("daadwerkelijk", "WMO-013", "Daadwerkelijke"),
    RowRule(
        id="WMO-014",
        severity=Severity.FOUT,
        title="Arrangement begint na de periode",
        explanation="De daadwerkelijke startdatum (of anders de juridische) ligt na de laatste dag van de periode: de rij hoort bij een latere levering.",
        message="Het arrangement begint na de periode; verwacht: {verwacht}.",
        action=RESEND,
        column="datum_start_daadwerkelijk",
        fires=lambda facts: facts.last < _START,
        expected=lambda facts: pl.format(
            f"een begin uiterlijk {facts.last:%Y%m%d}, niet {{}}", _START.dt.strftime("%Y%m%d")
        ),
    ),
    RowRule(
        id="WMO-015",
        severity=Severity.WAARSCHUWING,
        title="Arrangement is voor de periode geëindigd",
        explanation="De daadwerkelijke einddatum (of anders de juridische) ligt voor de eerste dag van de periode: de rij telt in deze periode niet mee.",
        message="Het arrangement is voor de periode geëindigd; verwacht: {verwacht}.",
        action=CONFIRM,
        column="datum_einde_daadwerkelijk",
        fires=lambda facts: (facts.first > _END) & (_END >= _START),
        expected=lambda facts: pl.format(
            f"een einde vanaf {facts.first:%Y%m%d}, niet {{}}", _END.dt.strftime("%Y%m%d")
        ),
    ),
    _ancient("rechtsgeldigheid", "WMO-017", "Juridische"),
    _ancient("daadwerkelijk", "WMO-018", "Daadwerkelijke"),
    RowRule(
        id="WMO-021",
        severity=Severity.FOUT,
        title="Toewijzingsnummer bestaat niet alleen uit cijfers",
        explanation="Een toewijzingsnummer heeft ten hoogste negen cijfers.",
        message="{kolom} bevat {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="toewijzingsnummer",
        fires=lambda facts: ~pl.col("toewijzingsnummer").str.contains("^[0-9]+$"),
        expected=lambda facts: "ten hoogste negen cijfers",
    ),
    RowRule(
        id="WMO-030",
        severity=Severity.FOUT,
        title="Reden van beëindiging zonder einddatum",
        explanation="Een reden van beëindiging hoort bij een arrangement dat is geëindigd.",
        message="{kolom} is {gevonden} zonder einddatum; verwacht: {verwacht}.",
        action=RESEND,
        column="reden_beeindiging",
        fires=lambda facts: (
            filled("reden_beeindiging")
            & empty("datum_einde_rechtsgeldigheid")
            & empty("datum_einde_daadwerkelijk")
        ),
        expected=lambda facts: "een einddatum, of geen reden",
    ),
    RowRule(
        id="WMO-040",
        severity=Severity.FOUT,
        title="Ambulantisering bij een andere categorie dan 15",
        explanation="De vorm van beschermd wonen wordt alleen gevraagd bij categorie 15, beschermd wonen.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=RESEND,
        column="ambulantisering",
        fires=lambda facts: (
            filled("ambulantisering")
            & pl.all_horizontal(empty(name) | (pl.col(name) != "15") for name in TYPES)
        ),
        expected=lambda facts: "leeg, of categorie 15",
    ),
    RowRule(
        id="WMO-041",
        severity=Severity.FOUT,
        title="Intensiteit is niet volledig",
        explanation="Volume, eenheid en frequentie zeggen alleen samen iets: alle drie gevuld of alle drie leeg.",
        message="De intensiteit is niet volledig; verwacht: {verwacht}.",
        action=RESEND,
        column="intensiteit_volume",
        fires=lambda facts: (
            pl.any_horizontal(filled(name) for name in _INTENSITY)
            & pl.any_horizontal(empty(name) for name in _INTENSITY)
        ),
        expected=lambda facts: pl.concat_str(
            pl.lit("ook "),
            pl.concat_str(
                *(pl.when(empty(name)).then(pl.lit(name)) for name in _INTENSITY),
                separator=", ",
                ignore_nulls=True,
            ),
        ),
    ),
)  # fmt: skip
