"""The KeyRing: data keys, their destruction, and the sweep that keeps the retention promises."""

from gmsd_chassis.keyring.directory import DirectoryKeyRing
from gmsd_chassis.keyring.keyring import KEY_BYTES, KeyDestroyed, KeyRecord, KeyRing
from gmsd_chassis.keyring.retention import Keep, RetentionSweep, SweepSummary

__all__ = [
    "KEY_BYTES",
    "DirectoryKeyRing",
    "Keep",
    "KeyDestroyed",
    "KeyRecord",
    "KeyRing",
    "RetentionSweep",
    "SweepSummary",
]
