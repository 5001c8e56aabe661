"""Tables of the read model. No cell value stands here: payloads hold counts, references and identifiers."""

from gmsd_chassis.bus.fold import Migration

MIGRATIONS = (
    Migration(
        1,
        "read_model",
        """
-- version: the slot_version of the last event of intake that counted.
CREATE TABLE slots (slot TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
-- Which event holds which number of a slot: how a request learns whether its own event won.
CREATE TABLE accepted (
    slot TEXT NOT NULL, slot_version INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (slot, slot_version)
) WITHOUT ROWID;
-- Every event about a delivery, whether its receipt is known or not: the latter are the parked facts.
CREATE TABLE facts (
    delivery TEXT NOT NULL, kind TEXT NOT NULL, event TEXT NOT NULL, cause TEXT NOT NULL, at TEXT NOT NULL,
    slot_version INTEGER, seq INTEGER, ok INTEGER, stage TEXT, reason TEXT, actor TEXT, data TEXT NOT NULL,
    PRIMARY KEY (delivery, kind, event)
) WITHOUT ROWID;
-- Receipts that came second in their slot: events about these deliveries are of no interest.
CREATE TABLE refused (delivery TEXT PRIMARY KEY) WITHOUT ROWID;
-- The state of each delivery, as derived from the facts of its slot.
CREATE TABLE deliveries (
    delivery TEXT PRIMARY KEY, slot TEXT NOT NULL, deliverer TEXT NOT NULL, dataset TEXT NOT NULL,
    period TEXT NOT NULL, part TEXT NOT NULL, seq INTEGER NOT NULL, received_at TEXT NOT NULL, content_id TEXT,
    state TEXT NOT NULL, since TEXT NOT NULL, link TEXT, failed_stage TEXT, reason TEXT
) WITHOUT ROWID;
CREATE INDEX deliveries_by_slot ON deliveries (slot, seq);
CREATE INDEX deliveries_by_time ON deliveries (received_at, delivery);
CREATE INDEX deliveries_by_deliverer ON deliveries (deliverer, received_at, delivery);
CREATE INDEX deliveries_by_state ON deliveries (state, since);
CREATE TABLE deliverers (deliverer TEXT PRIMARY KEY, event TEXT NOT NULL, data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE windows (
    period TEXT PRIMARY KEY, event TEXT NOT NULL, open INTEGER NOT NULL, until TEXT, at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE consents (
    gemeente TEXT NOT NULL, product TEXT NOT NULL, period TEXT NOT NULL, given INTEGER NOT NULL,
    version INTEGER NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (gemeente, product, period)
) WITHOUT ROWID;
CREATE TABLE releases (
    release TEXT PRIMARY KEY, product TEXT NOT NULL, period TEXT NOT NULL, number INTEGER NOT NULL,
    status TEXT NOT NULL, at TEXT NOT NULL, retracted_at TEXT, excluded TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX releases_by_period ON releases (period, product, number);
""",
    ),
    Migration(
        2,
        "erasures",
        """
-- What must become unreadable and may still be readable: a row goes when its keys are destroyed.
CREATE TABLE erasures (
    delivery TEXT NOT NULL, everything INTEGER NOT NULL, PRIMARY KEY (delivery, everything)
) WITHOUT ROWID;
INSERT INTO erasures SELECT delivery, state = 'INGETROKKEN' FROM deliveries WHERE state IN ('INGETROKKEN', 'AFGEKEURD');
""",
    ),
)
