"""What publication measures, beside the metrics of the chassis."""

from gmsd_chassis.metrics import registry

RELEASED = registry.counter(
    "gmsd_publication_released_total", "Releases that came out, by product.", ("product",)
)
RETRACTED = registry.counter(
    "gmsd_publication_retracted_total", "Releases taken back, by product.", ("product",)
)
HELD = registry.counter(
    # Without the reason: it tells about persons behind small figures, and who may read metrics is decided elsewhere.
    "gmsd_publication_held_total",
    "Releases that were held, by product; why stands in the log alone.",
    ("product",),
)
POSTPONED = registry.counter(
    "gmsd_publication_postponed_total", "Times the desk had to wait for something outside.", ("reason",)
)
OUTRUN = registry.counter(
    "gmsd_publication_outrun_total",
    "Releases built and dropped because snapshot or consent changed meanwhile.",
)
BUILD_SECONDS = registry.histogram(
    "gmsd_publication_build_seconds", "Seconds from reading a snapshot to its protected tables.", ("product",)
)
RELEASE_SECONDS = registry.histogram(
    "gmsd_publication_release_seconds",
    "Seconds from the change that called for a release to its event.",
    ("product",),
)
PROTECTION_PROGRESS = registry.gauge(
    "gmsd_publication_protection_progress",
    "Share of the parts of the release that was last begun whose protection is done, by product.",
    ("product",),
)
READERS = registry.gauge("gmsd_publication_stream_readers", "Open streams of publication events.")
ANSWERS = registry.counter(
    "gmsd_publication_answers_total", "Public HTTP answers, by route and status.", ("route", "status")
)
