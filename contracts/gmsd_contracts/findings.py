"""What is wrong in a delivery, between validation and intake: `findings/1`.

At most a bounded number of examples per rule; the exact counts stand in `delivery.assessed`. Nothing in it is a BSN.
"""

import json
from collections.abc import Mapping

import pyarrow as pa

FINDINGS_NAME = "findings/1"

_FIELDS = [
    pa.field("rule", pa.string(), nullable=False),
    pa.field("severity", pa.string(), nullable=False),
    pa.field("row", pa.uint32()),  # as `_row` of the records; null: the file as a whole
    pa.field("column", pa.string()),
    pa.field("value", pa.string()),  # as delivered, BSNs masked; null: none, or never shown
    pa.field("expected", pa.string()),
    pa.field("key", pa.string()),  # the deliverer's own key of the row, masked likewise
]
_RULES = "rules"

Words = Mapping[str, Mapping[str, str]]
"""Per rule id its Dutch words: title, explanation, message (a template with {kolom}, {gevonden} and {verwacht}), action."""


def findings_schema(words: Words) -> pa.Schema:
    """The schema of a content: it brings the words of its rules along, so that a reader needs nothing else."""
    return pa.schema(
        _FIELDS, metadata={"schema": FINDINGS_NAME, _RULES: json.dumps(words, ensure_ascii=False)}
    )


def words_of(schema: pa.Schema) -> Words:
    """The words that a content brought along; none when it brought none."""
    words: Words = json.loads((schema.metadata or {}).get(_RULES.encode(), b"{}"))
    return words
