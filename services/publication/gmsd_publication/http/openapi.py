"""The OpenAPI document: what FastAPI cannot see in routes that read their own parameters."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gmsd_contracts.catalogue import Level, Moment, Product
from gmsd_publication.http.headers import API_VERSION
from gmsd_publication.http.names import PUBLIC_TYPES
from gmsd_publication.http.schemas import SCHEMAS


def _query(name: str, text: str, *, values: list[str] | None = None, many: bool = False) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string"} | ({"enum": values} if values else {})
    schema = {"type": "array", "items": item} if many else item
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def _path(name: str, text: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
    }


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Probleem"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


def _json(text: str, schema: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


_BAD = _problem("Een parameter klopt niet; errors noemt de parameter en wat er mag staan.")
_PRODUCTS = [product.value for product in Product]

PUBLICATIONS = {
    "summary": "Alle publicaties, de nieuwste eerst",
    "parameters": [
        _query("product", "Alleen dit product", values=_PRODUCTS),
        _query("periode", "Alleen deze periode, zoals 2025HJ02"),
        _query("actueel", "true: alleen wat nu geldt", values=["true", "false"]),
    ],
    "responses": {"200": _json("De publicaties", "Publicaties"), "400": _BAD},
}
PUBLICATION = {
    "summary": "Eén publicatie",
    "parameters": [_path("publicatieId", "Het id van de publicatie")],
    "responses": {
        "200": _json("De publicatie", "Publicatie"),
        "400": _BAD,
        "404": _problem("Deze publicatie bestaat niet."),
    },
}
AUDIT = {
    "summary": "De onthullingstoets van een publicatie, als JSON of CSV",
    "description": (
        "Tegen wie is getoetst, wat is bewezen en wat niet. Alles volgt uit wat gepubliceerd is en uit de aangekondigde rekenwijze."
    ),
    "parameters": [
        _path("publicatieId", "Het id van de publicatie"),
        _query("formaat", "Gaat voor Accept", values=["json", "csv"]),
    ],
    "responses": {
        "200": {
            "description": "De toets",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Toets"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
        "304": {"description": "Niet veranderd sinds de ETag in If-None-Match."},
        "400": _BAD,
        "404": _problem("Deze publicatie bestaat niet, of heeft geen toets."),
        "406": _problem("Geen van de gevraagde formaten is er."),
        "410": _problem("De publicatie is ingetrokken."),
    },
}
PROOF = {
    "summary": "Het bewijs bij de onthullingstoets (Arrow IPC-stroom)",
    "description": "Waarmee iedereen de toets kan overdoen. Volgt uit de publicatie; er staat geen precies aantal in.",
    "parameters": [_path("publicatieId", "Het id van de publicatie")],
    "responses": {
        "200": {
            "description": "Het bewijs",
            "content": {
                "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}}
            },
        },
        "304": {"description": "Niet veranderd sinds de ETag in If-None-Match."},
        "400": _BAD,
        "404": _problem("Deze publicatie bestaat niet, of heeft geen bewijs."),
        "410": _problem("De publicatie is ingetrokken."),
    },
}
TABLE = {
    "summary": "Een tabel, als JSON of CSV",
    "description": "Kies het formaat met Accept of met formaat. Filters mogen herhaald worden.",
    "parameters": [
        _path("tabelId", "Het id van de tabel, uit de publicatie"),
        _query("formaat", "Gaat voor Accept", values=["json", "csv"]),
        _query("regio", "Alleen deze regio's, zoals GM0344", many=True),
        _query("niveau", "Alleen deze niveaus", values=[level.value for level in Level], many=True),
        _query("moment", "Alleen dit moment", values=[moment.value for moment in Moment], many=True),
    ],
    "responses": {
        "200": _json("De tabel", "Tabel")
        | {
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Tabel"}},
                "text/csv": {"schema": {"type": "string"}},
            }
        },
        "304": {"description": "Niet veranderd sinds de ETag in If-None-Match."},
        "400": _BAD,
        "404": _problem("Deze tabel bestaat niet."),
        "406": _problem("Geen van de gevraagde formaten is er."),
        "410": _problem("De publicatie is ingetrokken."),
    },
}
EVENTS = {
    "summary": "Publicaties volgen (Server-Sent Events)",
    "description": (
        "Elk bericht is een CloudEvent (NL GOV-profiel); event is het type, id het volgnummer. Zonder Last-Event-ID begint de "
        "stroom bij het eerste volgnummer. Een volgnummer dat niet bestaat geeft event: reset; haal dan /v1/publicaties op. "
        f"Typen: {', '.join(PUBLIC_TYPES.values())}."
    ),
    "parameters": [_query("lastEventId", "Begin na dit volgnummer; de header Last-Event-ID gaat voor")],
    "responses": {"400": _BAD, "503": _problem("Er volgen te veel lezers tegelijk.")},
}
ORDER = {
    "summary": "Nu vrijgeven (platformteam)",
    "security": [{"token": []}],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Vrijgave"}}},
    },
    "responses": {
        "200": _json("Deze stand was al uitgebracht", "Publicatie"),
        "201": _json("Uitgebracht", "Publicatie"),
        "400": _BAD,
        "401": _problem("Geen geldig token."),
        "403": _problem("Het token heeft de rol platform niet."),
        "409": _problem("Nog geen cijfers, of aangehouden."),
    },
}


def install(app: FastAPI, public_url: str) -> None:
    """Give the app its own document: errors are 400, not 422; the version stands in a header of every answer."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title="GMSD publicaties",
                version=API_VERSION,
                description="Cijfers van de Gemeentelijke Monitor Sociaal Domein: publicaties, tabellen en gebeurtenissen.",
                contact={"name": "gmsd", "email": "gmsd@example.org", "url": "https://example.org/gmsd"},
                license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
                routes=app.routes,
            )
            app.openapi_schema = _finished(made, public_url)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _finished(made: dict[str, Any], public_url: str) -> dict[str, Any]:
    header = {"API-Version": {"description": "Versie van deze API", "schema": {"type": "string"}}}
    paths = {}
    for path, operations in made["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            parameters = operation.get("parameters", [])
            unique = {(parameter["in"], parameter["name"]): parameter for parameter in parameters}
            operation["parameters"] = list(unique.values())
            for response in operation["responses"].values():
                response["headers"] = header
        paths[path.removeprefix("/v1")] = operations
    made["paths"] = paths
    made["servers"] = [{"url": f"{public_url}/v1"}]
    made["components"] = {
        "schemas": SCHEMAS,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    }
    return made
