"""Why linkage gives up on a delivery: the reasons of `link.failed`, with what the platform team can do.

`LinkFailed.reason` is one of these slugs; intake shows the delivery as MISLUKT with it.
"""

REASONS: dict[str, str] = {
    "geheugen": "The worker process needed more memory than it may have. Give it more, then requeue.",
    "tijd": "The worker process needed more time than it may have. Give it more, then requeue.",
    "gecrasht": "The worker process crashed. Look in the log of linkage for the signal, then requeue.",
    "inhoud_beschadigd": "The checked rows are not what the event promised. Ask the deliverer to send again.",
    "inhoud_onleesbaar": "The checked rows do not fit their schema. Look in the log of linkage for the place.",
    "onbekende_specificatie": "This version of linkage does not know the dataset version. Deploy a newer one, then requeue.",
    "died_repeatedly": "The service died three times on this delivery. Look in its log, then requeue.",
}
