"""What linkage counts."""

from gmsd_chassis.metrics import registry

ROWS = registry.counter("gmsd_linkage_rows_total", "Rows that left linkage under pseudonym.", ("dataset",))
NOBODY = registry.counter(
    "gmsd_linkage_rows_without_identity_total",
    "Rows that named no person and got a pseudonym of their own.",
    ("dataset",),
)
WORKER_DEATHS = registry.counter(
    "gmsd_linkage_worker_deaths_total",
    "Times the worker process did not survive a delivery, by reason.",
    ("reason",),
)
