"""The KeyRing: data keys, their destruction, and the sweep that keeps the retention promises."""

from gmsd_chassis.keyring.directory import DirectoryKeyRing
from gmsd_chassis.keyring.keyring import KEY_BYTES, KeyDestroyed, KeyRecord, KeyRing

__all__ = ["KEY_BYTES", "DirectoryKeyRing", "KeyDestroyed", "KeyRecord", "KeyRing"]
