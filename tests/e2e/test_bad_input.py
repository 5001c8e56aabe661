"""Bad input at every door: each time the named answer, and the next good delivery goes through as if nothing had been."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey

from gmsd_chassis.bus.codec import encode
from gmsd_cli.client import Sending
from gmsd_cli.local.keys import signing_key
from gmsd_cli.local.supervisor import LocalPlatform
from gmsd_cli.local.tokens import AUDIENCE, CLIENT, ISSUER, issue_token
from gmsd_contracts.content import LogRange
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.slot import delivery_id
from gmsd_contracts.topics import SERVICES, TOPICS
from tests.e2e.faults import (
    EVENT_TOPICS,
    Raw,
    Record,
    append,
    events,
    quarantined,
    reached,
    records,
    restart_with,
    settled,
)
from tests.e2e.stage import PERIODS, Stage, register, small_nation, stage

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

WHERE = {"bestandssoort": "wmo", "periode": PERIODS[0]}
PREFIX = "urn:nld:gmsd:fout:"


@dataclass
class Door:
    """A platform, a gemeente with a good file, and as many different good files as asked for."""

    stage: Stage
    who: str
    other: str
    header: bytes
    rows: list[bytes]
    root: Path
    good_files: int = 0
    files: list[Path] = field(default_factory=list)

    @property
    def platform(self) -> LocalPlatform:
        return self.stage.platform

    def token(self, **claims: Any) -> dict[str, str]:
        """A token of the gemeente, with some claims as given."""
        if not claims:
            return {"Authorization": f"Bearer {issue_token(self.platform.layout, 'aanleveraar', self.who)}"}
        return self.signed(signing_key(self.platform.layout), claims)

    def signed(self, key: ECKey, claims: dict[str, Any], **header: Any) -> dict[str, str]:
        now = int(time.time())
        ours = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.who, "client_id": CLIENT, "jti": str(uuid.uuid4()),
            "iat": now, "exp": now + 600, "roles": ["aanleveraar"], "aanleveraar": self.who, **claims,
        }  # fmt: skip
        head = {"alg": "ES256", "typ": "at+jwt", "kid": signing_key(self.platform.layout).kid, **header}
        return {"Authorization": f"Bearer {jwt.encode(head, ours, key, algorithms=['ES256'])}"}

    def write(self, data: bytes) -> Path:
        path = self.root / f"{uuid.uuid4()}.csv"
        path.write_bytes(data)
        return path

    def good(self) -> Path:
        """Good, and not sent before: each has one row fewer than the one before."""
        self.good_files += 1
        return self.write(self.header + b"".join(self.rows[self.good_files :]))

    async def send(self, path: Path) -> str:
        receipt = await self.stage.client.deliver(Sending("wmo", self.who, PERIODS[0], path=path))
        return str(receipt["id"])

    async def good_goes_through(self) -> None:
        """The proof after every kind of bad input."""
        delivery = await self.send(self.good())
        full = await reached(self.stage.client, delivery, {"TE_BEOORDELEN", "AFGEKEURD", "MISLUKT"})
        assert full["status"] == "TE_BEOORDELEN", full["controle"]
        await self.stage.client.akkoord(delivery, self.who, full["controle"]["teBevestigen"])
        await reached(self.stage.client, delivery, {"VAN_KRACHT"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    root = tmp_path_factory.mktemp("doors")
    plan = small_nation(root, seed=3, scale=0.01, gemeenten=5, faults=())
    sending = max(
        (s for s in plan if s.dataset == "wmo" and s.period == PERIODS[0] and s.path),
        key=lambda s: s.path.stat().st_size if s.path else 0,
    )
    assert sending.path is not None
    header, *rows = sending.path.read_bytes().splitlines(keepends=True)
    assert len(rows) > 30
    other = next(s.deliverer for s in plan if s.dataset == "wmo" and s.deliverer != sending.deliverer)
    async with stage(root) as running:
        await register(running, plan)
        yield Door(running, sending.deliverer, other, header, rows, root)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def undisturbed(door: Door, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Bad input restarts nothing; `param` names what the test itself restarts."""
    spared = getattr(request, "param", ())
    watched = [name for name in (*SERVICES, "kafka") if name not in spared]
    before = {name: door.platform.restarts(name) for name in watched}
    yield
    assert {name: door.platform.restarts(name) for name in before} == before


