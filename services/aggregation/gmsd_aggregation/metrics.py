"""What aggregation measures."""

from gmsd_chassis.metrics import registry

ROWS_LOADED = registry.counter(
    "gmsd_aggregation_rows_loaded_total", "Rows made visible in the warehouse.", ("dataset",)
)
LOADS_FAILED = registry.counter(
    "gmsd_aggregation_loads_failed_total", "Deliveries whose content could not be loaded.", ("reason",)
)
LOAD_SECONDS = registry.histogram(
    "gmsd_aggregation_load_seconds",
    "Seconds from the first byte of a delivery to its loaded row.",
    ("dataset",),
)
SNAPSHOT_SECONDS = registry.histogram(
    "gmsd_aggregation_snapshot_seconds",
    "Seconds to compute a snapshot, write its content and publish its event.",
    ("product",),
)
SNAPSHOTS = registry.counter(
    "gmsd_aggregation_snapshots_total", "Snapshots published by this process.", ("product",)
)
INPUTS = registry.gauge(
    "gmsd_aggregation_snapshot_inputs",
    "Effective deliveries in the last snapshot of a period.",
    ("product", "period"),
)
LAST_SNAPSHOT = registry.gauge(
    "gmsd_aggregation_last_snapshot_timestamp_seconds",
    "Moment of the last published snapshot of a period, seconds since 1970.",
    ("product", "period"),
)
WAITING = registry.gauge(
    "gmsd_aggregation_periods_waiting",
    "Periods whose input set differs from their last snapshot, by what they wait for.",
    ("reason",),
)
