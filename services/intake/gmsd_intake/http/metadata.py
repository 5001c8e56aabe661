"""What a sender states about a file: in the query, or in the fields of a form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gmsd_chassis.http.bearer import Caller
from gmsd_chassis.http.problem import Fault
from gmsd_contracts.period import bounds
from gmsd_contracts.slot import Slot
from gmsd_intake.adapters.multipart import FIELDS
from gmsd_intake.errors import Problem

_DATASET = re.compile(r"[a-z][a-z_]{1,30}")
_CODE = re.compile(r"[A-Z0-9]{2,20}")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Stated:
    """A file's place and whether it says that there is nothing to report."""

    slot: Slot
    nothing_to_report: bool


def read(query: Mapping[str, str], form: Mapping[str, str], who: Caller) -> Stated:
    """Raises Problem(verzoek-ongeldig) with every fault at once, Problem(aanleveraar-onbekend) for another's slot."""
    faults: list[Fault] = []
    values: dict[str, str] = {}
    for name in sorted(FIELDS):
        given = {source[name] for source in (query, form) if name in source}
        if len(given) > 1:
            faults.append(Fault(name, "staat in het adres anders dan in het formulier"))
        elif given:
            values[name] = given.pop()
    deliverer = values.get("aanleveraar", who.deliverer or "")
    dataset, period, part = values.get("bestandssoort", ""), values.get("periode", ""), values.get("deel", "")
    nothing = _BOOLEANS.get(values.get("nietsTeMelden", "false"))
    if not _CODE.fullmatch(deliverer):
        faults.append(Fault("aanleveraar", "is geen kenmerk van een aanleveraar, zoals GM0344"))
    if not _DATASET.fullmatch(dataset):
        faults.append(Fault("bestandssoort", "ontbreekt of is ongeldig; geef bijvoorbeeld wmo"))
    if not _is_period(period):
        faults.append(Fault("periode", "ontbreekt of is ongeldig; geef bijvoorbeeld 2025HJ01"))
    if part and not _CODE.fullmatch(part):
        faults.append(Fault("deel", "is geen gemeentecode, zoals GM0344"))
    if nothing is None:
        faults.append(Fault("nietsTeMelden", "moet true of false zijn"))
    if faults or nothing is None:
        raise Problem("verzoek-ongeldig", faults=faults)
    if deliverer != who.deliverer:
        raise Problem("aanleveraar-onbekend")
    return Stated(Slot(deliverer=deliverer, dataset=dataset, period=period, part=part), nothing)


def _is_period(text: str) -> bool:
    try:
        bounds(text)
    except ValueError:
        return False
    return True
