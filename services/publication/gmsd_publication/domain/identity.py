"""Deterministic ids: the same inputs are the same release."""

from uuid import UUID, uuid5

from gmsd_contracts.slot import NAMESPACE
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.protection import Protection


def trigger_id(product: str, period: str, snapshot_id: str, protection: Protection, policy: Policy) -> UUID:
    """What calls for a release: a snapshot, a protection and a state of consent. The correlation id of its events."""
    state = (product, period, snapshot_id, protection.name, protection.settings, policy.consent_fingerprint())
    return uuid5(NAMESPACE, "|".join(("trigger", *state)))


def release_id(trigger: UUID, policy: Policy, after: UUID | None) -> UUID:
    """The release of a trigger, told with the deliveries known at that moment.

    `after`: the release before it of the same product and period. While the newest release answers its trigger nothing is
    released, so equal inputs give no second number; but a return to an earlier state (a redelivery undone, an objection
    made and taken back) is a new release: the old one was replaced, or retracted for good.
    """
    return uuid5(NAMESPACE, f"release|{trigger}|{policy.delivery_fingerprint()}|{after}")


def retraction_cause(release: UUID, reason: str) -> UUID:
    """A release is retracted once; the reason tells which rule did."""
    return uuid5(NAMESPACE, f"retraction|{release}|{reason}")


def hold_cause(trigger: UUID) -> UUID:
    """A trigger is held once, however often it is tried."""
    return uuid5(NAMESPACE, f"hold|{trigger}")
