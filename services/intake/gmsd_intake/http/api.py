"""The ASGI app of the public API."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from gmsd_intake.adapters.tokens import TokenCheck
from gmsd_intake.http import administration, deliveries, findings, openapi, problems, upload
from gmsd_intake.http.envelope import Envelope
from gmsd_intake.http.services import Services
from gmsd_intake.http.upload import Uploads


def fastapi_app(services: Services, tokens: TokenCheck) -> FastAPI:
    """The endpoints, without what every answer carries."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = services
    app.state.tokens = tokens
    app.state.uploads = Uploads(services)
    app.state.routes = []
    for router in (upload.router, deliveries.router, findings.router, administration.router):
        app.include_router(router, prefix="/v1")
        app.state.routes += [route for route in router.routes if isinstance(route, APIRoute)]
    problems.install(app)
    document: dict[str, Any] = openapi.document(app, services.base_url)

    async def published() -> JSONResponse:
        # Every website may show the documentation of a public API.
        return JSONResponse(document, headers={"Access-Control-Allow-Origin": "*"})

    app.add_api_route("/v1/openapi.json", published, include_in_schema=False)
    return app


def build(services: Services, tokens: TokenCheck) -> ASGIApp:
    """What the chassis serves."""
    return Envelope(fastapi_app(services, tokens))
