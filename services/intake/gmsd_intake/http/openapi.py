"""The OpenAPI document as the NL API Design Rules want it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gmsd_chassis.http.problem import PROBLEM_JSON
from gmsd_intake.http.headers import VERSION
from gmsd_intake.http.models import Probleem
from gmsd_intake.http.routes import STREAMED

_REF = {"$ref": "#/components/schemas/Probleem"}
_STATUSES = {
    "400": "Ongeldig verzoek",
    "401": "Niet aangemeld",
    "403": "Geen toegang",
    "404": "Niet gevonden",
    "409": "Kan niet in deze status",
    "500": "Interne fout",
    "503": "Tijdelijk niet beschikbaar",
}
_HEADER = {"API-Version": {"description": "Versie van de API", "schema": {"type": "string"}}}


def document(app: FastAPI, base_url: str) -> dict[str, Any]:
    """FastAPI's document, with problems as responses, the version header, and /v1 in the server instead of the paths."""
    made = get_openapi(
        title="GMSD aanlevering",
        version=VERSION,
        openapi_version="3.1.0",
        description="Bestanden aanbieden voor de Gemeentelijke Monitor Sociaal Domein, beoordelen en volgen.",
        routes=app.routes,
        servers=[{"url": f"{base_url}/v1", "description": "Deze dienst"}],
        contact={
            "name": "Platformteam GMSD",
            "email": "platform@gmsd.example",
            "url": "https://gmsd.example",
        },
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Probleem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {}) | {"Probleem": problem}
    made["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "RFC 9068"}
    }
    made["security"] = [{"bearer": []}]
    made["paths"] = {path.removeprefix("/v1"): item for path, item in made["paths"].items()}
    for item in made["paths"].values():
        for operation in item.values():
            operation.pop(STREAMED, None)
            _responses(operation["responses"])
    return made


def _responses(responses: dict[str, Any]) -> None:
    responses.pop("422", None)
    for status, text in _STATUSES.items():
        responses.setdefault(status, {"description": text, "content": {PROBLEM_JSON: {"schema": _REF}}})
    for response in responses.values():
        response.setdefault("headers", {}).update(_HEADER)
