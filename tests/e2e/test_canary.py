"""Marked citizen service numbers are delivered in every way anybody could; then everything there is gets searched for them."""

import asyncio
import base64
import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt

from gmsd_cli.client import Sending
from gmsd_cli.local.keys import signing_key
from gmsd_cli.local.tokens import AUDIENCE, CLIENT, ISSUER, issue_token
from gmsd_contracts.topics import SERVICES, TOPICS
from tests.e2e.faults import Raw, append, quarantined, reached, records, settled
from tests.e2e.stage import PERIODS, Stage, register, small_nation, stage
from tests.e2e.traces import Search, marked_numbers, warehouse_dump

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

CLIENTS = marked_numbers(300)
STRAYS = marked_numbers(200, skip=300)
"""Typed where no number of a person belongs: names, addresses, tokens, headers."""
ON_THE_BUS = marked_numbers(3, skip=500)
"""In a body that somebody else put on the bus. Quarantine keeps it as it came, so there and on that topic it may stand."""
LOG_FILES = re.compile(r"kafka/.*(deliveries|quarantine)[^/]*/[0-9]+\.(log|timeindex|index)")


@dataclass
class Scene:
    """The platform after everything was thrown at it, and what it answered."""

    stage: Stage
    search: Search
    refused: int


def strays() -> Iterator[str]:
    """A fresh number each time."""
    yield from map(str, STRAYS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    root = tmp_path_factory.mktemp("canary")
    plan = small_nation(root, seed=5, scale=0.007, gemeenten=10, marked=CLIENTS)
    delivered = b"".join(sending.path.read_bytes() for sending in plan if sending.path)
    assert all(delivered.count(str(number).encode()) > 2 for number in CLIENTS), (
        "typed into other columns too"
    )
    search = Search([*CLIENTS, *STRAYS, *ON_THE_BUS])
    async with stage(root) as running:
        await register(running, plan)
        await running.deliver(plan)
        fresh = strays()
        refused = await wrong_files(running, plan, root, fresh)
        refused += await wrong_requests(running, plan, fresh, search)
        await on_the_bus(running)
        await running.releases()
        await settled(running.platform)
        yield Scene(running, search, refused)


async def wrong_files(stage: Stage, plan: list[Sending], root: Path, fresh: Iterator[str]) -> int:
    """Without a header, with numbers as column names, in quotes, in another encoding, by a wrong separator; how many."""
    lines: dict[str, bytes] = {}
    big = max((s for s in plan if s.dataset == "wmo" and s.path), key=_usable)
    assert _usable(big) > 10_000
    assert big.path is not None
    whole = big.path.read_bytes()
    header, _, rows = whole.partition(b"\n")
    lines["no header"] = rows
    lines["numbers as header"] = b";".join(next(fresh).encode() for _ in range(12)) + b"\n" + rows
    lines["utf-16"] = whole.decode("latin-1").encode("utf-16")
    lines["open quote"] = header + b'\n"' + rows
    lines["one column"] = b"\n".join(row.replace(b";", b"|") for row in whole.split(b"\n"))
    lines["html"] = f"<html><body>{next(fresh)}</body></html>".encode()
    number = next(fresh)
    lines["in words"] = (
        header + b"\n" + rows.replace(b";", f";{number[:3]} {number[3:6]} {number[6:]};".encode(), 3)
    )
    for what, data in lines.items():
        path = root / f"{what}.csv"
        path.write_bytes(data)
        receipt = await stage.client.deliver(Sending("wmo", big.deliverer, big.period, path=path))
        full = await reached(stage.client, receipt["id"], {"AFGEKEURD", "TE_BEOORDELEN", "MISLUKT"})
        assert full["status"] == "AFGEKEURD", (what, full["status"])
    return len(lines)


def _usable(sending: Sending) -> int:
    """Bytes, if it has lines with semicolons and a marked client."""
    data = sending.path.read_bytes() if sending.path else b""
    is_plain = data.count(b"\n") > 20 and data.count(b";") > 200
    return len(data) if is_plain and any(str(number).encode() in data for number in CLIENTS) else 0


async def wrong_requests(stage: Stage, plan: list[Sending], fresh: Iterator[str], search: Search) -> int:
    """Numbers in every part of a request, to every service; each answer is searched. How many."""
    who = next(s.deliverer for s in plan if s.dataset == "wmo")
    intake, publication = stage.platform.url("intake"), stage.platform.url("publication")
    mine, platform = _bearer(stage, {}, who), _bearer(stage, {}, None)
    upload = f"{intake}/v1/leveringen"
    stated = {"bestandssoort": "wmo", "periode": PERIODS[0]}
    asked: list[tuple[str, str, dict[str, Any]]] = []

    def ask(method: str, url: str, **request: Any) -> None:
        asked.append((method, url, request))

    for url in (intake, publication, *(stage.platform.url(name) for name in SERVICES[1:4])):
        ask("GET", f"{url}/{next(fresh)}")
        ask("GET", f"{url}/health/ready", params={"bsn": next(fresh)})
        ask("POST", f"{url}/metrics", content=next(fresh), headers={"User-Agent": next(fresh)})
    for path in ("leveringen/{}", "leveringen/{}/bevindingen", "aanleveraars", "{}"):
        ask("GET", f"{intake}/v1/{path.format(next(fresh))}", headers=mine, params={"cursor": next(fresh)})
    for name in ("aanleveraar", "periode", "bestandssoort", "status", "cursor", "aantal"):
        ask("GET", upload, params={name: next(fresh)}, headers=mine)
    for name in ("aanleveraar", "periode", "bestandssoort", "deel", "nietsTeMelden"):
        ask("POST", upload, params={**stated, name: next(fresh)}, headers=mine, content=b"x")
    ask("POST", upload, params={**stated, next(fresh): next(fresh)}, headers=mine)
    ask("PUT", f"{intake}/v1/aanleveraars/{next(fresh)}", headers=platform,
        json={"soort": "gemeente", "naam": "x", "bestandssoorten": ["wmo"]})  # fmt: skip
    ask("PUT", f"{intake}/v1/aanleveraars/GM{next(fresh)}", headers=platform,
        json={"soort": "gemeente", "naam": "x", "bestandssoorten": ["wmo"]})  # fmt: skip
    ask("PUT", f"{intake}/v1/aanleveraars/GM9998", headers=platform,
        json={"soort": "gemeente", "naam": f"Bureau {next(fresh)}", "bestandssoorten": ["wmo"]})  # fmt: skip
    ask("PUT", f"{intake}/v1/aanleveraars/GM9998", headers=platform, json={next(fresh): next(fresh)})
    ask("PUT", f"{intake}/v1/vensters/{next(fresh)}", headers=platform, json={"open": True})
    ask("PUT", f"{intake}/v1/vensters/{PERIODS[0]}", headers=platform, json={"open": next(fresh)})
    ask(
        "PUT",
        f"{intake}/v1/toestemmingen/{next(fresh)}/basis/{PERIODS[0]}",
        headers=mine,
        json={"toestemming": True},
    )
    a_delivery = (await anext(aiter(stage.client.deliveries(aanleveraar=who))))["id"]
    ask(
        "POST",
        f"{upload}/{a_delivery}/akkoord",
        headers=mine,
        json={"bevestigdeWaarschuwingen": [next(fresh)]},
    )
    ask("POST", f"{upload}/{a_delivery}/akkoord", headers=mine, content=f'{{"a": {next(fresh)}'.encode())
    form = {"file": (f"wmo_{next(fresh)}.csv", b"x", f"text/{next(fresh)}")}
    ask(
        "POST",
        upload,
        params=stated,
        headers=mine,
        files={"bestand": form["file"], next(fresh): form["file"]},
    )
    ask("POST", upload, headers=mine, data={"bestandssoort": next(fresh), "periode": next(fresh)}, files=form)
    ask("POST", upload, params=stated, content=b"x",
        headers={**mine, "Content-Type": f"multipart/form-data; boundary={next(fresh)}"})  # fmt: skip
    ask(
        "POST",
        upload,
        params=stated,
        content=b"x",
        headers={**mine, "Content-Digest": f"sha-256=:{next(fresh)}:"},
    )
    ask("POST", upload, params=stated, content=b"x", headers={**mine, "Content-Encoding": next(fresh)})
    ask("GET", upload, headers={"Authorization": f"Bearer {next(fresh)}"})
    ask("GET", upload, headers={"Authorization": f"Basic {base64.b64encode(next(fresh).encode()).decode()}"})
    for claim in ("sub", "client_id", "aanleveraar", "iss", "jti", "roles", "exp"):
        ask("GET", upload, headers=_bearer(stage, {claim: next(fresh)}, who))
        ask(
            "POST",
            upload,
            params=stated,
            headers=_bearer(stage, {claim: next(fresh)}, who),
            content=b"a;b\n1;2\n",
        )
    for path in ("tabellen/{}", "publicaties/{}", "vrijgaven", "gebeurtenissen/{}"):
        ask("GET", f"{publication}/v1/{path.format(next(fresh))}", params={"regio": next(fresh)})
    ask("GET", f"{publication}/", params={"regio": next(fresh), "tabel": next(fresh)})
    ask("GET", f"{publication}/v1/publicaties", params={"product": next(fresh), "periode": next(fresh)})
    ask("POST", f"{publication}/v1/vrijgaven", headers=platform, json={"product": next(fresh)})
    async with httpx.AsyncClient(timeout=60) as client:
        for method, url, request in asked:
            answer = await client.request(method, url, **request)
            assert answer.status_code < 500, (method, url, answer.text)
            _look_at_answer(search, answer, "the answer to a wrong request")
    return len(asked)


def _bearer(stage: Stage, claims: dict[str, Any], deliverer: str | None) -> dict[str, str]:
    """A valid token in which some claims are others."""
    layout = stage.platform.layout
    if not claims:
        token = issue_token(layout, "platform" if deliverer is None else "aanleveraar", deliverer)
        return {"Authorization": f"Bearer {token}"}
    key = signing_key(layout)
    ours = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "x", "client_id": CLIENT, "jti": str(uuid.uuid4()),
        "iat": 1, "exp": 4_000_000_000, "roles": ["aanleveraar"], "aanleveraar": deliverer, **claims,
    }  # fmt: skip
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, ours, key, algorithms=["ES256"])
    return {"Authorization": f"Bearer {token}"}


