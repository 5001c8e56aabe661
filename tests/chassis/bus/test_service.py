"""A service as a process: what it answers, how it drains, how it dies."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from gmsd_chassis.bus.codec import Record
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.errors import EX_CONFIG, EX_SOFTWARE
from gmsd_cli.local.kafka import LocalKafka
from gmsd_cli.local.ports import free_block
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.topics import CONSENTS, REGISTRATIONS, quarantine_of
from tests.support.until import until

from .conftest import consent

TINY = Path(__file__).parent / "tiny_service.py"


class Tiny:
    """The process and its surroundings."""

    def __init__(self, bootstrap: str, directory: Path) -> None:
        self.port = free_block(1)
        # Letters only: a label with 8 digits in a row becomes `other`.
        self.product = uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))
        self.notes = directory / "notes"
        self.errors = directory / "stderr"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GMSD_")},
            "GMSD_KAFKA_BOOTSTRAP": bootstrap,
            "GMSD_KEYS_DIR": str(directory / "keys"),
            "GMSD_STATE_DIR": str(directory / "state"),
            "GMSD_PORT": str(self.port),
            "GMSD_GROUP": self.product,
            "GMSD_PRODUCT": self.product,
            "GMSD_LOG_FILE": str(self.notes),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen([sys.executable, str(TINY)], env=self.environment, stderr=errors)
        return self.process

    async def exit_code(self) -> int:
        assert self.process is not None
        process = self.process
        await until(lambda: process.poll() is not None)
        return process.wait()

    async def get(self, path: str) -> httpx.Response | None:
        async with httpx.AsyncClient() as client:
            try:
                return await client.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
            except httpx.TransportError:
                return None

    async def status(self, path: str) -> int:
        response = await self.get(path)
        return 0 if response is None else response.status_code

    def answers(self, path: str, status: int) -> "asyncio.Future[None]":
        async def does() -> bool:
            return await self.status(path) == status

        return asyncio.ensure_future(until(does))

    def noted(self) -> list[str]:
        return self.notes.read_text().split("\n")[:-1] if self.notes.exists() else []

    def event(self, version: int, by: str = "x") -> Record:
        from gmsd_chassis.bus.codec import encode

        event = consent(version)
        data = event.data.model_copy(update={"product": self.product, "by": by})
        return encode(event.model_copy(update={"data": data}))


@pytest.fixture
def tiny_at(tmp_path: Path) -> Iterator[list[Tiny]]:
    """Tinies started in a test; none outlives it."""
    started: list[Tiny] = []
    yield started
    for tiny in started:
        if tiny.process is not None and tiny.process.poll() is None:
            tiny.process.kill()
            tiny.process.wait()


async def _real_topics(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        existing = await admin.list_topics()
        wanted = [
            topic
            for topic in (CONSENTS, REGISTRATIONS, quarantine_of("intake"))
            if topic.name not in existing
        ]
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1) for topic in wanted])
    finally:
        await admin.close()


@pytest.fixture
async def tiny(kafka: str, tmp_path: Path, tiny_at: list[Tiny]) -> AsyncIterator[Tiny]:
    await _real_topics(kafka)
    tiny = Tiny(kafka, tmp_path)
    tiny_at.append(tiny)
    yield tiny


@pytest.fixture
async def publisher(kafka: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(kafka)
    await publisher.start()
    yield publisher
    await publisher.stop()


@pytest.mark.broker
async def test_it_answers_works_and_finishes_what_it_began_on_sigterm(
    tiny: Tiny, publisher: Publisher
) -> None:
    process = tiny.start()
    await tiny.answers("/health/ready", 200)
    ready = await tiny.get("/health/ready")
    assert ready is not None
    assert set(ready.json()["checks"].values()) == {"ok"}
    assert await tiny.status("/health/live") == 200
    assert await tiny.status("/telling/x") == 200
    assert await tiny.status("/bestaat-niet") == 404

    await publisher.append([tiny.event(1)])
    await until(lambda: tiny.noted() == ["done 1"])
    wanted = (
        f'gmsd_inbox_received_total{{group="{tiny.product}",type="{ConsentChanged.TYPE}"}}',
        'gmsd_publisher_published_total{type="nl.gmsd.window.opened.v1"} 1.0',
        "gmsd_service_starts 1.0", 'gmsd_fold_lag_records{fold="tiny"}', "process_resident_memory_bytes",
    )  # fmt: skip

    async def counted() -> bool:
        metrics = await tiny.get("/metrics")
        return metrics is not None and all(line in metrics.text for line in wanted)

    await until(counted)  # the handler is done before its event is acknowledged and counted

    await publisher.append([tiny.event(2, "slow"), tiny.event(3)])
    await until(lambda: "begin 2" in tiny.noted())
    process.send_signal(signal.SIGTERM)
    assert await tiny.exit_code() == 0
    assert tiny.noted() == ["done 1", "begin 2", "done 2"]

    tiny.start()  # the second went on where the first stopped
    await until(lambda: "done 3" in tiny.noted())
    assert tiny.noted() == ["done 1", "begin 2", "done 2", "done 3"]
    for line in tiny.errors.read_text().splitlines():
        assert json.loads(line)["service"] == "intake"


@pytest.mark.broker
async def test_a_defect_ends_the_process_and_its_text_stays_inside(tiny: Tiny, publisher: Publisher) -> None:
    await publisher.append([tiny.event(1, "deadly")])
    tiny.start()
    assert await tiny.exit_code() == EX_SOFTWARE
    text = tiny.errors.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    [crashed] = [line for line in lines if line["event"] == "crashed"]
    assert crashed["error"]["type"] == "builtins.ValueError"
    assert crashed["error"]["where"].startswith("__main__:")
    assert "Jansen" not in text
    assert "999990019" not in text


@pytest.mark.broker
async def test_a_defect_elsewhere_is_no_death_of_what_is_being_handled(
    tiny: Tiny, publisher: Publisher, tmp_path: Path
) -> None:
    await publisher.append([tiny.event(1, "slow")])
    tiny.start()
    await until(lambda: tiny.noted() == ["begin 1"])
    tiny.notes.with_suffix(".break").touch()
    assert await tiny.exit_code() == EX_SOFTWARE
    assert tiny.noted() == ["begin 1", "done 1"]
    with closing(sqlite3.connect(tmp_path / "state" / "attempts.sqlite")) as attempts:
        assert attempts.execute("SELECT count(*) FROM attempts").fetchone() == (0,)


@pytest.mark.broker
async def test_what_kills_the_process_outright_is_put_aside_by_the_fourth(
    tiny: Tiny, publisher: Publisher
) -> None:
    await publisher.append([tiny.event(1, "segfault"), tiny.event(2)])
    for _ in range(3):
        tiny.start()
        assert await tiny.exit_code() == -signal.SIGABRT
    tiny.start()
    await until(lambda: tiny.noted() == ["done 2"])


async def test_without_a_log_it_lives_is_not_ready_and_says_so(tmp_path: Path, tiny_at: list[Tiny]) -> None:
    tiny = Tiny(f"127.0.0.1:{free_block(1)}", tmp_path)
    tiny_at.append(tiny)
    process = tiny.start()
    await tiny.answers("/health/live", 200)
    assert await tiny.status("/health/ready") == 503
    closed = await tiny.get("/telling/x")
    assert closed is not None
    assert closed.status_code == 503
    assert closed.headers["content-type"] == "application/problem+json"
    assert closed.headers["retry-after"] == "5"
    assert closed.json()["title"] == "De dienst start op"
    process.send_signal(signal.SIGTERM)
    assert await tiny.exit_code() == 0


async def test_a_configuration_error_is_one_sentence(tmp_path: Path, tiny_at: list[Tiny]) -> None:
    tiny = Tiny("127.0.0.1:1", tmp_path)
    tiny_at.append(tiny)
    tiny.environment["GMSD_KAFKA_BOTSTRAP"] = "x"
    tiny.start()
    assert await tiny.exit_code() == EX_CONFIG
    [line] = tiny.errors.read_text().splitlines()
    assert line.startswith("GMSD_KAFKA_BOTSTRAP is set")
    assert line.endswith("did you mean GMSD_KAFKA_BOOTSTRAP?")


@pytest.mark.broker
async def test_a_broker_that_dies_costs_readiness_and_nothing_else(
    tmp_path: Path, tiny_at: list[Tiny]
) -> None:
    ports = free_block(2)
    broker = LocalKafka(tmp_path / "kafka", ports, ports + 1)
    await broker.start()
    publisher = Publisher(broker.bootstrap)
    try:
        await _real_topics(broker.bootstrap)
        await publisher.start()
        tiny = Tiny(broker.bootstrap, tmp_path)
        tiny_at.append(tiny)
        tiny.start()
        await publisher.append([tiny.event(1)])
        await tiny.answers("/health/ready", 200)
        await until(lambda: tiny.noted() == ["done 1"])

        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        waiting = asyncio.create_task(publisher.append([tiny.event(2)]))
        await tiny.answers("/health/ready", 503)
        assert await tiny.status("/health/live") == 200
        assert not waiting.done()
        assert publisher.stalled > 0

        await broker.launch()
        await waiting
        await until(lambda: tiny.noted() == ["done 1", "done 2"])
        await tiny.answers("/health/ready", 200)
        assert tiny.process is not None
        assert tiny.process.poll() is None
    finally:
        await publisher.stop()
        await broker.stop()
