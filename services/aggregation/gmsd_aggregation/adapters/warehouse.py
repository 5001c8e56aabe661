"""ClickHouse: the engine in this process (`chdb:///path`) or a server (`clickhouse://…`). Same SQL, same code."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import OperationalError

from gmsd_chassis.errors import ConfigError, TryLater

T = TypeVar("T")

DATABASE = "gmsd_aggregation"
SCHEMES = ("chdb", "clickhouse")
MOMENT = pa.timestamp("us", "UTC")
"""Of every column that says when."""


class Session:
    """The warehouse while one thread has it. Every value travels as a parameter, never in the text."""

    def __init__(self, client: Any, settings: Mapping[str, Any]) -> None:
        self._client = client
        self._settings = dict(settings)

    def command(self, sql: str, **parameters: Any) -> None:
        """Run a statement without an answer."""
        self._client.command(sql, parameters=parameters or None, settings=self._settings)

    def rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The answer as tuples; for small answers."""
        answer = self._client.query(sql, parameters=parameters or None, settings=self._settings)
        return [tuple(row) for row in answer.result_rows]

    def table(self, sql: str, **parameters: Any) -> pa.Table:
        """The answer as Arrow."""
        table: pa.Table = self._client.query_arrow(
            sql, parameters=parameters or None, settings=self._settings, use_strings=True
        )
        return table

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append Arrow rows; columns by name. Not atomic over blocks: whoever needs that writes a fact afterwards."""
        if rows.num_rows:
            self._client.insert_arrow(table, rows, settings=self._settings)


class Warehouse:
    """One connection with one user at a time: clickhouse-connect's client and chDB's engine serve one query each.

    `database`: made when it is not there; empty: the one in the DSN, else DATABASE. `memory_bytes` caps every query; grouping and sorting spill to disk at half of it. `async_insert` is off: an insert is
    acknowledged when its rows are there, not when they are in a buffer.
    """

    def __init__(self, dsn: str, memory_bytes: int, database: str = "") -> None:
        parts = urlsplit(dsn)
        scheme = parts.scheme
        if scheme not in SCHEMES:
            raise ConfigError(
                f"GMSD_WAREHOUSE_DSN begins with {scheme!r}: give chdb:///path or clickhouse://user:password@host:port"
            )
        self._dsn = dsn
        # An operator who names a database made it, perhaps for a user who may not make any.
        named = scheme != "chdb" and parts.path.strip("/")
        self._database = database or ("" if named else DATABASE)
        self._lock = threading.Lock()
        self._client: Any = None
        self._settings = {
            "async_insert": 0,
            "max_memory_usage": memory_bytes,
            "max_bytes_before_external_group_by": memory_bytes // 2,
            "max_bytes_before_external_sort": memory_bytes // 2,
            "join_use_nulls": 0,
        }

    @contextmanager
    def use(self) -> Iterator[Session]:
        """Have it alone; for threads. Raises TryLater when the server is away."""
        with self._lock:
            try:
                if self._client is None:
                    self._client = self._connect()
                yield Session(self._client, self._settings)
            except OperationalError as error:
                raise TryLater("warehouse_away") from error

    async def run(self, work: Callable[[Session], T]) -> T:
        """Do `work` in a thread, with the warehouse to itself."""

        def alone() -> T:
            with self.use() as session:
                return work(session)

        return await asyncio.to_thread(alone)

    async def problem(self) -> str | None:
        """For readiness: what is wrong. A warehouse that is busy answers, if later than a probe waits."""

        def ask() -> str | None:
            if not self._lock.acquire(blocking=False):
                return None
            try:
                if self._client is None:
                    return "not connected"
                self._client.command("SELECT 1")
            except OperationalError:
                return "does not answer"
            finally:
                self._lock.release()
            return None

        return await asyncio.to_thread(ask)

    def close(self) -> None:
        """Let go; may be used again, which connects again."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connect(self) -> Any:
        parts = urlsplit(self._dsn)
        if parts.scheme == "chdb" and parts.path.strip("/"):
            Path(parts.path).mkdir(parents=True, exist_ok=True)
        # Without a session a query never waits for another that a broken connection left behind.
        options: dict[str, Any] = {} if parts.scheme == "chdb" else {"autogenerate_session_id": False}
        if not self._database:
            return clickhouse_connect.get_client(dsn=self._dsn, **options)
        # A first connection without the database, which may not exist yet.
        first = clickhouse_connect.get_client(dsn=self._dsn, **options)
        try:
            if not self._exists(first):
                first.command(f"CREATE DATABASE IF NOT EXISTS {self._database}")
        finally:
            first.close()
        return clickhouse_connect.get_client(dsn=self._dsn, database=self._database, **options)

    def _exists(self, client: Any) -> bool:
        found = client.query(
            "SELECT count() FROM system.databases WHERE name = {name:String}",
            parameters={"name": self._database},
        )
        return bool(found.result_rows[0][0])
