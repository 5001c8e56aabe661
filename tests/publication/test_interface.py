"""The public interface over HTTP: documents, tables, problems and the stream."""

import asyncio
import csv
import io
import json
import re
from typing import Any

import httpx
import pytest

from gmsd_contracts.events.publication import PublicationReleased
from tests.publication.conftest import Site
from tests.publication.world import PERIOD, consent, populated, snapshot


def browser(site: Site) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=site.url, timeout=10)


async def release(site: Site, name: str = "a", seed: int = 1, period: str = PERIOD) -> PublicationReleased:
    await site.say(await snapshot(site.content, populated(seed=seed), name, period))
    await site.look()
    newest: PublicationReleased = site.log.said(PublicationReleased)[-1]
    return newest


async def test_lists_of_publications(site: Site) -> None:
    async with browser(site) as client:
        empty = await client.get("/v1/publicaties")
        assert empty.json() == {"publicaties": [], "laatsteVolgnummer": 0}
        await release(site)
        await release(site, "b", 2)
        other = await release(site, "c", 3, "2026HJ01")
        await asyncio.sleep(0.3)
        listed = await client.get("/v1/publicaties")
        found = listed.json()["publicaties"]
        assert [(one["periode"], one["nummer"], one["actueel"], one["status"]) for one in found] == [
            ("2026HJ01", 1, True, "voorlopig"),
            (PERIOD, 2, True, "definitief"),
            (PERIOD, 1, False, "definitief"),
        ]
        assert listed.json()["laatsteVolgnummer"] == 3
        assert [table["indicator"] for table in found[0]["tabellen"]] == ["U1", "U2", "P1"]
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", found[0]["uitgebrachtOp"])
        assert listed.headers["api-version"] == "1.0.0"
        assert listed.headers["access-control-allow-origin"] == "*"
        again = await client.get("/v1/publicaties", headers={"If-None-Match": listed.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        one = await client.get("/v1/publicaties", params={"periode": "2026HJ01", "actueel": "true"})
        assert [each["id"] for each in one.json()["publicaties"]] == [str(other.release_id)]
        single = await client.get(f"/v1/publicaties/{other.release_id}")
        assert single.json() == found[0]
        assert (await client.get(found[0]["tabellen"][0]["url"], params={"niveau": "LD"})).status_code == 200


async def test_a_table_as_json_and_csv(site: Site) -> None:
    await site.say(consent("GM0141", False, 1))
    await release(site)
    where = f"/v1/tabellen/basis-{PERIOD}-1-U1"
    async with browser(site) as client:
        table = await client.get(where, params={"regio": "GM0344,NL01,GM0141", "moment": "peildatum"})
        body = table.json()
        assert (body["titel"], body["status"], body["nummer"]) == (
            "Cliënten met een maatwerkarrangement Wmo",
            "voorlopig",
            1,
        )
        assert body["exclusief"] == [{"code": "GM0141", "naam": "Almelo"}]
        assert len(body["regels"]) == 3 * 23
        rows = {(row["regio"], row["categorie"]): row for row in body["regels"]}
        land = rows["NL01", "totaal"]
        assert (land["regionaam"], land["exclusief"]) == ("Nederland", ["GM0141"])
        assert (land["gemeentenGeteld"], land["gemeentenTotaal"]) == (7, 8)
        assert rows["GM0141", "01"] | {"regio": 0} == {
            "moment": "peildatum", "regio": 0, "regionaam": "Almelo", "niveau": "GM", "categorie": "01",
            "categorienaam": "Hulp bij het huishouden", "aantal": None, "per1000": None, "attribuut": "geen toestemming",
            "exclusief": [], "gemeentenGeteld": None, "gemeentenTotaal": None,
        }  # fmt: skip
        utrecht = rows["GM0344", "totaal"]
        people = (await client.get(where.replace("U1", "P1"), params={"regio": "GM0344"})).json()["regels"][
            -1
        ]
        assert people["categorie"] == "totaal"
        assert utrecht["per1000"] == pytest.approx(1000 * utrecht["aantal"] / people["aantal"], abs=0.051)
        assert utrecht["aantal"] % 5 == 0

        for given in ({"headers": {"Accept": "text/csv"}}, {"params": {"formaat": "csv"}}):
            text = await client.get(where, **given)  # type: ignore[arg-type]
            assert text.headers["content-type"].startswith("text/csv")
            lines = list(csv.DictReader(io.StringIO(text.text)))
            assert len(lines) == site.log.said(PublicationReleased)[0].tables[0].rows
        same = next(
            line for line in lines
            if (line["regio"], line["moment"], line["categorie"]) == ("GM0344", "peildatum", "totaal")
        )  # fmt: skip
        assert (int(same["aantal"]), float(same["per1000"])) == (utrecht["aantal"], utrecht["per1000"])
        assert next(line for line in lines if line["regio"] == "NL01")["exclusief"] == "GM0141"
        assert "public" in table.headers["cache-control"]
        fresh = await client.get(table.url, headers={"If-None-Match": table.headers["etag"]})
        assert fresh.status_code == 304
        assert (await client.get(where, params={"regio": "GM0344"})).headers["etag"] != table.headers["etag"]


@pytest.mark.parametrize(
    ("path", "status", "place", "allowed"),
    [
        ("/v1/publicaties?product=wmo", 400, "product", "basis, wijk"),
        ("/v1/publicaties?periode=2025HJ03", 400, "periode", "2025HJ02"),
        ("/v1/publicaties?actueel=ja", 400, "actueel", "true, false"),
        ("/v1/publicaties?jaar=2025", 400, "query", "product, periode"),
        ("/v1/publicaties?periode=2025HJ01&periode=2025HJ02", 400, "periode", "één keer"),
        ("/v1/tabellen/basis-2025HJ02-1-U1?formaat=xlsx", 400, "formaat", "json, csv"),
        ("/v1/tabellen/basis-2025HJ02-1-U1?niveau=GM,XX", 400, "niveau", "BU, WK, GM, PV, LD"),
        ("/v1/tabellen/basis-2025HJ02-1-U1?moment=nu", 400, "moment", "peildatum, periode"),
        ("/v1/tabellen/basis-2025HJ02-1-U1?regio=GM9999", 400, "regio", "GM0344"),
        ("/v1/gebeurtenissen?vanaf=1", 400, "query", "lastEventId"),
        ("/v1/publicaties/1", 404, None, ""),
        ("/v1/publicaties/6e7c2a30-0000-4000-8000-000000000000", 404, None, ""),
        ("/v1/tabellen/basis-2025HJ02-2-U1", 404, None, ""),
        ("/v1/tabellen/basis-2025HJ02-1-regio", 404, None, ""),
        ("/v1/tabellen/basis-2025HJ02-1-U7", 404, None, ""),
        ("/v1/tabellen/999990019", 404, None, ""),
        ("/v1/nergens", 404, None, ""),
        ("/static/0/stijl.css", 404, None, ""),
    ],
)
async def test_problems_name_the_parameter_and_what_is_allowed(
    site: Site, path: str, status: int, place: str | None, allowed: str
) -> None:
    await release(site)
    async with browser(site) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body) and body["status"] == status
    if place is not None:
        assert [fault["plaats"] for fault in body["errors"]] == [place]
        assert allowed in body["errors"][0]["melding"]
    assert "GM9999" not in answer.text and "2025HJ03" not in answer.text and "999990019" not in answer.text


async def test_other_refusals(site: Site) -> None:
    await release(site)
    async with browser(site) as client:
        picky = await client.get(f"/v1/tabellen/basis-{PERIOD}-1-U1", headers={"Accept": "image/png"})
        assert (picky.status_code, picky.json()["title"]) == (406, "Formaat niet beschikbaar")
        assert (await client.delete("/v1/publicaties")).status_code == 405
        assert (await client.post("/v1/vrijgaven", content=b"{}")).status_code == 401
        for bad in ("Basic abc", "Bearer x.y", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30."):
            refused = await client.post("/v1/vrijgaven", content=b"{}", headers={"Authorization": bad})
            assert refused.status_code == 401 and "a.b.c" not in refused.text


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    async with browser(site) as client:
        for path in ("/", "/v1/publicaties", "/v1/nergens", "/v1/openapi.json"):
            headers = (await client.get(path)).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "strict-transport-security" in headers


async def test_a_retracted_table_is_gone_and_its_history_stays(site: Site) -> None:
    first = await release(site)
    async with browser(site) as client:
        table = f"/v1/tabellen/basis-{PERIOD}-1-U1"
        tag = (await client.get(table)).headers["etag"]
        await site.say(consent("GM0344", False, 1))
        await site.look()
        gone = await client.get(table, headers={"If-None-Match": tag})
        assert gone.status_code == 410
        assert "toestemming ingetrokken" in gone.json()["detail"]
        assert "no-store" in gone.headers["cache-control"]
        old = (await client.get(f"/v1/publicaties/{first.release_id}")).json()
        assert old["ingetrokken"]["reden"] == "toestemming ingetrokken"
        assert old["tabellen"] == [] and old["actueel"] is False
        assert (await client.get(table.replace("-1-", "-2-"))).status_code == 200


async def read_stream(
    site: Site, wanted: int, last: str | None = None, query: str = ""
) -> list[dict[str, str]]:
    """Messages of the stream until there are `wanted` with data."""
    headers = {} if last is None else {"Last-Event-ID": last}
    messages: list[dict[str, str]] = []
    async with (
        browser(site) as client,
        client.stream("GET", f"/v1/gebeurtenissen{query}", headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        current: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if not line:
                if "data" in current:
                    messages.append(current)
                current = {}
                if len(messages) >= wanted:
                    return messages
                continue
            name, _, value = line.partition(":")
            current[name or "comment"] = value.strip()
    return messages


async def test_the_stream_replays_resumes_and_goes_live(site: Site) -> None:
    await release(site)
    await site.say(consent("GM0344", False, 1))
    await site.look()
    await asyncio.sleep(0.3)
    messages = await asyncio.wait_for(read_stream(site, 3), 10)
    assert [message["id"] for message in messages] == ["1", "2", "3"]
    assert [message["event"] for message in messages] == [
        "nl.gmsd.publicatie.uitgebracht.v1", "nl.gmsd.publicatie.ingetrokken.v1", "nl.gmsd.publicatie.uitgebracht.v1",
    ]  # fmt: skip
    said: dict[str, Any] = json.loads(messages[0]["data"])
    assert said["specversion"] == "1.0" and said["type"] == messages[0]["event"]
    assert re.fullmatch(r"urn:nld:oin:\d{20}:systeem:publication", said["source"])
    assert said["data"]["tabellen"] == [
        f"basis-{PERIOD}-1-U1",
        f"basis-{PERIOD}-1-U2",
        f"basis-{PERIOD}-1-P1",
    ]
    async with browser(site) as client:
        assert (await client.get(said["dataref"])).json()["id"] == said["data"]["publicatie"]

    resumed = await asyncio.wait_for(read_stream(site, 1, last="2"), 10)
    assert [message["id"] for message in resumed] == ["3"]
    live = asyncio.create_task(read_stream(site, 1, query="?lastEventId=3"))
    await asyncio.sleep(0.5)
    assert not live.done()
    await release(site, "b", 7)
    assert [message["id"] for message in await asyncio.wait_for(live, 10)] == ["4"]


@pytest.mark.parametrize("last", ["99", "-1", "twee", "1.0", "٣"])
async def test_an_unknown_position_gives_a_reset_without_id(site: Site, last: str) -> None:
    await release(site)
    await asyncio.sleep(0.3)
    messages = await asyncio.wait_for(read_stream(site, 1, query=f"?lastEventId={last}"), 10)
    assert messages[0]["event"] == "reset" and "id" not in messages[0]
    assert json.loads(messages[0]["data"])["laatsteVolgnummer"] == 1


async def test_heartbeats_carry_no_id(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.1)
    async with browser(site) as client, client.stream("GET", "/v1/gebeurtenissen") as answer:
        lines = []
        async for line in answer.aiter_lines():
            lines.append(line)
            if line.startswith(": ping"):
                break
    assert not any(line.startswith("id") for line in lines)
    assert any(line.startswith("retry:") for line in lines)


async def test_streams_end_when_the_service_stops(site: Site) -> None:
    reading = asyncio.create_task(read_stream(site, 1))
    await asyncio.sleep(0.4)
    assert site.feed.readers == 1
    site.feed.stopping.set()
    assert await asyncio.wait_for(reading, 5) == []


async def test_the_description_names_every_route_and_problem(site: Site) -> None:
    async with browser(site) as client:
        document = (await client.get("/v1/openapi.json")).json()
    assert set(document["paths"]) == {
        "/publicaties", "/publicaties/{publicatieId}", "/publicaties/{publicatieId}/toets",
        "/publicaties/{publicatieId}/bewijs", "/tabellen/{tabelId}", "/gebeurtenissen", "/vrijgaven",
    }  # fmt: skip
    assert document["servers"] == [{"url": "/v1"}] and document["info"]["version"] == "1.0.0"
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["operationId"] and "422" not in operation["responses"]
            assert "400" in operation["responses"]
            assert all("API-Version" in response["headers"] for response in operation["responses"].values())
    refs = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert refs <= set(document["components"]["schemas"])


async def test_a_number_of_somebody_is_never_said_back(site: Site) -> None:
    for released in (False, True):
        if released:
            await release(site)
        async with browser(site) as client:
            for path in (
                "/?gemeente=999990019",
                "/?vergelijk=x999990019",
                "/v1/publicaties?periode=999990019",
                "/999990019",
            ):
                assert "999990019" not in (await client.get(path)).text
