"""Who may deliver, and when. (deliverer.registered, window.opened and window.closed, version 1.)"""

from datetime import date
from typing import ClassVar, Literal

from gmsd_contracts.envelope import Payload
from gmsd_contracts.period import Period
from gmsd_contracts.slot import Dataset, Deliverer


class DelivererRegistered(Payload):
    """A deliverer with the datasets it may send; sent again, the last one counts."""

    TYPE: ClassVar[str] = "nl.gmsd.deliverer.registered.v1"

    deliverer: Deliverer
    kind: Literal["gemeente", "zorgaanbieder", "registerhouder"]
    name: str
    datasets: tuple[Dataset, ...]

    def key(self) -> str:
        return self.deliverer

    def subject(self) -> str:
        return f"aanleveraar/{self.deliverer}"


class WindowOpened(Payload):
    """Deliveries for `period` are welcome until `until` (None: until closed)."""

    TYPE: ClassVar[str] = "nl.gmsd.window.opened.v1"

    period: Period
    until: date | None = None

    def key(self) -> str:
        return self.period

    def subject(self) -> str:
        return f"venster/{self.period}"


class WindowClosed(Payload):
    """Late deliveries are possible only when the window is opened again."""

    TYPE: ClassVar[str] = "nl.gmsd.window.closed.v1"

    period: Period

    def key(self) -> str:
        return self.period

    def subject(self) -> str:
        return f"venster/{self.period}"
