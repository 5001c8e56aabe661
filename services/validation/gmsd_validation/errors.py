"""Why validation gives up on a delivery: the reasons of `assessment.failed`, with what the platform team can do.

    Unprocessable          nobody can assess this event                    -> quarantine and assessment.failed (MISLUKT)
      unknown_specification, no_content, damaged_content
    Poison                 this file breaks the work on it         -> the same, and the fuse does not count it
      geheugen, tijd, gecrasht   the third worker process died on the file
      job_failed                 a rule raised on it
    ContentExpired         the file was erased as promised                 -> delivery.expired (VERLOPEN)
    TryLater               the log or the key ring is away                 -> the same event again, later

What is wrong with a *file* is never an error: it is a finding.
"""

REASONS: dict[str, str] = {
    "geheugen": "The worker process needed more memory than it may have. Raise GMSD_WORKER_MEMORY_MB, then requeue.",
    "tijd": "The worker process needed more time than it may have. Raise GMSD_WORKER_SECONDS, then requeue.",
    "gecrasht": "The worker process crashed three times. Find the signal in the log of validation, then requeue.",
    "job_failed": "The check itself has a defect. Find the place in the log of validation, deploy a repair, then requeue.",
    "damaged_content": "The file is not what the event promised. Ask the deliverer to send again.",
    "no_content": "The event points at no file and does not say that there is nothing to report. Find out who wrote it.",
    "unknown_specification": "This version of validation has no rules for the dataset and period. Deploy a newer one, then requeue.",
    "died_repeatedly": "The service died three times on this delivery. Look in its log, then requeue.",
}
"""By slug; intake shows the delivery as MISLUKT with it."""
