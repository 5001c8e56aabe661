"""Whether a file may come: who sends what, for which period, while the window is open."""

import re
from dataclasses import dataclass
from datetime import date
from unicodedata import decimal

from gmsd_contracts.columns import DATASETS, version_for
from gmsd_contracts.columns.dataset import DatasetVersion
from gmsd_contracts.events.registration import DelivererRegistered
from gmsd_intake.domain.refusal import Refused

KINDS = {"HJ": "halfjaar (HJ)", "JJ": "jaar (JJ)", "MM": "maand (MM)", "KW": "kwartaal (KW)"}
_GEMEENTE = re.compile(r"GM[0-9]{4}")
# \d: digits of any script, as a number copied from elsewhere may come.
_EIGHT_OR_NINE_DIGITS = re.compile(r"(?<!\d)\d{8,9}(?!\d)")
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


@dataclass(frozen=True)
class Window:
    """Deliveries for a period are welcome while `open`, up to and including `until` (None: until it is closed)."""

    period: str
    open: bool
    until: date | None = None

    def accepts(self, today: date) -> bool:
        """Whether a file may come today."""
        return self.open and (self.until is None or today <= self.until)


def specification(dataset: str, period: str) -> DatasetVersion:
    """The dataset version for a period. Refused when there is none or the period is of another kind."""
    try:
        version = version_for(dataset, period)
    except KeyError:
        raise Refused("bestandssoort-onbekend", soorten=", ".join(sorted(DATASETS))) from None
    if period[4:6] != version.period_kind:
        raise Refused("periode-soort", bestandssoort=version.name, soort=KINDS[version.period_kind])
    return version


def admit(
    registered: DelivererRegistered,
    version: DatasetVersion,
    period: str,
    part: str,
    window: Window | None,
    today: date,
) -> None:
    """Refused with the first rule that the announced file breaks; nothing of its bytes is needed for that."""
    if version.name not in registered.datasets:
        raise Refused("bestandssoort-niet-toegestaan", bestandssoort=version.name)
    if registered.kind != version.deliverer:
        raise Refused("bestandssoort-past-niet", bestandssoort=version.name, soort=version.deliverer)
    if version.per_part and _GEMEENTE.fullmatch(part) is None:
        raise Refused("deel-verplicht", bestandssoort=version.name)
    if part and not version.per_part:
        raise Refused("deel-niet-toegestaan", bestandssoort=version.name)
    if window is None or not window.accepts(today):
        raise Refused("venster-gesloten", periode=period)


def require_organisation(deliverer: str) -> None:
    """Refused for a code that holds what could be a BSN: it would become a partition key, which may never hold one."""
    if holds_citizen_number(deliverer):
        raise Refused("aanleveraar-id-ongeldig")


def holds_citizen_number(text: str) -> bool:
    """Whether 8 or 9 digits in a row pass the elfproef; 8 digits lost their leading zero."""
    for digits in _EIGHT_OR_NINE_DIGITS.findall(text):
        values = [decimal(digit) for digit in digits.rjust(9, "0")]
        if sum(weight * value for weight, value in zip(_WEIGHTS, values, strict=True)) % 11 == 0:
            return True
    return False


def require_registrable(registration: DelivererRegistered) -> None:
    """Refused when a dataset does not exist or does not come from this kind of deliverer."""
    require_organisation(registration.deliverer)
    for dataset in registration.datasets:
        versions = DATASETS.get(dataset)
        if versions is None:
            raise Refused("bestandssoort-onbekend", soorten=", ".join(sorted(DATASETS)))
        if registration.kind not in {version.deliverer for version in versions}:
            raise Refused("bestandssoort-past-niet", bestandssoort=dataset, soort=versions[-1].deliverer)
