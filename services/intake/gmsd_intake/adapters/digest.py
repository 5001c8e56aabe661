"""`Content-Digest` and `Repr-Digest` (RFC 9530): what the sender says the bytes are."""

import base64
import binascii
import re
from collections.abc import Mapping

from gmsd_intake.errors import Problem

HEADERS = ("content-digest", "repr-digest")
# One member of a structured dictionary whose value is a byte sequence (RFC 8941).
_MEMBER = re.compile(r"^\s*([a-z*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/=]*):\s*$")


def announced(headers: Mapping[str, str]) -> dict[str, str]:
    """Per digest header that names sha-256, that digest in hex. Other algorithms are not judged.

    Raises Problem(digest-ongeldig): a digest that cannot be read must not look like one that was checked.
    """
    found = {}
    for header in HEADERS:
        value = headers.get(header)
        if value is None:
            continue
        for member in value.split(","):
            match = _MEMBER.match(member)
            if match is None:
                raise Problem("digest-ongeldig", header=header)
            if match[1] == "sha-256":
                found[header] = _hex(match[2], header)
    return found


def check(expected: Mapping[str, str], actual: str) -> None:
    """Problem(digest-klopt-niet) when the bytes are others than announced."""
    for header, digest in expected.items():
        if digest != actual:
            raise Problem("digest-klopt-niet", header=header)


def _hex(text: str, header: str) -> str:
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Problem("digest-ongeldig", header=header) from None
    if len(digest) != 32:
        raise Problem("digest-ongeldig", header=header)
    return digest.hex()
