"""The JSON schemas of the public documents, as OpenAPI names them."""

from typing import Any

from gmsd_contracts.catalogue import Attribute, Product

_PRODUCTS = [product.value for product in Product]
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_MOMENT = {"type": "string", "format": "date-time"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


SCHEMAS: dict[str, Any] = {
    "Probleem": _object(
        ["type", "title", "status", "detail"],
        type=_TEXT, title=_TEXT, status=_NUMBER, detail=_TEXT,
        errors={"type": "array", "items": _object(["plaats", "melding"], plaats=_TEXT, melding=_TEXT)},
    ),
    "Publicatie": _object(
        ["id", "product", "periode", "nummer", "status", "actueel", "uitgebrachtOp", "tabellen"],
        id={"type": "string", "format": "uuid"}, product={"type": "string", "enum": _PRODUCTS}, periode=_TEXT,
        nummer=_NUMBER, status={"type": "string", "enum": ["voorlopig", "nader voorlopig", "definitief"]},
        actueel={"type": "boolean"}, uitgebrachtOp=_MOMENT, bescherming=_TEXT, momentopname=_TEXT,
        exclusief={"type": "array", "items": _TEXT}, vervangt={"type": ["string", "null"]},
        ingetrokken={"type": ["object", "null"], "properties": {"op": _MOMENT, "reden": _TEXT}}, volgnummer=_NUMBER,
        tabellen={"type": "array", "items": _object(
            ["id", "indicator", "titel", "url"],
            id=_TEXT, indicator=_TEXT, titel=_TEXT, aantalRegels=_NUMBER, url=_TEXT,
        )},
        toets={"type": ["string", "null"]}, bewijs={"type": ["string", "null"]}, url=_TEXT,
    ),
    "Publicaties": _object(
        ["publicaties", "laatsteVolgnummer"],
        publicaties={"type": "array", "items": {"$ref": "#/components/schemas/Publicatie"}}, laatsteVolgnummer=_NUMBER,
    ),
    "Tabel": _object(
        ["id", "indicator", "titel", "periode", "status", "regels"],
        id=_TEXT, indicator=_TEXT, titel=_TEXT, definitie=_TEXT, eenheid=_TEXT, dimensie=_TEXT, product=_TEXT, periode=_TEXT,
        publicatie=_TEXT, nummer=_NUMBER, status=_TEXT, uitgebrachtOp=_MOMENT,
        bescherming=_object(["methode"], methode=_TEXT, uitleg=_TEXT),
        bronnen={"type": "array", "items": _TEXT}, attributen={"type": "object", "additionalProperties": _TEXT},
        exclusief={"type": "array", "items": _object(["code", "naam"], code=_TEXT, naam=_TEXT)},
        regels={"type": "array", "items": {"$ref": "#/components/schemas/Regel"}},
    ),
    "Regel": _object(
        ["moment", "regio", "niveau", "categorie", "attribuut"],
        moment=_TEXT, regio=_TEXT, regionaam=_TEXT, niveau=_TEXT, categorie=_TEXT, categorienaam=_TEXT,
        aantal={"type": ["integer", "null"]}, per1000={"type": ["number", "null"]},
        attribuut={"type": "string", "enum": [attribute.value for attribute in Attribute]},
        exclusief={"type": "array", "items": _TEXT},
        gemeentenGeteld={"type": ["integer", "null"]}, gemeentenTotaal={"type": ["integer", "null"]},
    ),
    "Toets": _object(
        ["publicatie", "methode", "aanvallers", "waarborgen", "grenzen", "conclusie", "regels"],
        publicatie=_TEXT, product=_TEXT, periode=_TEXT, nummer=_NUMBER, uitgebrachtOp=_MOMENT,
        methode=_object(["naam"], naam=_TEXT, uitleg=_TEXT),
        stappen={"type": "array", "items": _object(["niveau", "stap"], niveau=_TEXT, stap=_NUMBER)},
        eerdereUitgaven=_object(
            ["meegetoetst", "nietMeegetoetst"],
            meegetoetst={"type": "array", "items": _NUMBER}, nietMeegetoetst={"type": "array", "items": _NUMBER},
        ),
        aanvallers={"type": "array", "items": _object(
            ["code", "omschrijving"], code=_TEXT, omschrijving=_TEXT, hiervoorGemaakt={"type": "boolean"}
        )},
        waarborgen={"type": "array", "items": _TEXT}, grenzen={"type": "array", "items": _TEXT},
        betekenis={"type": "array", "items": _object(
            ["staatEr", "van", "totEnMet"],
            niveaus={"type": "array", "items": _TEXT}, staatEr=_TEXT, van=_NUMBER, totEnMet=_NUMBER,
        )},
        conclusie=_TEXT, kolommen={"type": "object", "additionalProperties": _TEXT},
        regels={"type": "array", "items": _object(
            ["indicator", "moment", "niveau", "cijfers"],
            indicator=_TEXT, moment=_TEXT, niveau=_TEXT, cijfers=_NUMBER, nullen=_NUMBER, bewezen=_NUMBER, exact=_NUMBER,
            klein=_NUMBER, onbeslist=_NUMBER, beperkt=_NUMBER, smalsteNul={"type": ["integer", "null"]},
            smalste={"type": ["integer", "null"]},
        )},
        bewijs={"type": ["string", "null"]}, url=_TEXT,
    ),
    "Vrijgave": _object(
        ["product", "periode"], product={"type": "string", "enum": _PRODUCTS}, periode=_TEXT
    ),
}  # fmt: skip
