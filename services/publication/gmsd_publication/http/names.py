"""From inside to outside: every Dutch name the public meets, in one place."""

from datetime import datetime

from gmsd_contracts.catalogue import Attribute, Level, Moment, Product
from gmsd_contracts.events.publication import (
    PublicationCorrected,
    PublicationHeld,
    PublicationReleased,
    PublicationRetracted,
)
from gmsd_contracts.period import bounds

PUBLIC_TYPES = {
    PublicationReleased.TYPE: "nl.gmsd.publicatie.uitgebracht.v1",
    PublicationCorrected.TYPE: "nl.gmsd.publicatie.gecorrigeerd.v1",
    PublicationRetracted.TYPE: "nl.gmsd.publicatie.ingetrokken.v1",
    PublicationHeld.TYPE: "nl.gmsd.publicatie.aangehouden.v1",
}
"""CloudEvents types of the public stream, by the internal type."""

LEVELS = {
    Level.LAND: "Nederland",
    Level.PROVINCIE: "Provincie",
    Level.GEMEENTE: "Gemeente",
    Level.WIJK: "Wijk",
    Level.BUURT: "Buurt",
}

MOMENTS = {Moment.PEILDATUM: "op de peildatum", Moment.PERIODE: "in de periode"}

PRODUCTS = {
    Product.BASIS: "Basiscijfers Wmo",
    Product.WIJK: "Wijkcijfers",
    Product.STAPELING: "Stapeling",
    Product.BESCHERMD_WONEN: "Beschermd wonen",
    Product.KOSTEN: "Kosten",
    Product.LEVENSWEG: "Levensweg",
    Product.DAKLOOSHEID: "Dakloosheid",
}

ATTRIBUTES = {
    Attribute.SHOWN: "Het aantal staat er, bewerkt zoals bij bescherming staat.",
    Attribute.BELOW: "Gepubliceerd als 0: minder dan 5, ook als het er geen zijn. Hoeveel ruimte er precies is staat in de onthullingstoets.",
    Attribute.BELOW_10: "Gepubliceerd als 0: minder dan 10, ook als het er geen zijn. Hoeveel ruimte er precies is staat in de onthullingstoets.",
    Attribute.BELOW_20: "Gepubliceerd als 0: minder dan 20, ook als het er geen zijn. Hoeveel ruimte er precies is staat in de onthullingstoets.",
    Attribute.SUPPRESSED: "Het aantal is weggelaten om herkenning te voorkomen, ook als het er geen zijn.",
    Attribute.IMPOSSIBLE: "Kan volgens de definitie niet voorkomen.",
    Attribute.NOT_DELIVERED: "Er zijn geen gegevens geleverd.",
    Attribute.NOT_APPROVED: "Er zijn gegevens geleverd, maar die zijn nog niet van kracht.",
    Attribute.NO_CONSENT: "De gemeente heeft geen toestemming gegeven om te publiceren.",
    Attribute.NO_REGION: "De regio bestond niet op de peildatum.",
}

PROTECTIONS = {
    "naastgelegen-5": "Aantallen zijn afgerond op het dichtstbijzijnde veelvoud van 5; aantallen onder 5 staan er als “<5”.",
    "sleutelafronding-5": (
        "Aantallen zijn naar boven of beneden afgerond op een veelvoud van 5. Een geheime sleutel bepaalt welke kant op, zo dat "
        "getallen die bij elkaar horen blijven optellen. Een 0 staat er als “<5”."
    ),
}

_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november",
    "december",
)  # fmt: skip
_ORDINALS = ("eerste", "tweede", "derde", "vierde")


def date_words(moment: datetime) -> str:
    """`22 november 2026`."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def period_words(period: str) -> str:
    """`tweede halfjaar van 2025`."""
    first, last = bounds(period)
    kind, number = period[4:6], int(period[6:8])
    if kind == "JJ":
        return str(first.year)
    if kind == "MM":
        return f"{_MONTHS[first.month - 1]} {first.year}"
    return f"{_ORDINALS[number - 1]} {'halfjaar' if kind == 'HJ' else 'kwartaal'} van {last.year}"


def peildatum_words(period: str) -> str:
    """The last day of a period: `31 december 2025`."""
    _, last = bounds(period)
    return f"{last.day} {_MONTHS[last.month - 1]} {last.year}"


def number_words(value: float, decimals: int = 0) -> str:
    """A number as Dutch writes it: point for thousands, comma for decimals."""
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,"))
