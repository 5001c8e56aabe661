"""The pseudonym key changed; every linked content is re-keyed because of it."""

from typing import ClassVar

from gmsd_contracts.envelope import Payload


class KeyRotated(Payload):
    """Cause of the new `linked` events."""

    TYPE: ClassVar[str] = "nl.gmsd.key.rotated.v1"

    key_version: int

    def key(self) -> str:
        return "key"

    def subject(self) -> str:
        return f"sleutel/{self.key_version}"
