"""The tables of publication's fold."""

from gmsd_chassis.bus.fold_store import Migration

MIGRATIONS = (
    Migration(
        1,
        "facts",
        """
CREATE TABLE snapshots (
    product TEXT NOT NULL, period TEXT NOT NULL, snapshot_id TEXT NOT NULL, place INTEGER NOT NULL, time TEXT NOT NULL,
    data TEXT NOT NULL, PRIMARY KEY (product, period, snapshot_id)
) WITHOUT ROWID;
CREATE TABLE consents (
    product TEXT NOT NULL, period TEXT NOT NULL, gemeente TEXT NOT NULL, version INTEGER NOT NULL, given INTEGER NOT NULL,
    time TEXT NOT NULL, PRIMARY KEY (product, period, gemeente)
) WITHOUT ROWID;
CREATE TABLE deliveries (
    delivery_id TEXT PRIMARY KEY, deliverer TEXT NOT NULL, dataset TEXT NOT NULL, period TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 0, withdrawn INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE slot_numbers (
    slot TEXT NOT NULL, slot_version INTEGER NOT NULL, PRIMARY KEY (slot, slot_version)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_period ON deliveries (period, dataset, deliverer);
CREATE TABLE publications (
    sequence INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, product TEXT NOT NULL, period TEXT NOT NULL,
    kind TEXT NOT NULL, release_id TEXT, event TEXT NOT NULL
);
CREATE INDEX publications_by_period ON publications (product, period, sequence);
CREATE INDEX publications_by_release ON publications (release_id, sequence);
CREATE TABLE release_figures (release_id TEXT PRIMARY KEY, whole TEXT NOT NULL, inside TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE revision (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), value INTEGER NOT NULL);
INSERT INTO revision VALUES (1, 0);
""",
    ),
)
