"""The ASGI app of the public API."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from gmsd_chassis.http.bearer import TokenCheck
from gmsd_chassis.http.envelope import Envelope
from gmsd_intake.domain.refusal import Refused
from gmsd_intake.http import administration, deliveries, findings, openapi, problems, upload
from gmsd_intake.http.headers import headers
from gmsd_intake.http.services import Services
from gmsd_intake.http.upload import Uploads


def create(services: Services, tokens: TokenCheck) -> FastAPI:
    """Endpoints, problems and the document, in their envelope."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = services
    app.state.tokens = tokens
    app.state.uploads = Uploads(services)
    app.state.routes = []
    for router in (upload.router, deliveries.router, findings.router, administration.router):
        app.include_router(router, prefix="/v1")
        app.state.routes += [route for route in router.routes if isinstance(route, APIRoute)]
    problems.ANSWERS.install(app)
    app.add_exception_handler(Refused, problems.refused)
    app.add_middleware(Envelope, answers=problems.ANSWERS, headers=headers)
    document: dict[str, Any] = openapi.document(app, services.base_url)

    async def published() -> JSONResponse:
        # Every website may show the documentation of a public API.
        return JSONResponse(document, headers={"Access-Control-Allow-Origin": "*"})

    app.add_api_route("/v1/openapi.json", published, include_in_schema=False)
    return app
