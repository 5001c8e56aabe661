"""Whether a file may come: who sends what, for which period, while the window is open."""

import re
from dataclasses import dataclass
from datetime import date

from gmsd_contracts.columns import DATASETS, version_for
from gmsd_contracts.columns.dataset import DatasetVersion
from gmsd_contracts.events.registration import DelivererRegistered
from gmsd_intake.domain.refusal import Refused

KINDS = {"HJ": "halfjaar (HJ)", "JJ": "jaar (JJ)", "MM": "maand (MM)", "KW": "kwartaal (KW)"}
_GEMEENTE = re.compile(r"GM[0-9]{4}")
_FORMS = {
    "gemeente": (_GEMEENTE, "GM en vier cijfers, zoals GM0344"),
    # One AGB code in eleven could also be a BSN without its leading zero. No other form of it leaves that open.
    "zorgaanbieder": (re.compile(r"[0-9]{8}"), "de AGB-code van acht cijfers"),
    "registerhouder": (re.compile(r"[A-Z]{2,20}"), "alleen hoofdletters, zoals RVIG"),
}


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


def require_organisation(kind: str, deliverer: str) -> None:
    """Refused for a code of another form than organisations of this kind have.

    It becomes a partition key and stands in every event of the deliverer, where no number of a person may stand.
    """
    form, said = _FORMS[kind]
    if form.fullmatch(deliverer) is None:
        raise Refused("aanleveraar-id-ongeldig", soort=kind, vorm=said)


def require_registrable(registration: DelivererRegistered) -> None:
    """Refused when the code has another form, or a dataset does not exist or does not come from this kind of deliverer."""
    require_organisation(registration.kind, registration.deliverer)
    for dataset in registration.datasets:
        versions = DATASETS.get(dataset)
        if versions is None:
            raise Refused("bestandssoort-onbekend", soorten=", ".join(sorted(DATASETS)))
        if registration.kind not in {version.deliverer for version in versions}:
            raise Refused("bestandssoort-past-niet", bestandssoort=dataset, soort=versions[-1].deliverer)