async def test_bad_files_get_a_verdict_that_names_the_rule(door: Door) -> None:
    rows = b"".join(door.rows)
    columns = door.header.rstrip().split(b";")
    bad: dict[str, tuple[bytes, set[str]]] = {
        "random bytes": (Random(7).randbytes(50_000), {"ALG-003", "ALG-004"}),
        "an image": (b"\x89PNG\r\n\x1a\n" + Random(8).randbytes(5_000), {"ALG-003"}),
        "utf-16": ((door.header + rows).decode().encode("utf-16"), {"ALG-004"}),
        "nul bytes": (door.header + rows.replace(b";", b"\0", 4), {"ALG-004"}),
        "no header": (rows, {"ALG-005"}),
        "100,000 columns": (
            b";".join(b"k%d" % n for n in range(100_000)) + b"\n" + b";" * 99_999 + b"\n",
            set(),
        ),
        "one line of 20 MB": (door.header + b"9" * 20_000_000, set()),
        "a header of 5 MB": (b"x" * 5_000_000, set()),
        "an open quote": (door.header + rows + b'"' + rows, set()),
        "cut off in a row": (door.header + rows[:-40], set()),
        "cut off in a quote": (door.header + b'"' + rows.split(b";")[0], set()),
        "a column twice": (b";".join([*columns, columns[0]]) + b"\n" + rows, {"ALG-008"}),
        "another encoding": (door.header + rows.decode().encode("cp037"), set()),
        "the same row 400,000 times": (door.header + door.rows[0] * 400_000, set()),
        "only line ends": (b"\n" * 1_000_000, set()),
    }
    for what, (data, rules) in bad.items():
        delivery = await door.send(door.write(data))
        full = await reached(door.stage.client, delivery, {"AFGEKEURD", "TE_BEOORDELEN", "MISLUKT"})
        found = {
            count["regel"]: count["ernst"] for count in (full["controle"] or {"tellingen": []})["tellingen"]
        }
        assert full["status"] == "AFGEKEURD", (what, full["status"], full["wachtOp"], found)
        assert {"FATAAL", "FOUT"} & set(found.values()), (what, found)
        assert rules & set(found) or not rules, (what, found)
        told = [one async for one in door.stage.client.findings(delivery, door.who)]
        assert told, what
        assert all(one["melding"] and one["watTeDoen"] for one in told), what
    await door.good_goes_through()