async def on_the_bus(stage: Stage) -> None:
    """Bodies that are no events, as a mistaken producer could write them."""
    first = (await records(stage.platform.bootstrap, [TOPICS["deliveries"]]))[0]
    data = json.loads(first.value or b"")
    bodies = (
        f'{{"bsn": {ON_THE_BUS[0]}'.encode(),
        json.dumps({**data, "delivery_id": str(ON_THE_BUS[1])}).encode(),
        json.dumps({**data, "sha256": ON_THE_BUS[2], str(ON_THE_BUS[2]): 1}).encode(),
    )
    headers = list(first.headers)
    await append(stage.platform.bootstrap, [Raw("deliveries", b"x", body, headers) for body in bodies])


def _look_at_answer(search: Search, answer: httpx.Response, what: str) -> None:
    search.look(f"headers of {what}: {answer.request.url.path}", str(answer.headers.raw))
    search.look(f"body of {what}: {answer.request.url.path}", answer.content)


def unexplained(search: Search, *allowed: re.Pattern[str]) -> list[str]:
    """Where what was found, but for what somebody else put on the bus, in the places where that may be."""
    found = {
        f"{form} in {where.rpartition(' at ')[0]}"
        for number, form, where in search.hits
        if not (number in ON_THE_BUS and any(pattern.match(where) for pattern in allowed))
    }
    return sorted(found)


