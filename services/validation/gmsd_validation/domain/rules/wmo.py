"""`wmo` version 1: the rules beyond the columns."""

from gmsd_contracts.columns import DATASETS
from gmsd_contracts.events.delivery_assessed_v1 import Severity
from gmsd_validation.domain.rules.duplicates import double_key, exact_double, keyed_doubles
from gmsd_validation.domain.rules.general import CONFIRM, RESEND
from gmsd_validation.domain.rules.rule import Facts, KeyedRule, Remark, Tally, TallyRule
from gmsd_validation.domain.rules.specification import Keyed, Specification
from gmsd_validation.domain.rules.wmo_rows import ROWS, TYPES, outside

VERSION = DATASETS["wmo"][0]
# Where empty means "unknown", not "does not apply". A column nobody fills is not used, which is no fault (datasets.md).
_UNKNOWN_COUNTS = ("type_aanbieder", "datum_toewijzing", "leveringsvorm", "datum_start_daadwerkelijk")
_UNKNOWN_SHARE = 0.05


def _all_outside(tally: Tally, facts: Facts) -> list[Remark]:
    if tally.rows == 0 or tally.counts["outside"] < tally.rows:
        return []
    return [
        Remark(
            None,
            f"0 van {tally.rows} rijen in de periode",
            f"arrangementen tussen {facts.first:%Y%m%d} en {facts.last:%Y%m%d}",
        )
    ]


def _partly_numbered(tally: Tally, facts: Facts) -> list[Remark]:
    filled = tally.filled["toewijzingsnummer"]
    if filled in (0, tally.rows):
        return []
    return [
        Remark("toewijzingsnummer", f"gevuld in {filled} van {tally.rows} rijen", "in alle rijen of in geen")
    ]


def _much_unknown(tally: Tally, facts: Facts) -> list[Remark]:
    remarks = []
    for column in _UNKNOWN_COUNTS:
        filled = tally.filled[column]
        unknown = tally.rows - filled
        if filled and unknown > _UNKNOWN_SHARE * tally.rows:
            found = f"leeg in {unknown} van {tally.rows} rijen"
            remarks.append(Remark(column, found, "ten hoogste 5 procent leeg"))
    return remarks


_TALLY = (
    TallyRule(
        id="WMO-016",
        severity=Severity.FOUT,
        title="Geen enkele rij valt in de periode",
        explanation="Geen arrangement overlapt de periode waarvoor is aangeleverd. Waarschijnlijk is de verkeerde periode gekozen.",
        message="Gevonden: {gevonden}; verwacht: {verwacht}.",
        action="Controleer de periode, corrigeer en lever opnieuw aan.",
        judge=_all_outside,
    ),
    TallyRule(
        id="WMO-020",
        severity=Severity.WAARSCHUWING,
        title="Toewijzingsnummer in een deel van de rijen",
        explanation="Rijen worden alleen op toewijzingsnummer samengevoegd als dat in alle rijen is gevuld; nu gebeurt het op datum.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=CONFIRM,
        judge=_partly_numbered,
    ),
    TallyRule(
        id="WMO-050",
        severity=Severity.WAARSCHUWING,
        title="Meer dan 5 procent onbekend",
        explanation="Een kolom die wel wordt gebruikt, is in meer dan 5 procent van de rijen leeg.",
        message="{kolom} is {gevonden}; verwacht: {verwacht}.",
        action=CONFIRM,
        judge=_much_unknown,
    ),
)

_KEYED = Keyed(
    columns=tuple(column.name for column in VERSION.columns),
    prepare=keyed_doubles(
        person="bsn",
        key=(
            "toewijzingsnummer",
            *TYPES,
            "type_aanbieder",
            "leveringsvorm",
            "datum_start_daadwerkelijk",
            "datum_start_rechtsgeldigheid",
        ),
    ),
    persons="bsn",
    rules=(
        KeyedRule(
            id="WMO-060",
            severity=Severity.FOUT,
            title="Rij staat er meer dan eens",
            explanation="Een eerdere rij is in alle velden gelijk. De eerste geldt; elke volgende wordt gemeld.",
            message="De rij is een herhaling; verwacht: {verwacht}.",
            action=RESEND,
            column="bsn",
            fires=exact_double,
        ),
        KeyedRule(
            id="WMO-061",
            severity=Severity.FOUT,
            title="Dubbele sleutel met andere inhoud",
            explanation="Een eerdere rij heeft dezelfde persoon, toewijzing, categorie, aanbieder, leveringsvorm en startdata, maar andere overige velden: welke geldt, is niet te bepalen.",
            message="De rij heeft dezelfde sleutel als een andere; verwacht: {verwacht}.",
            action=RESEND,
            column="bsn",
            fires=double_key,
        ),
    ),
)

WMO_V1 = Specification(
    version=VERSION,
    rows=ROWS,
    tally=_TALLY,
    keyed=_KEYED,
    key="toewijzingsnummer",
    same=("aanmaakdatum_bestand",),
    tallies={"outside": outside},
)