def _wrong_requests(door: Door) -> Iterator[tuple[str, int, str, str, str, dict[str, Any]]]:
    """Name, status and slug of the answer, and the request."""
    mine, post = door.token(), ("POST", "/v1/leveringen")
    platform = {"Authorization": f"Bearer {issue_token(door.platform.layout, 'platform')}"}
    strange = ECKey.generate_key("P-256")
    expired = {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}
    unsigned = _unsigned(door)
    for name, headers in {
        "an expired token": door.token(**expired),
        "a token for another audience": door.token(aud="iets-anders"),
        "a token of another issuer": door.token(iss="urn:vreemd"),
        "a token signed by a stranger": door.signed(strange, {}),
        "a token with an unknown key": door.signed(strange, {}, kid="vreemd"),
        "an identity token": door.signed(signing_key(door.platform.layout), {}, typ="JWT"),
        "a token that is not signed": unsigned,
        "no token but a word": {"Authorization": "Bearer abc"},
        "a password": {"Authorization": "Basic YTpi"},
    }.items():
        yield name, 401, "token-ongeldig", *post, {"params": WHERE, "headers": headers, "content": b"x"}
    yield "no token", 401, "niet-aangemeld", *post, {"params": WHERE, "content": b"x"}
    yield (
        "a token without role",
        403,
        "geen-toegang",
        "GET",
        "/v1/leveringen",
        {"headers": door.token(roles=[])},
    )
    yield "the platform delivers", 403, "geen-toegang", *post, {"params": WHERE, "headers": platform}
    yield (
        "a deliverer opens",
        403,
        "geen-toegang",
        "PUT",
        "/v1/vensters/2025HJ01",
        {"headers": mine, "json": {"open": True}},
    )

    def sent(
        name: str, status: int, slug: str, **request: Any
    ) -> tuple[str, int, str, str, str, dict[str, Any]]:
        headers = {**mine, **request.pop("headers", {})}
        return name, status, slug, *post, {"params": WHERE, "headers": headers, "content": b"x", **request}

    yield sent("for somebody else", 404, "aanleveraar-onbekend", params={**WHERE, "aanleveraar": door.other})
    yield sent(
        "unknown dataset", 400, "bestandssoort-onbekend", params={**WHERE, "bestandssoort": "jeugdzorg"}
    )
    yield sent(
        "a dataset of another", 403, "bestandssoort-niet-toegestaan", params={**WHERE, "bestandssoort": "brp"}
    )
    yield sent("unknown period", 400, "verzoek-ongeldig", params={**WHERE, "periode": "2025HJ03"})
    yield sent("a month", 400, "periode-soort", params={**WHERE, "periode": "2025MM01"})
    yield sent("with a part", 400, "deel-niet-toegestaan", params={**WHERE, "deel": "GM0037"})
    yield sent("closed window", 409, "venster-gesloten", params={**WHERE, "periode": "2024HJ01"})
    yield sent("no bytes", 400, "bestand-ontbreekt", content=b"")
    yield sent("a zip", 415, "zip-geweigerd", content=b"PK\x03\x04" + bytes(200))
    yield sent("compressed", 415, "codering-niet-ondersteund", headers={"Content-Encoding": "gzip"})
    yield sent("wrong digest", 400, "digest-klopt-niet", headers={"Content-Digest": f"sha-256=:{'A' * 43}=:"})
    yield sent("no digest", 400, "digest-ongeldig", headers={"Content-Digest": "sha-256=abc"})
    for name, kind, body in (
        ("no boundary", "multipart/form-data", b"x"),
        (
            "no end",
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="bestand"\r\n\r\nx',
        ),
        ("another boundary", "multipart/form-data; boundary=b", b"--c\r\n\r\n--c--\r\n"),
        (
            "no name",
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        ),
    ):
        yield sent(
            f"a form with {name}", 400, "multipart-ongeldig", headers={"Content-Type": kind}, content=body
        )
    nobody = uuid.uuid4()
    yield "unknown delivery", 404, "levering-onbekend", "GET", f"/v1/leveringen/{nobody}", {"headers": mine}
    yield "no id", 400, "verzoek-ongeldig", "GET", "/v1/leveringen/abc", {"headers": mine}
    akkoord = ("POST", f"/v1/leveringen/{nobody}/akkoord")
    yield "akkoord on nothing", 404, "levering-onbekend", *akkoord, {"headers": mine, "json": {}}
    yield "no JSON", 400, "verzoek-ongeldig", *akkoord, {"headers": mine, "content": b'{"a":'}
    yield "unknown field", 400, "verzoek-ongeldig", *akkoord, {"headers": mine, "json": {"onbekend": 1}}
    yield "a list", 400, "verzoek-ongeldig", *akkoord, {"headers": mine, "json": []}
    yield "far too much JSON", 413, "verzoek-te-groot", *akkoord, {"headers": mine, "content": b" " * 200_000}
    yield "no such address", 404, "niet-gevonden", "GET", "/v1/niets", {"headers": mine}
    yield "no such method", 405, "methode-niet-toegestaan", "DELETE", "/v1/leveringen", {"headers": mine}
    yield (
        "a cursor of one's own",
        400,
        "verzoek-ongeldig",
        "GET",
        "/v1/leveringen?cursor=abc",
        {"headers": mine},
    )
    yield "too many", 400, "verzoek-ongeldig", "GET", "/v1/leveringen?aantal=100000", {"headers": mine}


