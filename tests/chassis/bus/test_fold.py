"""State and offsets move together, whatever happens in between."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from gmsd_chassis.bus.codec import Record, encode
from gmsd_chassis.bus.fold import Fold, FoldStore, Migration
from gmsd_chassis.bus.position import Position, Received
from gmsd_chassis.errors import ConfigError, TryLater, Unprocessable
from tests.support.until import until

from .conftest import Corner, answer, consent

TABLES = [
    Migration(
        1, "consents", "CREATE TABLE seen (event TEXT, version INTEGER);\nCREATE INDEX v ON seen (version);"
    )
]


def remember(connection: sqlite3.Connection, received: Received) -> None:
    """Not idempotent on purpose: an event applied twice shows."""
    data = received.event.data
    if not hasattr(data, "version"):
        return
    connection.execute("INSERT INTO seen VALUES (?, ?)", (str(received.event.id), data.version))
    if data.version == 13:
        raise Unprocessable("unlucky")


def versions(store: FoldStore) -> list[int]:
    with store.read() as connection:
        return [row["version"] for row in connection.execute("SELECT version FROM seen ORDER BY version")]


def a_fold(corner: Corner, store: FoldStore) -> Fold:
    return Fold(name="f", topics=[corner.source], store=store, apply=remember, bootstrap=corner.bootstrap)


@pytest.mark.broker
async def test_everything_is_applied_once_across_restarts_and_waiters_wake(
    corner: Corner, tmp_path: Path
) -> None:
    await corner.publisher.publish([consent(number, f"GM{number:04d}") for number in range(1, 11)])
    for start in (0, 1):
        store = FoldStore(tmp_path / "fold.sqlite", TABLES)
        fold = a_fold(corner, store)
        running = asyncio.create_task(fold.run())
        await fold.wait_caught_up()
        [position] = await corner.publisher.publish([consent(100 + start)])
        await fold.applied(position, timeout=30)
        assert versions(store) == [*range(1, 11), *range(100, 101 + start)]
        assert await fold.problem() is None
        assert fold.lag == 0
        with pytest.raises(TryLater, match="fold_behind"):
            await fold.applied(
                Position(position.topic, position.partition, position.offset + 1), timeout=0.01
            )
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        store.close()


@pytest.mark.broker
async def test_what_cannot_be_applied_is_recorded_and_leaves_no_trace(corner: Corner, tmp_path: Path) -> None:
    bad = await corner.publisher.append([Record(corner.source.name, b"k", b"?", ())])
    unlucky = await corner.publisher.publish([consent(13)])
    await corner.publisher.append([encode(answer(uuid4()), lambda _: corner.source)])
    await corner.publisher.publish([consent(14)])
    store = FoldStore(tmp_path / "fold.sqlite", TABLES)
    fold = a_fold(corner, store)
    running = asyncio.create_task(fold.run())
    await fold.wait_caught_up()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert versions(store) == [14]
    with store.read() as connection:
        skipped = {
            tuple(row)
            for row in connection.execute("SELECT topic, partition, position, reason FROM fold_skipped")
        }
    reasons = zip([*bad, *unlucky], ["missing_header", "unlucky"], strict=True)
    assert skipped == {(place.topic, place.partition, place.offset, reason) for place, reason in reasons}
    store.close()


@pytest.mark.broker
async def test_a_defect_in_apply_ends_the_fold_and_applies_nothing_of_the_batch(
    corner: Corner, tmp_path: Path
) -> None:
    def broken(connection: sqlite3.Connection, received: Received) -> None:
        remember(connection, received)
        if received.event.data.version == 2:
            raise ZeroDivisionError

    await corner.publisher.publish([consent(1), consent(2)])
    store = FoldStore(tmp_path / "fold.sqlite", TABLES)
    fold = Fold(name="f", topics=[corner.source], store=store, apply=broken, bootstrap=corner.bootstrap)
    with pytest.raises(ZeroDivisionError):
        await fold.run()
    in_state = versions(store)
    assert sum(store.offsets("f").values()) == len(in_state) < 2
    store.close()


KILLED = """
import asyncio, sqlite3, sys, time
from pathlib import Path
from gmsd_chassis.bus.fold import Fold, FoldStore, Migration
from gmsd_contracts.topics import Topic
from gmsd_contracts.zones import Zone

def apply(connection, received):
    connection.execute("INSERT INTO seen VALUES (?, ?)", (str(received.event.id), received.event.data.version))
    time.sleep(0.002)  # so that a kill falls inside a batch

