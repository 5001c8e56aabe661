"""The deliverer says *akkoord*."""

from typing import ClassVar

from gmsd_contracts.events.delivery import FromIntake


class DeliveryDecided(FromIntake):
    """Akkoord on quality. Consent to publish and objection per product are facts of their own (ConsentChanged).

    `confirmed_warnings` are the rule ids the deliverer confirmed; `by` is the token's client, never a person.
    """

    TYPE: ClassVar[str] = "nl.gmsd.delivery.decided.v1"

    confirmed_warnings: tuple[str, ...] = ()
    by: str
