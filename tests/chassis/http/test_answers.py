"""Problems and the envelope around an app: every answer is dressed, every failure is a problem, no text escapes."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import StreamingResponse
from starlette.types import Scope

from gmsd_chassis.http import problem
from gmsd_chassis.http.answers import Answers
from gmsd_chassis.http.envelope import SECURITY_HEADERS, AnswerBroken, Envelope
from gmsd_chassis.http.problem import COMMON, Entry, Fault

SECRET = "999990019"
CATALOGUE = COMMON | {
    "verzoek-ongeldig": Entry(HTTPStatus.BAD_REQUEST, "Verzoek ongeldig", "Kijk in errors."),
    "interne-fout": Entry(HTTPStatus.INTERNAL_SERVER_ERROR, "Interne fout", "Er ging iets mis."),
    "te-veel": Entry(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Te veel", "Ten hoogste {grens}."),
}


class Problem(problem.Problem, catalogue=CATALOGUE):
    """As a service binds it."""


class Site:
    """A small service and what it counted."""

    def __init__(self) -> None:
        self.slugs: list[str] = []
        self.statuses: list[int] = []
        app = FastAPI(openapi_url=None)
        answers = Answers(
            Problem,
            faults=lambda errors: [Fault(str(error["loc"][-1]), error["type"]) for error in errors],
            allow=lambda request: "GET, PUT",
            count=self.slugs.append,
        )
        answers.install(app)
        app.add_middleware(Envelope, answers=answers, headers=self.headers, answered=self.answered)

        @app.get("/goed")
        async def good(aantal: int = Query(1)) -> dict[str, int]:
            return {"aantal": aantal}

        @app.get("/eigen")
        async def own() -> StreamingResponse:
            return StreamingResponse(iter([b"x"]), headers={"Cache-Control": "public", "X-Ons": "route"})

        @app.get("/geweigerd")
        async def refused() -> None:
            raise Problem("te-veel", grens="3", headers={"Retry-After": "9"})

        @app.get("/kapot")
        async def broken() -> None:
            raise RuntimeError(SECRET)

        @app.get("/halverwege")
        async def halfway() -> StreamingResponse:
            return StreamingResponse(_breaks())

        @app.get("/kader")
        async def framework(status: int) -> None:
            raise HTTPException(status, SECRET)

        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://proef")

    def headers(self, scope: Scope) -> Mapping[str, str]:
        return {"API-Version": "9.9.9", "X-Ons": "dienst", "Referrer-Policy": "same-origin"}

    def answered(self, scope: Scope, status: int) -> None:
        self.statuses.append(status)


async def _breaks() -> AsyncIterator[bytes]:
    yield b"begin"
    raise RuntimeError(SECRET)


@pytest.fixture
def site() -> Site:
    return Site()


async def test_a_route_goes_before_its_service_and_that_before_the_rest(site: Site) -> None:
    plain, own = await site.client.get("/goed"), await site.client.get("/eigen")
    for name, value in SECURITY_HEADERS.items():
        assert plain.headers[name] == ("same-origin" if name == "Referrer-Policy" else value)
    assert (plain.headers["x-ons"], own.headers["x-ons"]) == ("dienst", "route")
    assert own.headers.get_list("cache-control") == ["public"]
    assert site.statuses == [200, 200]


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/geweigerd", 413, "te-veel"),
        ("/goed?aantal=" + SECRET + "x", 400, "verzoek-ongeldig"),
        ("/kapot", 500, "interne-fout"),
        ("/" + SECRET, 404, "niet-gevonden"),
        ("/kader?status=409", 400, "verzoek-ongeldig"),
        ("/kader?status=502", 500, "interne-fout"),
    ],
)
async def test_every_failure_is_a_dressed_problem_without_what_it_held(
    site: Site, path: str, status: int, slug: str
) -> None:
    answer = await site.client.get(path)
    body = answer.json()
    assert (answer.status_code, body["status"], body["type"]) == (status, status, "urn:nld:gmsd:fout:" + slug)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.headers["api-version"], answer.headers["cache-control"]) == ("9.9.9", "no-store")
    assert SECRET not in answer.text
    assert (site.slugs, site.statuses) == ([slug], [status])


async def test_a_problem_carries_its_values_faults_and_headers(site: Site) -> None:
    refused = await site.client.get("/geweigerd")
    assert (refused.json()["detail"], refused.headers["retry-after"]) == ("Ten hoogste 3.", "9")
    assert "errors" not in refused.json()
    invalid = await site.client.get("/goed?aantal=x")
    assert invalid.json()["errors"] == [{"plaats": "aantal", "melding": "int_parsing"}]
    assert (await site.client.delete("/goed")).headers["allow"] == "GET, PUT"


async def test_an_answer_that_breaks_off_gives_the_server_no_text(site: Site) -> None:
    with pytest.raises(AnswerBroken) as broken:
        await site.client.get("/halverwege")
    assert broken.value.args == ()
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


def test_a_catalogue_that_lacks_what_the_chassis_says_is_refused() -> None:
    with pytest.raises(TypeError, match="interne-fout, verzoek-ongeldig"):

        class Lacking(problem.Problem, catalogue=COMMON):
            pass
