"""Why aggregation cannot do its work on a delivery: the reasons in `load.failed` events, each with the way on."""

from enum import StrEnum


class LoadReason(StrEnum):
    """Slugs; a reason that the inbox gives (such as `died_repeatedly`) passes as it is."""

    CONTENT_EXPIRED = "content_expired"  # the linked content was erased: the deliverer sends again
    CONTENT_DAMAGED = (
        "content_damaged"  # not what linkage wrote: requeue linkage, it writes the content again
    )
    CONTENT_SCHEMA = (
        "content_schema"  # columns or types are not those of the specification: a defect between versions
    )
    UNKNOWN_SPECIFICATION = (
        "unknown_specification"  # this version of aggregation is older than the contract: upgrade
    )


class LoadRefused(Exception):
    """The content cannot be loaded; `reason` goes into the event, `detail` names columns and types, never a value."""

    def __init__(self, reason: LoadReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class MigrationRefused(Exception):
    """The migrations and the database contradict each other; `sentence` says which one and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