def _unsigned(door: Door) -> dict[str, str]:
    """Algorithm `none`, with the claims of a good token."""
    import base64

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    good = door.token()["Authorization"].split(".")[1]
    head = part({"alg": "none", "typ": "at+jwt", "kid": signing_key(door.platform.layout).kid})
    return {"Authorization": f"Bearer {head}.{good}."}


async def test_wrong_requests_get_the_problem_that_says_what_is_wrong(door: Door) -> None:
    async with httpx.AsyncClient(base_url=door.platform.url("intake"), timeout=30) as client:
        for name, status, slug, method, path, request in _wrong_requests(door):
            answer = await client.request(method, path, **request)
            problem = answer.json()
            assert (answer.status_code, problem["type"]) == (status, PREFIX + slug), (name, answer.text)
            assert answer.headers["content-type"].startswith("application/problem+json"), name
            assert problem["title"], name
            assert problem["detail"], name
    async with httpx.AsyncClient(timeout=30) as client:
        for path in (
            "/v1/publicaties/abc",
            f"/v1/tabellen/{uuid.uuid4()}",
            "/v1/tabellen/..%2f..%2fetc",
            "/niets",
        ):
            answer = await client.get(door.platform.url("publication") + path)
            assert 400 <= answer.status_code < 500, path
    await door.good_goes_through()


async def test_a_body_that_is_not_as_long_as_it_says_leaves_nothing(door: Door) -> None:
    before = [found["id"] async for found in door.stage.client.deliveries()]
    head = (
        f"POST /v1/leveringen?bestandssoort=wmo&periode={PERIODS[0]} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {door.token()['Authorization']}\r\n"
    )
    for lie in ("Content-Length: 100000\r\n\r\nkort", "Transfer-Encoding: chunked\r\n\r\nffff\r\nkort",
                "Content-Length: -5\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\nzz\r\nkort\r\n"):  # fmt: skip
        reader, writer = await asyncio.open_connection("127.0.0.1", door.platform.port("intake"))
        writer.write((head + lie).encode())
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(20):
            answer = await reader.read()
        assert not answer or answer.split()[1].startswith(b"4"), answer[:200]
        writer.close()
    assert [found["id"] async for found in door.stage.client.deliveries()] == before
    spool = door.platform.layout.service("intake") / "spool"
    assert not [path for path in spool.rglob("*") if path.is_file()], (
        "nothing of a body that was refused is left"
    )
    await door.good_goes_through()


def _bad_records(good: Raw) -> dict[str, Raw]:
    """A record of a topic, spoilt in every way; by the reason that quarantine should give."""
    headers = dict(good.headers)

    def headed(**changed: bytes | None) -> tuple[tuple[str, bytes], ...]:
        merged = {**headers, "ce_id": str(uuid.uuid4()).encode(), **changed}
        return tuple((name, value) for name, value in merged.items() if value is not None)

    family = headers["ce_type"].decode().rpartition(".v")[0]
    return {
        "not_json": replace(good, value=b'{"slot": ', headers=headed()),
        "payload_invalid": replace(good, value=b'{"slot": 1}', headers=headed()),
        "unknown_type": replace(good, headers=headed(ce_type=b"nl.gmsd.vreemd.v1")),
        "unknown_version": replace(good, headers=headed(ce_type=f"{family}.v99".encode())),
        "header_not_utf8": replace(good, headers=headed(ce_subject=b"\xff\xfe")),
        "missing_header": replace(good, headers=()),
        "bad_id": replace(good, headers=headed(ce_id=b"1")),
        "bad_time": replace(good, headers=headed(ce_time=b"gisteren")),
        "bad_specversion": replace(good, headers=headed(ce_specversion=b"0.3")),
    }


async def _one(bootstrap: str, topic: str) -> Record:
    """A good record; of `deliveries` one that only validation handles, so that the others pass over its like unread."""
    for record in await records(bootstrap, [TOPICS[topic]]):
        if topic != "deliveries" or dict(record.headers)["ce_type"].decode() == DeliveryReceived.TYPE:
            return record
    raise AssertionError(f"nothing stands in {topic}")


