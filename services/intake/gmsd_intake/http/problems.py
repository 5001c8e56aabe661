"""From exceptions to problem+json."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gmsd_intake.domain.refusal import Refused
from gmsd_intake.errors import Fault, Problem
from gmsd_intake.http.envelope import PROBLEM_JSON, problem_answer

_WORDS = {
    "missing": "ontbreekt",
    "json_invalid": "is geen geldige JSON",
    "extra_forbidden": "is een onbekend veld",
    "string_pattern_mismatch": "heeft niet de juiste vorm",
    "string_too_long": "is te lang",
    "string_too_short": "is te kort",
    "uuid_parsing": "is geen kenmerk van een levering",
    "enum": "is geen van de toegestane waarden",
    "literal_error": "is geen van de toegestane waarden",
    "bool_type": "moet true of false zijn",
    "bool_parsing": "moet true of false zijn",
    "int_parsing": "is geen geheel getal",
    "greater_than_equal": "is te klein",
    "less_than_equal": "is te groot",
    "too_long": "heeft te veel onderdelen",
    "date_from_datetime_parsing": "is geen datum (JJJJ-MM-DD)",
    "date_parsing": "is geen datum (JJJJ-MM-DD)",
    "value_error": "is ongeldig",
}
_FRAMEWORK = {404: "niet-gevonden", 405: "methode-niet-toegestaan"}


def install(app: FastAPI) -> None:
    """Every way an endpoint can say no ends in one form."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)


def answer(problem: Problem) -> JSONResponse:
    """A problem as a response."""
    status, body, headers = problem_answer(problem)
    return JSONResponse(body, status, headers, media_type=PROBLEM_JSON)


def faults_of(errors: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Pydantic's findings in Dutch: place and kind, never the value."""
    return tuple(Fault(_place(error), _WORDS.get(error["type"], "is ongeldig")) for error in errors)


def _place(error: Mapping[str, Any]) -> str:
    # The name of an unknown field was chosen by the client, so it may be anything.
    parts = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return ".".join(str(part) for part in parts)


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return answer(error)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return answer(Problem.of(error))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return answer(Problem("verzoek-ongeldig", faults=faults_of(error.errors())))


def _methods_at(request: Request) -> str:
    """Starlette names the methods of the first route only; a path of ours has one route per method."""
    found: set[str] = set()
    path = request.url.path.removeprefix("/v1")
    for route in request.app.state.routes:
        if route.path_regex.match(path):
            found |= route.methods
    return ", ".join(sorted(found))


async def _framework(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    allow = {"Allow": _methods_at(request)} if error.status_code == 405 else {}
    slug = _FRAMEWORK.get(error.status_code)
    if slug is None:
        slug = "verzoek-ongeldig" if error.status_code < 500 else "interne-fout"
    return answer(Problem(slug, headers=allow))
