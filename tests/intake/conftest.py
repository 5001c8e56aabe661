"""Intake as a process of its own on a real broker; the tests play the other four services."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from gmsd_chassis.bus.topics import ensure_topics
from gmsd_contracts.topics import TOPICS
from tests.support.identity import Identity
from tests.support.process import make_keys

PERIOD = "2025HJ01"
CSV = b"gemeentecode;bsn\nGM0001;999990019\n"
"""Intake does not read it; the number is a test BSN, so that it may not turn up anywhere."""


@dataclass
class Intake:
    """One process of intake."""

    home: Path
    bootstrap: str
    port: int
    settings: dict[str, str] = field(default_factory=dict)
    script: tuple[str, ...] = (str(Path(__file__).with_name("watched.py")),)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        return self.home / "intake"

    @property
    def spool(self) -> Path:
        return self.state / "spool"

    @property
    def log(self) -> Path:
        return self.home / "intake.log"

    def start(self, ready: bool = True) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GMSD_")}
        environment |= {
            "GMSD_KAFKA_BOOTSTRAP": self.bootstrap,
            "GMSD_KEYS_DIR": str(self.home / "keys"),
            "GMSD_STATE_DIR": str(self.state),
            "GMSD_PORT": str(self.port),
            "GMSD_KEK_IDENTIFYING": str(self.home / "keks" / "identifying.kek"),
            "GMSD_JWKS": str(self.home / "jwks.json"),
            "GMSD_DISK_MIN_FREE_BYTES": "1048576",
            "GMSD_UPLOAD_MAX_BYTES": str(64 * 1024 * 1024),
            **self.settings,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.script], env=environment, stdout=log, stderr=log
            )
        if ready:
            self.wait_ready()

    def wait_ready(self) -> None:
        for _ in range(600):
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                if httpx.get(f"{self.url}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError("intake is not ready:\n" + self.log.read_text()[-3000:])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_intake(home: Path, bootstrap: str, identity: Identity, **settings: str) -> Intake:
    """An intake with a state of its own; start it yourself."""
    home.mkdir(parents=True, exist_ok=True)
    make_keys(home / "keks")
    (home / "jwks.json").write_text(identity.jwks())
    return Intake(home, bootstrap, free_port(), settings)


@pytest.fixture(scope="session")
def identity() -> Identity:
    return Identity()


@pytest.fixture(scope="session")
def broker(kafka: str) -> str:
    """A broker with every topic of the registry."""
    asyncio.run(ensure_topics(kafka, TOPICS.values()))
    return kafka


@pytest.fixture(scope="session")
def intake(broker: str, identity: Identity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """One running intake for all tests of this folder; each test uses deliverers of its own."""
    process = new_intake(tmp_path_factory.mktemp("intake"), broker, identity)
    process.start()
    yield process
    assert process.stop() == 0, process.log.read_text()[-3000:]


# From a random place, because a broker may outlive the tests; each once, because tests of one run share theirs.
_CODES = (f"GM{number % 9_000:04}" for number in count(secrets.randbelow(9_000)))


@dataclass
class Tenant:
    """A registered gemeente with an open window, and clients with its token and that of the platform team."""

    id: str
    client: httpx.Client
    platform: httpx.Client

    def deliver(self, content: bytes = CSV, **params: str) -> httpx.Response:
        query = {"bestandssoort": "wmo", "periode": PERIOD} | params
        return self.client.post("/v1/leveringen", params=query, content=content)

    def new(self, content: bytes = CSV, **params: str) -> str:
        """The id of a new delivery."""
        answer = self.deliver(content, **params)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def get(self, delivery: str) -> dict[str, Any]:
        answer = self.client.get(f"/v1/leveringen/{delivery}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait_for(self, delivery: str, **wanted: Any) -> dict[str, Any]:
        """The delivery, once the fields have these values."""
        for _ in range(600):
            found = self.get(delivery)
            if all(found[name] == value for name, value in wanted.items()):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{wanted} did not come: {found}")

    def wait_for_known(self, delivery: str) -> None:
        """Until this instance's fold knows the delivery."""
        for _ in range(400):
            if self.client.get(f"/v1/leveringen/{delivery}").status_code == 200:
                return
            time.sleep(0.05)
        raise AssertionError(f"{delivery} did not become known")


def new_tenant(intake: Intake, identity: Identity) -> Tenant:
    name = next(_CODES)
    platform = httpx.Client(base_url=intake.url, headers=identity.platform(), timeout=60)
    registration = {"soort": "gemeente", "naam": f"Proefgemeente {name}", "bestandssoorten": ["wmo"]}
    assert platform.put(f"/v1/aanleveraars/{name}", json=registration).status_code == 200
    assert platform.put(f"/v1/vensters/{PERIOD}", json={"open": True}).status_code == 200
    client = httpx.Client(base_url=intake.url, headers=identity.deliverer(name), timeout=60)
    return Tenant(name, client, platform)


@pytest.fixture
def tenant(intake: Intake, identity: Identity) -> Iterator[Tenant]:
    """A gemeente of this test alone."""
    made = new_tenant(intake, identity)
    yield made
    made.client.close()
    made.platform.close()


@pytest.fixture
def other(intake: Intake, identity: Identity) -> Iterator[Tenant]:
    """Another gemeente."""
    made = new_tenant(intake, identity)
    yield made
    made.client.close()
    made.platform.close()
