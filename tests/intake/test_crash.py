"""SIGKILL at the worst moment, two instances at once, and a fold from scratch."""

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from gmsd_chassis.bus.fold import Fold, FoldStore
from gmsd_chassis.clock import Clock
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.events.delivery_assessed_v1 import Verdict
from gmsd_intake.adapters import fold as folding
from gmsd_intake.adapters.schema import MIGRATIONS
from tests.intake.conftest import CSV, Intake, Tenant, new_intake, new_tenant
from tests.intake.play import playing
from tests.support.identity import Identity

pytestmark = pytest.mark.broker

DIES_AT_THE_EVENT = """
import os, signal
from gmsd_chassis.service import run_service
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_intake.adapters.recorder import LogRecorder
from gmsd_intake.app import build

record = LogRecorder.record

async def die(self, event):
    if isinstance(event.data, DeliveryReceived):
        os.kill(os.getpid(), signal.SIGKILL)
    await record(self, event)

LogRecorder.record = die
run_service(build)
"""

TABLES = (
    "slots",
    "accepted",
    "facts",
    "refused",
    "deliveries",
    "deliverers",
    "windows",
    "consents",
    "releases",
)


@pytest.fixture(scope="module")
def second(broker: str, identity: Identity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """Another intake on the same log; it dies between content and event until it is started anew."""
    process = new_intake(tmp_path_factory.mktemp("second"), broker, identity)
    process.script = ("-c", DIES_AT_THE_EVENT)
    process.start()
    yield process
    process.stop()


def test_killed_between_content_and_event_there_is_no_delivery_and_sending_again_works(
    second: Intake, identity: Identity
) -> None:
    tenant = new_tenant(second, identity)
    keyring = DirectoryKeyRing(second.home / "keys", {}, Clock(), owner="proef")
    with pytest.raises(httpx.TransportError):
        tenant.deliver(CSV)
    assert second.process is not None
    assert second.process.wait(10) == -9
    (left,) = second.spool.iterdir()
    assert b"999990019" not in left.read_bytes()
    assert len(list(keyring.list())) == 1  # content was written; nobody refers to it
    second.script = ("-m", "gmsd_intake")
    second.start()
    assert not list(second.spool.iterdir())
    assert tenant.client.get("/v1/leveringen").json()["leveringen"] == []
    answer = tenant.deliver(CSV)
    assert (answer.status_code, answer.json()["ontvangstbewijs"]["volgnummer"]) == (202, 1)


def test_two_instances_on_one_slot_agree_on_the_numbers(
    intake: Intake, second: Intake, identity: Identity
) -> None:
    here = new_tenant(intake, identity)
    there = Tenant(
        here.id, httpx.Client(base_url=second.url, headers=here.client.headers, timeout=60), here.platform
    )
    first = here.new(b"begin")
    there.wait_for_known(first)
    jobs = [(each, f"versie {n}".encode()) for n in range(8) for each in (here, there)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda job: job[0].deliver(job[1]), jobs))
    # Who loses the slot five times in a row hears so, and may send again: nothing of it is kept.
    lost = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.json()["type"].endswith("gelijktijdig-gewijzigd") for answer in lost)
    assert len(lost) < len(answers) / 2
    answers = [answer for answer in answers if answer not in lost]
    assert all(answer.status_code in (200, 202) for answer in answers), [a.text for a in answers]
    new = list({answer.json()["id"]: answer.json() for answer in answers}.values())
    numbers = sorted(each["ontvangstbewijs"]["volgnummer"] for each in new)
    assert numbers == list(range(2, 2 + len(numbers)))
    assert len(new) >= 4
    assert sum(answer.status_code == 202 for answer in answers) == len(new)
    for each in new:
        here.wait_for_known(each["id"])
        there.wait_for_known(each["id"])
        assert here.get(each["id"]) | {"sleutels": None} == there.get(each["id"]) | {"sleutels": None}


async def test_facts_about_an_unknown_delivery_wait_for_its_receipt(intake: Intake, tenant: Tenant) -> None:
    before = tenant.platform.get("/v1/status").json()["geparkeerd"]
    async with playing(intake, tenant, str(uuid4())) as others:
        await others.assess()
        for _ in range(200):
            if tenant.platform.get("/v1/status").json()["geparkeerd"] == before + 1:
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("the fact is not counted")


async def test_the_read_model_is_a_function_of_the_log(
    intake: Intake, tenant: Tenant, tmp_path: Path
) -> None:
    for verdict in (Verdict.OK, Verdict.FOUT):
        delivery = tenant.new(verdict.value.encode())
        async with playing(intake, tenant, delivery) as others:
            await others.bring_to_load(verdict=verdict)
            state = {"ok": "TE_BEOORDELEN", "fout": "AFGEKEURD"}[verdict.value]
            tenant.wait_for(delivery, status=state)
    store = FoldStore(tmp_path / "again.sqlite", MIGRATIONS)
    fold = Fold(
        name="intake", topics=folding.TOPICS, store=store, apply=folding.apply, bootstrap=intake.bootstrap
    )
    running = asyncio.create_task(fold.run())
    try:
        async with asyncio.timeout(60):
            await fold.wait_caught_up()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    again = contents(tmp_path / "again.sqlite")
    store.close()
    assert len(again["facts"]) > 5
    for _ in range(200):  # the running one may still be at the last facts
        if contents(intake.state / "intake.sqlite") == again:
            break
        await asyncio.sleep(0.05)
    assert contents(intake.state / "intake.sqlite") == again


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}
