"""Masks every 8- or 9-digit token that passes the elfproef, wherever it stands.

One in eleven innocent numbers of that length is masked too. That is the price of a log that never holds a BSN.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from uuid import UUID

MASK = "[bsn]"

# A UUID and a sha256 in hex are identifiers this system makes itself; masking digits inside them would make one
# correlation id in four hundred unfindable. They are consumed whole, first, and kept.
_TOKEN = re.compile(
    r"(?P<keep>(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64})(?![0-9A-Za-z]))"
    r"|(?<!\d)\d{8,9}(?!\d)"
)
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def passes_elfproef(digits: str) -> bool:
    """Whether 8 or 9 decimal digits (of any script) could be a BSN; 8 digits lost their leading zero."""
    values = [unicodedata.decimal(digit) for digit in digits.rjust(9, "0")]
    return sum(weight * value for weight, value in zip(_WEIGHTS, values, strict=True)) % 11 == 0


def _replace(match: re.Match[str]) -> str:
    token = match.group()
    if match.group("keep") is None and passes_elfproef(token):
        return MASK
    return token


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
