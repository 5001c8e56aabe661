"""Masks everything that could be a BSN in what the platform logs, puts aside or echoes; the rule is `gmsd_contracts.bsn`."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from gmsd_contracts.bsn import RUN, SEPARATORS, may_hold_bsn

MASK = "[bsn]"

# UUIDs, sha256 in hex, and ISO dates and moments are what this system writes itself; masking digits inside them would make
# one correlation id in four hundred unfindable, and a log without times one day in eleven. They are consumed whole, first,
# and kept. Nobody groups a BSN as year-month-day.
_ID = r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64})(?![0-9A-Za-z])"
_MOMENT = (
    r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-][0-2][0-9]:[0-5][0-9])?)?"
    rf"(?![0-9A-Za-z]|[{SEPARATORS}]?\d)"
)
_TOKEN = re.compile(rf"(?P<keep>(?<![0-9A-Za-z])(?:{_ID}|{_MOMENT}))|{RUN}")


def _replace(match: re.Match[str]) -> str:
    token = match.group()
    return MASK if match.group("keep") is None and may_hold_bsn(token) else token


def mask(text: str) -> str:
    """The text with every possible BSN replaced; masking twice changes nothing more."""
    return _TOKEN.sub(_replace, text)


def mask_value(value: Any) -> Any:
    """The same for a nested value: keys and members of containers, integers, bytes and anything that is printed."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, int):
        masked = mask(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {mask_value(key): mask_value(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(member) for member in value]
    return mask(str(value))
