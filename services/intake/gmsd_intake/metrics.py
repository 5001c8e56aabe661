"""What intake measures, beside what the chassis measures of every service."""

from gmsd_chassis.metrics import registry

UPLOADS = registry.counter(
    "gmsd_intake_uploads_total",
    "Uploads that ended, by outcome: new, same (the same bytes again) or the slug of the refusal.",
    ("outcome",),
)
UPLOAD_BYTES = registry.counter("gmsd_intake_upload_bytes_total", "Bytes of files that were spooled whole.")
UPLOAD_SECONDS = registry.histogram(
    "gmsd_intake_upload_seconds",
    "Seconds from the first byte of a body to the answer, accepted uploads only.",
)
SPOOLED = registry.gauge("gmsd_intake_spooled_bytes", "Bytes that stand in the spool at this moment.")
DECISIONS = registry.counter(
    "gmsd_intake_decisions_total", "Changes written to the log on request, by kind.", ("kind",)
)
CONFLICTS = registry.counter(
    "gmsd_intake_conflicts_total",
    "Times another instance was first in a slot and the request was decided again.",
)
PROBLEMS = registry.counter("gmsd_intake_problems_total", "Answers of 400 or more, by slug.", ("slug",))
PARKED = registry.gauge(
    "gmsd_intake_parked_facts",
    "Facts about deliveries whose receipt the fold has not seen; they wait for it.",
)
DELIVERIES = registry.gauge("gmsd_intake_deliveries", "Deliveries per state.", ("state",))
OLDEST_WAITING = registry.gauge(
    "gmsd_intake_oldest_waiting_seconds", "Age of the delivery that waits longest for a stage to answer."
)
ERASED = registry.counter(
    "gmsd_intake_erasures_total", "Deliveries whose keys were destroyed, by reason.", ("why",)
)
