"""`wmo` version 1: arrangements under the Wmo. Unit: person × arrangement. (GMSD protocol field list; code lists iWmo 3.2.)"""

from datetime import date

from gmsd_contracts.columns.codes import (
    AMBULANTISERING,
    LEVERINGSVORM,
    TYPE_AANBIEDER,
    WJ756,
    WMO020,
    WMO588,
    WMO757,
)
from gmsd_contracts.columns.column import DROP, KEEP, Column, ColumnType, Tag, pseudonym
from gmsd_contracts.columns.dataset import DatasetVersion


def _date(name: str, description: str, example: str, *, one_of: str | None = None) -> Column:
    return Column(
        name=name,
        type=ColumnType.DATE,
        description=description,
        example=example,
        privacy=KEEP,
        length=10,
        one_of=one_of,
    )


def _code(name: str, description: str, codes: dict[str, str], *, one_of: str | None = None) -> Column:
    return Column(
        name=name,
        type=ColumnType.CODE,
        description=description,
        example=next(iter(codes)),
        privacy=KEEP,
        length=max(map(len, codes)),
        codes=codes,
        one_of=one_of,
    )


WMO_V1 = DatasetVersion(
    name="wmo",
    version=1,
    title="Maatwerkarrangementen Wmo",
    deliverer="gemeente",
    period_kind="HJ",
    valid_from=date(2015, 1, 1),
    columns=(
        Column(
            name="gemeentecode",
            type=ColumnType.GEMEENTE,
            description="Code van de aanleverende gemeente",
            example="GM0344",
            privacy=KEEP,
            length=6,
            required=True,
        ),
        Column(
            name="aanmaakdatum_bestand",
            type=ColumnType.DATE,
            description="Datum waarop het bestand is gemaakt; in elke rij dezelfde",
            example="20250815",
            privacy=DROP,
            length=10,
            required=True,
        ),
        Column(
            name="bsn",
            type=ColumnType.BSN,
            description="Burgerservicenummer van de cliënt",
            example="999990019",
            privacy=pseudonym(Tag.PERSON),
            length=9,
            required=True,
        ),
        Column(
            name="toewijzingsnummer",
            type=ColumnType.IDENTIFIER,
            description="Eigen nummer van de toewijzing; wordt het gebruikt, dan in alle rijen",
            example="100234",
            privacy=pseudonym(Tag.TOEWIJZING),
            length=9,
        ),
        _code(
            "type_maatwerkarrangement_toewijzing", "Productcategorie bij toewijzing", WMO020, one_of="type"
        ),
        _code(
            "type_maatwerkarrangement_declaratie", "Productcategorie bij declaratie", WMO020, one_of="type"
        ),
        _code("type_aanbieder", "Soort aanbieder", TYPE_AANBIEDER),
        _date("datum_toewijzing", "Datum van de toewijzing", "20250110"),
        _date("datum_start_rechtsgeldigheid", "Eerste dag van de beschikking", "20250115", one_of="start"),
        _date("datum_einde_rechtsgeldigheid", "Laatste dag van de beschikking", "20251231"),
        _code("leveringsvorm", "Zorg in natura, pgb of anders", LEVERINGSVORM),
        _date("datum_start_daadwerkelijk", "Eerste dag van de ondersteuning", "20250120", one_of="start"),
        _date("datum_einde_daadwerkelijk", "Laatste dag van de ondersteuning", "20250601"),
        Column(
            name="intensiteit_volume",
            type=ColumnType.NUMBER,
            description="Omvang van de ondersteuning, in de eenheid en frequentie van de volgende kolommen",
            example="4",
            privacy=KEEP,
            length=9,
        ),
        _code("intensiteit_eenheid", "Eenheid van de omvang", WJ756),
        _code("intensiteit_frequentie", "Frequentie van de omvang", WMO757),
        _code("reden_beeindiging", "Reden van beëindiging; alleen met een einddatum", WMO588),
        _code("ambulantisering", "Vorm van beschermd wonen; alleen bij categorie 15", AMBULANTISERING),
    ),
)
