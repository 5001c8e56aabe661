-- Facts. Every table only grows; the same fact written twice changes no answer, and no answer depends on the order of arrival.
-- ReplacingMergeTree keeps the replays of the log from piling up; queries are right before and after it merges.

CREATE TABLE IF NOT EXISTS log_identity
(
    cluster_id String,
    noted_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree ORDER BY cluster_id;

-- Every event of the topic `deliveries`: each takes the next number (slot_version) of its slot. log_offset is its place in the
-- partition of the slot, by: of a withdrawal. Short columns without dictionaries: a row of its own per event is cheap.
CREATE TABLE IF NOT EXISTS slot_events
(
    deliverer String,
    dataset String,
    period String,
    part String,
    slot_version UInt32,
    log_offset UInt64,
    event_id UUID,
    type String,
    delivery_id UUID,
    by String,
    at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree ORDER BY (dataset, period, deliverer, part, slot_version, log_offset);

-- Of two writers that took the same number only the first in the log counts, here as in intake.
CREATE VIEW IF NOT EXISTS counting AS
SELECT
    deliverer,
    dataset,
    period,
    part,
    slot_version,
    first.1 AS type,
    first.2 AS delivery_id,
    first.3 AS by,
    first.4 AS at
FROM
(
    SELECT
        deliverer,
        dataset,
        period,
        part,
        slot_version,
        argMin(tuple(type, delivery_id, by, at), log_offset) AS first
    FROM slot_events
    GROUP BY deliverer, dataset, period, part, slot_version
);

CREATE VIEW IF NOT EXISTS receipts AS
SELECT deliverer, dataset, period, part, slot_version, delivery_id, at FROM counting WHERE type = 'received';

-- The deliverer's akkoord: slot_version is its order within the slot.
CREATE VIEW IF NOT EXISTS decisions AS
SELECT deliverer, dataset, period, part, slot_version, delivery_id, at FROM counting WHERE type = 'decided';

CREATE VIEW IF NOT EXISTS withdrawals AS
SELECT deliverer, dataset, period, part, slot_version, delivery_id, by, at FROM counting WHERE type = 'withdrawn';

-- An attempt to load, written before its first row: whatever a crash leaves behind can be found and dropped.
CREATE TABLE IF NOT EXISTS attempts
(
    delivery_id UUID,
    attempt UUID,
    dataset LowCardinality(String),
    key_version UInt32,
    begun_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree ORDER BY (delivery_id, attempt);

-- Written last: rows are visible only through it. `persons` counts distinct persons, 0 for a dataset without.
CREATE TABLE IF NOT EXISTS loaded
(
    delivery_id UUID,
    attempt UUID,
    deliverer LowCardinality(String),
    dataset LowCardinality(String),
    period LowCardinality(String),
    part LowCardinality(String),
    specification LowCardinality(String),
    key_version UInt32,
    rows UInt64,
    persons UInt64,
    loaded_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree ORDER BY (delivery_id, attempt);

-- Attempts whose rows are gone or are to go: written before the partition is dropped.
CREATE TABLE IF NOT EXISTS dropped
(
    delivery_id UUID,
    attempt UUID,
    why LowCardinality(String),
    dropped_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree ORDER BY (delivery_id, attempt, why);

-- What delivery.loaded events said, in the order of `number`: a repeated cause repeats the event, a new coverage needs a new one.
CREATE TABLE IF NOT EXISTS announced
(
    delivery_id UUID,
    number UInt32,
    cause UUID,
    stage String,
    rows UInt64,
    found Nullable(UInt64),
    not_found Nullable(UInt64),
    register_parts Nullable(UInt64)
)
ENGINE = ReplacingMergeTree ORDER BY (delivery_id, number, cause);

-- Snapshots whose event is acknowledged, with the deliveries they were computed from.
CREATE TABLE IF NOT EXISTS snapshots
(
    product LowCardinality(String),
    period LowCardinality(String),
    snapshot_id String,
    deliveries Array(UUID),
    published_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree ORDER BY (product, period, published_at);

-- Where the rows of a delivery lie: the newest pseudonym key, then the newest load.
CREATE VIEW IF NOT EXISTS live AS
SELECT
    delivery_id,
    newest.1 AS attempt,
    newest.2 AS deliverer,
    newest.3 AS dataset,
    newest.4 AS period,
    newest.5 AS part,
    newest.6 AS key_version,
    newest.7 AS rows,
    newest.8 AS persons
FROM
(
    SELECT
        delivery_id,
        argMax(
            tuple(attempt, deliverer, dataset, period, part, key_version, rows, persons),
            tuple(key_version, loaded_at, toString(attempt))
        ) AS newest
    FROM loaded
    WHERE attempt NOT IN (SELECT attempt FROM dropped) AND delivery_id NOT IN (SELECT delivery_id FROM withdrawals)
    GROUP BY delivery_id
);

-- Effective: per slot the highest decided slot_version whose load was announced (docs/counting.md). Announced and not merely
-- loaded: a load that ended after its withdrawal was told to nobody, and replaced nothing. A deliverer can only take back what
-- is not yet in force, so that is passed over; what the platform team took back was in force, and leaves the slot empty, because
-- what it replaced has ended.
CREATE VIEW IF NOT EXISTS effective AS
SELECT
    w.deliverer AS deliverer,
    w.dataset AS dataset,
    w.period AS period,
    w.part AS part,
    w.winner AS delivery_id,
    l.attempt AS attempt,
    w.version AS slot_version,
    l.key_version AS key_version,
    l.rows AS rows
FROM
(
    SELECT
        deliverer,
        dataset,
        period,
        part,
        argMax(delivery_id, slot_version) AS winner,
        max(slot_version) AS version
    FROM decisions
    WHERE delivery_id IN (SELECT delivery_id FROM announced)
        AND delivery_id NOT IN (SELECT delivery_id FROM withdrawals WHERE by = 'aanleveraar')
    GROUP BY deliverer, dataset, period, part
) AS w
INNER JOIN live AS l ON l.delivery_id = w.winner;
