"""The four privacy zones: where data of which kind may exist."""

from enum import StrEnum


class Zone(StrEnum):
    """A zone has one key-encryption key; a service holds the keys of the zones it works in and no other."""

    IDENTIFYING = "identifying"  # a BSN may exist: intake, validation, linkage
    PSEUDONYMOUS = "pseudonymous"  # persons under pseudonym: linkage writes, aggregation reads
    STATISTICAL = "statistical"  # exact counts: aggregation writes, publication reads
    PUBLIC = "public"  # released; not encrypted