async def test_no_answer_to_a_wrong_request_repeats_a_number(scene: Scene) -> None:
    assert scene.refused > 70
    assert unexplained(scene.search) == []


async def test_no_message_holds_a_number(scene: Scene) -> None:
    search = Search([*CLIENTS, *STRAYS, *ON_THE_BUS])
    seen = 0
    for topic in TOPICS.values():
        for record in await records(scene.stage.platform.bootstrap, [topic]):
            seen += 1
            search.look(f"key in {topic.name}", record.key)
            search.look(f"headers in {topic.name}", repr(record.headers))
            search.look(f"value in {topic.name}", record.value)
    assert seen > 500
    found = {hit[0] for hit in search.hits}
    assert found >= set(ON_THE_BUS), "what stands on the bus is found: the search works"
    assert unexplained(search, re.compile("value in (deliveries|quarantine)")) == []
    reasons = {(why["reason"], why["topic"]) for why in await quarantined(scene.stage.platform.bootstrap)}
    assert reasons >= {("not_json", "deliveries"), ("payload_invalid", "deliveries")}


async def test_no_answer_of_a_service_holds_a_number(scene: Scene) -> None:
    """Lists, deliveries, findings, receipts, tables, pages, events, measurements: as every role may see them."""
    running = scene.stage
    search = Search([*CLIENTS, *STRAYS, *ON_THE_BUS])
    answers = masked = 0
    async with asyncio.timeout(300), httpx.AsyncClient(timeout=60) as client:

        async def get(url: str, **request: Any) -> httpx.Response:
            nonlocal answers
            answer = await client.get(url, **request)
            answers += 1
            _look_at_answer(search, answer, "an answer")
            return answer

        for name in SERVICES:
            for path in ("/metrics", "/health/live", "/health/ready", "/v1/openapi.json"):
                await get(running.platform.url(name) + path)
        base = running.platform.url("intake") + "/v1"
        platform = _bearer(running, {}, None)
        for path in ("status", "aanleveraars", "vensters", "toestemmingen", "leveringen?aantal=1000"):
            await get(f"{base}/{path}", headers=platform)
        async for found in running.client.deliveries():
            mine = _bearer(running, {}, found["aanleveraar"])
            await get(f"{base}/leveringen/{found['id']}", headers=platform)
            await get(f"{base}/leveringen/{found['id']}", headers=mine)
            for accept in ("application/json", "text/csv"):
                url = f"{base}/leveringen/{found['id']}/bevindingen?aantal=1000"
                answer = await get(url, headers={**mine, "Accept": accept})
                masked += answer.text.count("•••••••")
        public = running.platform.url("publication")
        page = await get(f"{public}/")
        # The stream of events is read below: it has no end.
        links = set(re.findall(r'(?:href|src)="(/[^"]+)"', page.text)) - {"/v1/gebeurtenissen"}
        for link in links:
            await get(public + link.replace("&amp;", "&"))
        for release in (await get(f"{public}/v1/publicaties")).json()["publicaties"]:
            for table in (await get(f"{public}/v1/publicaties/{release['id']}")).json()["tabellen"]:
                path = httpx.URL(table["url"]).raw_path.decode()
                await get(public + path, headers={"Accept": "text/csv"})
                await get(public + path)
        async with client.stream(
            "GET", f"{public}/v1/gebeurtenissen", headers={"Last-Event-ID": "0"}
        ) as stream:
            events = 0
            async for line in stream.aiter_lines():
                search.look("event stream", line)
                events += line.startswith("id:")
                if events == 2:
                    break
    assert answers > 100
    assert masked > 5, "numbers that stand where findings are shown are masked"
    assert unexplained(search) == []