async def test_bad_records_go_to_quarantine_of_who_reads_them(door: Door) -> None:
    """On every topic of events, every way to be no event; each group that reads the topic says so once."""
    await door.good_goes_through()
    bootstrap = door.platform.bootstrap
    await settled(door.platform, quiet=1)
    assert await quarantined(bootstrap) == []
    skipped = (await door.stage.client.status())["overgeslagen"]
    spoilt = 0
    for name in ("deliveries", "assessments", "links", "snapshots"):
        first = await _one(bootstrap, name)
        bad = _bad_records(Raw.copy(first))
        spoilt += len(bad)
        await append(bootstrap, bad.values())
        # One good delivery between two topics, so that no reader meets so many in a row that it stops.
        await door.good_goes_through()
    await settled(door.platform, quiet=1)
    found = await quarantined(bootstrap)
    by_group: dict[tuple[str, str], list[str]] = {}
    for why in found:
        by_group.setdefault((why["group"], why["topic"]), []).append(why["reason"])
    readers = {
        ("validation", "deliveries"), ("linkage", "assessments"), ("linkage", "deliveries"),
        ("aggregation.loads", "links"), ("aggregation.loads", "deliveries"), ("aggregation.decisions", "deliveries"),
    }  # fmt: skip
    assert set(by_group) == readers
    everything = sorted(_bad_records(Raw.copy(first)))
    nameless = ["missing_header", "unknown_type", "unknown_version"]
    for reader, reasons in by_group.items():
        passes_over = reader[1] == "deliveries" and reader[0] in ("linkage", "aggregation.loads")
        assert sorted(reasons) == (nameless if passes_over else everything), reader
    assert (await door.stage.client.status())["overgeslagen"] == skipped + spoilt
    await door.good_goes_through()


async def test_references_to_content_that_is_not_there_end_in_a_named_outcome(door: Door) -> None:
    """A received event that points past the end, into another topic, at another's content, or at nothing."""
    await door.good_goes_through()
    bootstrap = door.platform.bootstrap
    received = [
        event
        for event in await events(bootstrap, [TOPICS["deliveries"]], spoilt=True)
        if isinstance(event.data, DeliveryReceived)
    ]
    one, two = received[-1], received[-2]
    ref, another = one.data.content, two.data.content
    assert ref is not None and another is not None  # noqa: PT018 - one thought
    place = ref.location
    assert isinstance(place, LogRange)

    def at(**changed: Any) -> Any:
        return ref.model_copy(update={"location": place.model_copy(update=changed)})

    spoilt = {
        "past the end": (at(first=10**9, last=10**9 + 3), "damaged_content"),
        "in a partition that is not there": (at(partition=4711), "damaged_content"),
        "in a topic of events": (at(topic="deliveries", partition=0, first=0, last=0), "damaged_content"),
        "in a topic of another zone": (at(topic="content.linked"), "damaged_content"),
        "in a public topic": (at(topic="content.releases", partition=0, first=0, last=0), "damaged_content"),
        "in no topic": (at(topic="niets"), "damaged_content"),
        "with another's id": (ref.model_copy(update={"content_id": another.content_id}), "damaged_content"),
        "with another digest": (ref.model_copy(update={"sha256": "0" * 64}), "damaged_content"),
        "with another length": (ref.model_copy(update={"bytes": 1}), "damaged_content"),
        "with an id without key": (ref.model_copy(update={"content_id": uuid.uuid4()}), None),
        "without content": (None, "no_content"),
    }
    answers: dict[str, tuple[str, str | None]] = {}
    for n, (what, (spoiled, _)) in enumerate(spoilt.items()):
        answers[what] = await _outcome_of(door, one, n, spoiled)
    wanted = {
        what: ("assessment.failed", reason) if reason else ("delivery.expired", None)
        for what, (_, reason) in spoilt.items()
    }
    assert answers == wanted
    await door.good_goes_through()


