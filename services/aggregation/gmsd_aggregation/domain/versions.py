"""Versions that enter a snapshot's identity: a change of either makes every snapshot a new one."""

MERGE_RULE_VERSION = "1"
"""From rows to arrangements: docs/counting.md, "From rows to arrangements". Raise it when that rule changes."""

CODE_VERSION = "1"
"""Everything else that decides a figure or its bytes (residence, frame, patterns, order of rows). Raise it when one changes."""