async def test_akkoord_by_a_client_with_a_number_for_a_name_records_no_number(scene: Scene) -> None:
    """The client of a token stands in the event of its decision."""
    running = scene.stage
    number = str(STRAYS[-1])
    found = await anext(aiter(running.client.deliveries(status="VAN_KRACHT", bestandssoort="wmo")))
    claims = {"client_id": f"portaal-{number}", "sub": number}
    answer = await httpx.AsyncClient().put(
        f"{running.platform.url('intake')}/v1/toestemmingen/{found['aanleveraar']}/basis/{found['periode']}",
        headers=_bearer(running, claims, found["aanleveraar"]),
        json={"toestemming": True},
    )
    assert answer.status_code == 200, answer.text
    search = Search(STRAYS)
    search.look("answer", answer.content)
    for record in await records(running.platform.bootstrap, [TOPICS["consents"]]):
        search.look("consents", record.value)
    assert unexplained(search) == []


async def test_no_file_holds_a_number(scene: Scene) -> None:
    """Last: the platform is stopped, so that everything it holds is on disk and its warehouse can be opened."""
    running = scene.stage
    root = running.platform.layout.root
    await running.platform.stop()
    search = Search([*CLIENTS, *STRAYS, *ON_THE_BUS])
    files = await asyncio.to_thread(search.look_in_tree, root)
    dump = await asyncio.to_thread(warehouse_dump, root / "services" / "aggregation" / "warehouse")
    assert dump.count(b"\n") > 1000, "the warehouse holds rows"
    assert b'"intensiteit_volume":' in dump, "also of the column into which numbers of persons were typed"
    search.look("rows of the warehouse", dump)
    assert files > 200
    assert search.size > 10_000_000
    assert unexplained(search, LOG_FILES) == []
