"""A reader of the page who is refused reads Dutch in HTML; a program keeps problem+json."""

from typing import Any

import httpx
import pytest

from gmsd_chassis.errors import ContentDamaged, TryLater
from gmsd_publication.errors import Problem
from gmsd_publication.http.apology import WORDS
from tests.publication.conftest import Site
from tests.publication.test_interface import browser, release

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def require_page(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]
    title, what = WORDS[status]
    for words in ('<html lang="nl">', f'<h1 id="fout-kop">{title}</h1>', what, '<a href="/">'):
        assert words in answer.text
    assert "openapi" not in answer.text and "{" not in answer.text


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (TryLater("log_away"), 503),
        (ContentDamaged("sha256"), 500),
        (MemoryError("999990019"), 500),
        (Problem("publicatie-ingetrokken", reden="toestemming ingetrokken"), 410),
    ],
)
async def test_the_page_says_in_html_what_is_wrong(
    site: Site, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    await release(site)

    async def fails(*args: Any) -> Any:
        raise failure

    monkeypatch.setattr(site.library, "table", fails)
    async with browser(site) as client:
        for headers in (HTML, {"Accept": "*/*"}):
            answer = await client.get("/", headers=headers)
            require_page(answer, status)
            assert "999990019" not in answer.text
        assert ("retry-after" in answer.headers) == (status == 503)
        table = (await client.get("/v1/publicaties")).json()["publicaties"][0]["tabellen"][0]["url"]
        program = await client.get(table, headers=HTML)
    assert (program.status_code, program.headers["content-type"]) == (status, "application/problem+json")


async def test_an_address_that_does_not_exist(site: Site) -> None:
    async with browser(site) as client:
        require_page(await client.get("/cijfers/999990019", headers=HTML), 404)
        require_page(await client.post("/", headers=HTML), 405)
        assert "999990019" not in (await client.get("/999990019", headers=HTML)).text
        for path, headers in (("/nergens", {"Accept": "*/*"}), ("/v1/nergens", HTML)):
            answer = await client.get(path, headers=headers)
            assert answer.headers["content-type"] == "application/problem+json", path
            assert answer.json()["status"] == 404
        assert (await client.get("/", headers=HTML)).status_code == 200
