"""Bad input at every door: each time the named answer, and the next good delivery goes through as if nothing had been."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import cycle
from random import Random
from typing import Any

import httpx
import pytest
import pytest_asyncio

from gmsd_chassis.bus.codec import encode
from gmsd_contracts.content import LogRange
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.delivery_assessed_v1 import DeliveryAssessed
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.slot import delivery_id
from gmsd_contracts.topics import SERVICES, TOPICS
from tests.e2e.door import Door
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
from tests.e2e.stage import PERIODS, register, small_nation, stage
from tests.e2e.wrong_requests import wrong_requests

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

PREFIX = "urn:nld:gmsd:fout:"


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


async def test_wrong_requests_get_the_problem_that_says_what_is_wrong(door: Door) -> None:
    async with httpx.AsyncClient(base_url=door.platform.url("intake"), timeout=30) as client:
        for name, status, slug, method, path, request in wrong_requests(door):
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
