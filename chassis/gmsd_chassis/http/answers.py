"""From exceptions to problem+json."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gmsd_chassis.http.problem import (
    INTERNAL,
    INVALID,
    NOT_FOUND,
    PROBLEM_JSON,
    WRONG_METHOD,
    Fault,
    Problem,
)
from gmsd_chassis.logs import log

Faults = Callable[[Sequence[Mapping[str, Any]]], Sequence[Fault]]
"""Pydantic's findings as places and words, never values."""


class Answers:
    """How one service says no: every exception of an endpoint in one form.

    `problem`: the service's own. `slugs`: for statuses of the framework beside 404 and 405. `faults`: what a request that
    does not fit its models is told; nothing without. `allow`: the methods at the request's path, where the framework does
    not know them all. `count`: called with the slug of every answer.
    """

    def __init__(
        self,
        problem: type[Problem],
        *,
        slugs: Mapping[int, str] | None = None,
        faults: Faults = lambda _: (),
        allow: Callable[[Request], str] | None = None,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._problem = problem
        self._slugs = {404: NOT_FOUND, 405: WRONG_METHOD} | dict(slugs or {})
        self._faults = faults
        self._allow = allow
        self._count = count

    def install(self, app: FastAPI) -> None:
        """Every way an endpoint can say no. What nobody foresaw is caught by the Envelope."""
        app.add_exception_handler(Problem, self._known)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(HTTPException, self._framework)

    def of(self, problem: Problem) -> JSONResponse:
        """A problem as a response."""
        self._count(problem.slug)
        return JSONResponse(problem.body(), int(problem.status), problem.headers, PROBLEM_JSON)

    def last(self) -> JSONResponse:
        """The answer to what nobody foresaw."""
        return self.of(self._problem(INTERNAL))

    async def _known(self, request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        if error.__cause__ is not None:
            log.error("answer_failed", slug=error.slug, error=error.__cause__)
        return self.of(error)

    async def _invalid(self, request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return self.of(self._problem(INVALID, faults=self._faults(error.errors())))

    async def _framework(self, request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == 405 and self._allow is not None:
            headers["Allow"] = self._allow(request)
        slug = self._slugs.get(error.status_code, INVALID if error.status_code < 500 else INTERNAL)
        return self.of(self._problem(slug, headers=headers))