tables = [Migration(1, "consents", open(sys.argv[3]).read())]
topic = Topic(sys.argv[2], "intake", "any", None, Zone.STATISTICAL, "events", ("nl.gmsd.consent.changed.v1",), 2)
fold = Fold(name="f", topics=[topic], store=FoldStore(Path(sys.argv[4]), tables), apply=apply, bootstrap=sys.argv[1])
asyncio.run(fold.run())
"""


@pytest.mark.broker
async def test_kill_minus_nine_applies_nothing_twice_and_loses_nothing(
    corner: Corner, tmp_path: Path
) -> None:
    count = 1200
    (tmp_path / "tables.sql").write_text(TABLES[0].sql)
    (tmp_path / "fold.py").write_text(KILLED)
    await corner.publisher.publish(
        [consent(number, f"GM{number % 50:04d}") for number in range(1, count + 1)]
    )
    path = tmp_path / "fold.sqlite"
    command = [
        sys.executable, str(tmp_path / "fold.py"), corner.bootstrap, corner.source.name,
        str(tmp_path / "tables.sql"), str(path),
    ]  # fmt: skip

    def applied() -> int:
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                return int(connection.execute("SELECT count(*) FROM seen").fetchone()[0])
        except sqlite3.OperationalError:
            return 0

    kills = 0
    while applied() < count:
        before = applied()
        process = subprocess.Popen(command)  # noqa: ASYNC220 - to be killed
        try:
            await until(lambda before=before: applied() > before)  # type: ignore[misc]
            await asyncio.sleep(0.2)  # now it is somewhere inside the next transaction
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()  # noqa: ASYNC222 - it is dead
        kills += 1
    store = FoldStore(path, TABLES)
    assert versions(store) == list(range(1, count + 1))
    assert sum(store.offsets("f").values()) == count
    assert kills >= 2
    store.close()


@pytest.mark.broker
async def test_another_cluster_is_refused_by_name(corner: Corner, tmp_path: Path) -> None:
    store = FoldStore(tmp_path / "fold.sqlite", TABLES)
    store.adopt("the-other-cluster")
    with pytest.raises(ConfigError, match="the-other-cluster"):
        await a_fold(corner, store).run()
    store.close()


@pytest.mark.broker
async def test_a_store_ahead_of_the_log_is_refused(corner: Corner, tmp_path: Path) -> None:
    store = FoldStore(tmp_path / "fold.sqlite", TABLES)
    with store.write() as connection:
        store.save_offsets(connection, "f", {(corner.source.name, 0): 5})
    with pytest.raises(ConfigError, match="recreated or records were lost"):
        await a_fold(corner, store).run()
    store.close()


def test_migrations_run_once_in_order_and_are_never_edited(tmp_path: Path) -> None:
    path = tmp_path / "fold.sqlite"
    FoldStore(path, TABLES).close()
    more = [*TABLES, Migration(2, "by", "ALTER TABLE seen ADD COLUMN by TEXT; -- who\n")]
    store = FoldStore(path, more)
    with store.write() as connection:
        connection.execute("INSERT INTO seen VALUES ('e', 1, 'x')")
    store.close()
    with pytest.raises(ConfigError, match="migration 2"):
        FoldStore(path, TABLES)
    with pytest.raises(ConfigError, match="was changed after"):
        FoldStore(path, [Migration(1, "consents", "CREATE TABLE other (x)"), more[1]])
    with pytest.raises(ValueError, match="without gaps"):
        FoldStore(path, [more[1]])
    store = FoldStore(path, more)
    assert versions(store) == [1]
    store.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = [Migration(1, "broken", "CREATE TABLE a (x); CREATE TABLE a (y);\n")]
    with pytest.raises(sqlite3.OperationalError):
        FoldStore(tmp_path / "fold.sqlite", broken)
    store = FoldStore(tmp_path / "fold.sqlite", [Migration(1, "mended", "CREATE TABLE a (x);")])
    store.close()


def test_a_replay_migration_forgets_the_offsets(tmp_path: Path) -> None:
    path = tmp_path / "fold.sqlite"
    store = FoldStore(path, TABLES)
    with store.write() as connection:
        store.save_offsets(connection, "f", {("t", 0): 5})
    store.close()
    store = FoldStore(path, [*TABLES, Migration(2, "again", "DELETE FROM seen;", replay=True)])
    assert store.offsets("f") == {}
    store.close()


def test_a_failed_write_is_rolled_back_and_a_reader_sees_one_moment(tmp_path: Path) -> None:
    store = FoldStore(tmp_path / "fold.sqlite", TABLES)
    with pytest.raises(KeyError), store.write() as connection:
        connection.execute("INSERT INTO seen VALUES ('e', 1)")
        raise KeyError
    assert versions(store) == []
    with store.read() as reader:
        assert reader.execute("SELECT count(*) FROM seen").fetchone()[0] == 0
        with store.write() as connection:
            connection.execute("INSERT INTO seen VALUES ('e', 1)")
        assert reader.execute("SELECT count(*) FROM seen").fetchone()[0] == 0
        with pytest.raises(sqlite3.OperationalError, match="readonly|read-only|query_only"):
            reader.execute("INSERT INTO seen VALUES ('e', 2)")
    assert versions(store) == [1]
    store.close()
