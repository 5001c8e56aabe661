"""Numbered, checksummed, immutable SQL: what was applied may never be edited."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from gmsd_aggregation.adapters.warehouse import Session
from gmsd_aggregation.errors import MigrationRefused

_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")

CHECKOUT = Path(__file__).resolve().parents[4] / "deploy" / "clickhouse" / "aggregation"
"""Where they stand in an editable checkout; an image names its own place by setting."""

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations
(
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree ORDER BY number
"""


@dataclass(frozen=True)
class Migration:
    """One file. Each statement can be repeated: a crash between a statement and its record runs it again."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def statements(self) -> list[str]:
        """The statements, each ended by a semicolon at the end of a line; lines that begin with -- are comments."""
        code = "\n".join(line for line in self.sql.splitlines() if not line.lstrip().startswith("--"))
        return [text.strip() for text in re.split(r";\s*(?:\n|$)", code) if text.strip()]


def read(directory: Path) -> list[Migration]:
    """The migrations in a directory, by number from 1 without a gap. Raises MigrationRefused."""
    if not directory.is_dir():
        raise MigrationRefused(
            f"{directory} holds no migrations: set GMSD_WAREHOUSE_MIGRATIONS to deploy/clickhouse/aggregation"
        )
    found = []
    for path in sorted(directory.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationRefused(f"{path.name} is not named like 0001_what_it_does.sql: rename it")
        found.append(Migration(int(match["number"]), path.name, path.read_text(encoding="utf-8")))
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused(f"the migrations in {directory} are not numbered 0001, 0002 … without a gap")
    if not found:
        raise MigrationRefused(
            f"{directory} holds no migrations: set GMSD_WAREHOUSE_MIGRATIONS to their directory"
        )
    return found


def migrate(session: Session, migrations: list[Migration], now: datetime) -> int:
    """Apply what is missing; returns how many. Raises MigrationRefused when an applied one was edited or is gone."""
    session.command(_TABLE)
    applied = {
        number: (name, checksum)
        for number, name, checksum in session.rows("SELECT number, name, checksum FROM migrations")
    }
    known = {one.number: one for one in migrations}
    for number, (name, checksum) in sorted(applied.items()):
        if number not in known:
            raise MigrationRefused(
                f"the warehouse has migration {name}, which this version does not know: run the newer version"
            )
        if known[number].checksum != checksum:
            raise MigrationRefused(
                f"migration {known[number].name} was edited after it was applied: restore it, and add a new one"
            )
    missing = [one for one in migrations if one.number not in applied]
    for migration in missing:
        for statement in migration.statements():
            session.command(statement)
        session.insert(
            "migrations",
            pa.table(
                {
                    "number": pa.array([migration.number], pa.uint32()),
                    "name": [migration.name],
                    "checksum": [migration.checksum],
                    "applied_at": pa.array([now], pa.timestamp("us", "UTC")),
                }
            ),
        )
    return len(missing)


def belong_to(session: Session, cluster_id: str, now: datetime) -> None:
    """Tie the warehouse to one log. Raises MigrationRefused when it was filled from another."""
    noted = {row[0] for row in session.rows("SELECT cluster_id FROM log_identity")}
    if noted - {cluster_id}:
        raise MigrationRefused(
            "the warehouse was filled from another Kafka cluster: use the broker it belongs to, or an empty warehouse"
        )
    if not noted:
        session.insert(
            "log_identity",
            pa.table({"cluster_id": [cluster_id], "noted_at": pa.array([now], pa.timestamp("us", "UTC"))}),
        )
