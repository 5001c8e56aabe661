"""Every failure as problem+json."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gmsd_chassis.logs import log
from gmsd_publication.errors import Problem

_BY_STATUS = {404: "niet-gevonden", 405: "methode-niet-toegestaan", 413: "verzoek-te-groot"}


def answer(problem: Problem) -> JSONResponse:
    """The HTTP answer of a problem."""
    return JSONResponse(
        problem.body(),
        status_code=int(problem.status),
        media_type="application/problem+json",
        headers=problem.headers,
    )


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(Problem)
    async def known(request: Request, problem: Problem) -> JSONResponse:
        if problem.__cause__ is not None:
            log.error("answer_failed", slug=problem.slug, error=problem.__cause__)
        return answer(problem)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        slug = _BY_STATUS.get(
            error.status_code, "verzoek-ongeldig" if error.status_code < 500 else "interne-fout"
        )
        return answer(Problem(slug, headers=error.headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(Problem("verzoek-ongeldig"))

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Any:
        log.error("answer_failed", slug="interne-fout", error=error)
        return answer(Problem("interne-fout"))
