"""A stage could not do its work on a delivery: no verdict on the file, a way on for the platform team."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from gmsd_contracts.events.delivery import AboutDelivery


class _Failed(AboutDelivery):
    """`reason` is a slug of the stage's error catalogue; never a text that could hold a value."""

    reason: str
    attempts: PositiveInt = 1


class AssessmentFailed(_Failed):
    """Validation gave up (its third death on this file, for one)."""

    TYPE: ClassVar[str] = "nl.gmsd.assessment.failed.v1"
    stage: Literal["validation"] = "validation"


class LinkFailed(_Failed):
    """Linkage gave up."""

    TYPE: ClassVar[str] = "nl.gmsd.link.failed.v1"
    stage: Literal["linkage"] = "linkage"


class LoadFailed(_Failed):
    """Aggregation could not load."""

    TYPE: ClassVar[str] = "nl.gmsd.load.failed.v1"
    stage: Literal["aggregation"] = "aggregation"
