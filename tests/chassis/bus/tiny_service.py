"""A whole service, as small as one can be: consents in, windows out. Run as a process by test_service."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from pydantic import Field

from gmsd_chassis.bus.fold import Fold, FoldStore, Migration
from gmsd_chassis.bus.inbox import Inbox, Received
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.service import Service, run_service
from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.events.registration import WindowOpened
from gmsd_contracts.topics import CONSENTS


class TinySettings(ServiceSettings):
    """Which events are ours, and where they are written down."""

    group: str = Field(description="Consumer group of this test")
    product: str = Field(description="Product of the events of this test")
    log_file: Path = Field(description="File that gets a line per handled event")


def build() -> Service:
    settings = TinySettings()
    clock = settings.clock()
    publisher = Publisher(settings.kafka_bootstrap)

    async def handle(received: Received) -> Sequence[Event[Any]]:
        data: ConsentChanged = received.event.data
        if data.product != settings.product:
            return []
        if data.by == "slow":
            _note(settings.log_file, f"begin {data.version}")
            await asyncio.sleep(2)
        if data.by == "deadly":
            raise ValueError("Jansen 999990019")
        if data.by == "segfault":
            os.abort()
        _note(settings.log_file, f"done {data.version}")
        return [
            Event[Any].caused_by(
                WindowOpened(period=data.period), cause=received.event.id, stage="tiny",
                correlation=uuid4(), source="urn:nld:oin:0:systeem:tiny", time=clock.now(),
            )
        ]  # fmt: skip

    def apply(connection: sqlite3.Connection, received: Received) -> None:
        connection.execute("INSERT INTO seen VALUES (?)", (received.event.data.version,))

    async def break_down_when_told() -> None:
        while not settings.log_file.with_suffix(".break").exists():  # noqa: ASYNC110 - the test's process decides
            await asyncio.sleep(0.05)
        raise RuntimeError("elsewhere")

    http = FastAPI()

    @http.get("/telling/{product}")
    async def count(product: str) -> dict[str, int]:
        with store.read() as connection:
            return {"aantal": connection.execute("SELECT count(*) FROM seen").fetchone()[0]}

    store = FoldStore(
        settings.state_dir / "tiny.sqlite", [Migration(1, "seen", "CREATE TABLE seen (version INTEGER);")]
    )
    return Service(
        name="intake",
        settings=settings,
        publisher=publisher,
        inboxes=[
            Inbox(topics=[CONSENTS], group=settings.group, accepts=[ConsentChanged.TYPE], handler=handle)
        ],
        folds=[
            Fold(name="tiny", topics=[CONSENTS], store=store, apply=apply, bootstrap=settings.kafka_bootstrap)
        ],
        background=[break_down_when_told],
        http=http,
        clock=clock,
    )


def _note(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    run_service(build)