async def _outcome_of(door: Door, like: Event[Any], number: int, content: Any) -> tuple[str, str | None]:
    """What validation says of a delivery with this content, of which intake knows nothing."""
    sha = f"{number:064x}"
    slot = like.data.slot
    data = like.data.model_copy(
        update={"delivery_id": delivery_id(slot, 9000 + number, sha, False), "seq": 9000 + number,
                "slot_version": 9000 + number, "sha256": sha, "content": content}
    )  # fmt: skip
    event = like.model_copy(update={"id": uuid.uuid4(), "data": data, "subject": data.subject()})
    record = encode(event)
    await append(door.platform.bootstrap, [Raw(record.topic, record.key, record.value, record.headers)])
    for _ in range(300):
        for said in await events(door.platform.bootstrap, [TOPICS["assessments"]], spoilt=True):
            if said.causation_id == event.id:
                return said.type.removeprefix("nl.gmsd.").removesuffix(".v1"), getattr(
                    said.data, "reason", None
                )
        await asyncio.sleep(0.3)
    raise AssertionError(f"validation says nothing about spoilt event {number}")


async def test_stray_events_about_deliveries_nobody_received_change_nothing(door: Door) -> None:
    """Later stages get events whose delivery intake never saw, and whose content is damaged."""
    await door.good_goes_through()
    bootstrap = door.platform.bootstrap
    await settled(door.platform, quiet=1)
    before = {found["id"]: found["status"] async for found in door.stage.client.deliveries()}
    for topic, kind, answer in (
        ("assessments", DeliveryAssessed, "link.failed"),
        ("links", DeliveryLinked, "load.failed"),
    ):
        like = [event for event in await events(bootstrap, [TOPICS[topic]], spoilt=True)
                if isinstance(event.data, kind) and event.data.records][-1]  # fmt: skip
        broken = like.data.records.model_copy(update={"sha256": "0" * 64})
        data = like.data.model_copy(update={"delivery_id": uuid.uuid4(), "records": broken})
        event = like.model_copy(update={"id": uuid.uuid4(), "data": data})
        record = encode(event)
        await append(bootstrap, [Raw(record.topic, record.key, record.value, record.headers)])
        for _ in range(200):
            said = [
                one
                for one in await events(bootstrap, EVENT_TOPICS, spoilt=True)
                if one.causation_id == event.id
            ]
            if said:
                break
            await asyncio.sleep(0.3)
        assert [one.type for one in said] == [f"nl.gmsd.{answer}.v1"]
    await settled(door.platform, quiet=1)
    after = {found["id"]: found["status"] async for found in door.stage.client.deliveries()}
    assert after == before
    await door.good_goes_through()


@pytest.mark.parametrize("undisturbed", [("validation",)], indirect=True)
async def test_a_file_that_kills_its_worker_fails_by_name_and_can_be_tried_again(door: Door) -> None:
    """Three workers die of their memory; with room enough the platform team's second try succeeds."""
    await restart_with(door.platform, "validation", GMSD_WORKER_MEMORY_MB="256")
    rows = [b";".join([*row.split(b";")[:3], b"%d" % n, *row.split(b";")[4:]])
            for n, row in zip(range(800_000), cycle(door.rows), strict=False)]  # fmt: skip
    delivery = await door.send(door.write(door.header + b"".join(rows)))
    full = await reached(door.stage.client, delivery, {"MISLUKT", "AFGEKEURD", "TE_BEOORDELEN"}, within=180)
    assert full["status"] == "MISLUKT", full["status"]
    failed = [one.data for one in await events(door.platform.bootstrap, [TOPICS["assessments"]], spoilt=True)
              if str(getattr(one.data, "delivery_id", "")) == delivery]  # fmt: skip
    assert [(one.TYPE, one.reason) for one in failed] == [(AssessmentFailed.TYPE, "geheugen")]
    assert "geheugen" in [why["reason"] for why in await quarantined(door.platform.bootstrap, "validation")]
    await door.good_goes_through()
    await restart_with(door.platform, "validation", GMSD_WORKER_MEMORY_MB="1024")
    await door.stage.client.requeue(delivery)
    await reached(door.stage.client, delivery, {"AFGEKEURD", "TE_BEOORDELEN", "VERVANGEN"}, within=180)
    await door.good_goes_through()
