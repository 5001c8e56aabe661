"""What the chassis cannot know of intake's problems: Dutch words for wrong fields, the domain's refusals, our routes."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from gmsd_chassis.http.answers import Answers
from gmsd_chassis.http.problem import Fault
from gmsd_intake.domain.refusal import Refused
from gmsd_intake.errors import Problem
from gmsd_intake.metrics import PROBLEMS

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
    "bsn": "bevat een getal dat een burgerservicenummer kan zijn; laat het weg",
}


def faults_of(errors: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Pydantic's findings in Dutch: place and kind, never the value."""
    return tuple(Fault(_place(error), _WORDS.get(error["type"], "is ongeldig")) for error in errors)


def _place(error: Mapping[str, Any]) -> str:
    # The name of an unknown field was chosen by the client, so it may be anything.
    parts = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return ".".join(str(part) for part in parts)


def _methods_at(request: Request) -> str:
    """Starlette names the methods of the first route only; a path of ours has one route per method."""
    found: set[str] = set()
    path = request.url.path.removeprefix("/v1")
    for route in request.app.state.routes:
        if route.path_regex.match(path):
            found |= route.methods
    return ", ".join(sorted(found))


def _count(slug: str) -> None:
    PROBLEMS.inc(slug=slug)


ANSWERS = Answers(Problem, faults=faults_of, allow=_methods_at, count=_count)


async def refused(request: Request, error: Exception) -> JSONResponse:
    """What the domain refuses, as a problem."""
    assert isinstance(error, Refused)
    return ANSWERS.of(Problem.of(error))
