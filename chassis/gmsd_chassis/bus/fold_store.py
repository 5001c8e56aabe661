"""The SQLite file of a fold: the owner's tables, and in the same transaction how far the log was applied."""

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gmsd_chassis.bus.opening import opening
from gmsd_chassis.errors import ConfigError

_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS fold_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fold_migrations (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS fold_offsets (
    fold TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
    PRIMARY KEY (fold, topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fold_skipped (
    fold TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (fold, topic, partition, position)
) WITHOUT ROWID;
"""
_BUSY_SECONDS = 30.0


@dataclass(frozen=True)
class Migration:
    """Number `number` (from 1, without gaps), never edited after it was released.

    `replay`: the state is rebuilt from the log after it; for a change that the old state cannot be converted to. Its SQL has
    to leave the owner's tables empty.
    """

    number: int
    name: str
    sql: str
    replay: bool = False

    @property
    def sha256(self) -> str:
        """Of the SQL."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class FoldStore:
    """One file, one writer, any number of concurrent readers."""

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        numbers = [migration.number for migration in migrations]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError("migrations are numbered 1, 2, 3 … without gaps")
        self.path = path
        self._migrations = tuple(migrations)
        self._writing = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        with opening(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
            self._writer.executescript(_OWN_TABLES)
        self._migrate()

    # Usable from handlers in threads and on the event loop alike: connections are pooled, not bound to a thread.

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; rolled back when the block raises."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent snapshot; rows are sqlite3.Row. Do not keep it open across a wait: the WAL cannot shrink meanwhile."""
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")
            with self._idle_lock:
                self._idle.append(connection)

    def adopt(self, cluster_id: str) -> None:
        """Tie the store to a Kafka cluster. Raises ConfigError when it was folded from another: offsets mean nothing there."""
        with self.write() as connection:
            row = connection.execute("SELECT value FROM fold_meta WHERE name = 'cluster_id'").fetchone()
            if row is None:
                connection.execute("INSERT INTO fold_meta VALUES ('cluster_id', ?)", (cluster_id,))
            elif row[0] != cluster_id:
                raise ConfigError(
                    f"{self.path} was folded from Kafka cluster {row[0]}, but this is cluster {cluster_id}: "
                    "point GMSD_KAFKA_BOOTSTRAP at the former, or move the file away and let it be rebuilt by replay"
                )

    def offsets(self, fold: str) -> dict[tuple[str, int], int]:
        """Per (topic, partition) the next offset to apply."""
        with self.read() as connection:
            rows = connection.execute(
                "SELECT topic, partition, next_offset FROM fold_offsets WHERE fold = ?", (fold,)
            ).fetchall()
        return {(row[0], row[1]): row[2] for row in rows}

    def skipped(self, fold: str) -> dict[str, int]:
        """How many records the fold could not apply, by reason."""
        with self.read() as connection:
            rows = connection.execute(
                "SELECT reason, count(*) FROM fold_skipped WHERE fold = ? GROUP BY reason", (fold,)
            ).fetchall()
        return {row[0]: row[1] for row in rows}

    def save_offsets(
        self, connection: sqlite3.Connection, fold: str, offsets: dict[tuple[str, int], int]
    ) -> None:
        """In the transaction that applied what lies before them."""
        connection.executemany(
            "INSERT INTO fold_offsets VALUES (?, ?, ?, ?) "
            "ON CONFLICT (fold, topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
            [(fold, topic, partition, offset) for (topic, partition), offset in offsets.items()],
        )

    def close(self) -> None:
        """Close every connection."""
        with self._idle_lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
        with self._writing:
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, check_same_thread=False, isolation_level=None, timeout=_BUSY_SECONDS
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        # Power loss may take the last transactions with their offsets: the log gives them again. FULL would buy nothing.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _migrate(self) -> None:
        known = {migration.number: migration for migration in self._migrations}
        applied = self._writer.execute(
            "SELECT number, name, sha256 FROM fold_migrations ORDER BY number"
        ).fetchall()
        for number, name, sha256 in applied:
            if number not in known:
                raise ConfigError(
                    f"{self.path} has migration {number} ({name}), which this release does not know: "
                    "run the newer release, or move the file away and let it be rebuilt by replay"
                )
            if known[number].sha256 != sha256:
                raise ConfigError(
                    f"migration {number} ({name}) of {self.path} was changed after it was applied: "
                    "restore it and add a new migration instead"
                )
        for migration in self._migrations[len(applied) :]:
            self._apply(migration)

    def _apply(self, migration: Migration) -> None:
        # executescript commits on its own, so the statements are run one by one inside the transaction.
        with self.write() as connection:
            for statement in _statements(migration.sql):
                connection.execute(statement)
            if migration.replay:
                connection.execute("DELETE FROM fold_offsets")
                connection.execute("DELETE FROM fold_skipped")
            connection.execute(
                "INSERT INTO fold_migrations VALUES (?, ?, ?)",
                (migration.number, migration.name, migration.sha256),
            )


def _statements(script: str) -> Iterator[str]:
    """Split where SQLite itself sees the end of a statement: a semicolon may stand in a string, comment or trigger."""
    pending = ""
    for part in script.split(";"):
        pending += part
        if sqlite3.complete_statement(pending + ";"):
            yield pending
            pending = ""
        else:
            pending += ";"
    rest = pending.rstrip(";")
    if rest.strip():
        yield rest
