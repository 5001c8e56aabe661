"""What validation counts."""

from gmsd_chassis.metrics import registry

FILES = registry.counter(
    "gmsd_validation_files_total", "Deliveries assessed, by dataset and verdict.", ("dataset", "verdict")
)
ROWS = registry.counter("gmsd_validation_rows_total", "Rows read in assessed deliveries.", ("dataset",))
SECONDS = registry.histogram(
    "gmsd_validation_seconds", "Seconds from taking up a delivery to its verdict.", ("dataset",)
)
FINDINGS = registry.counter(
    "gmsd_validation_findings_total", "Findings by rule, all of them, kept as example or not.", ("rule",)
)
EXPIRED = registry.counter(
    "gmsd_validation_expired_total", "Deliveries whose file was gone before it could be read."
)
WORKER_DEATHS = registry.counter(
    "gmsd_validation_worker_deaths_total",
    "Times the worker process did not survive a file, by reason.",
    ("reason",),
)
