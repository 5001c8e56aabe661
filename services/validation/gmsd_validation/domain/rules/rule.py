"""A rule: one declaration from which follow the check, the finding, the catalogue page and its tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import polars as pl

from gmsd_contracts.events.delivery_assessed_v1 import Severity

ROW_NUMBER = "_row"
TEXT = "|text"
"""Suffix under which a rule finds a column as delivered, beside the typed one."""


def empty(column: str) -> pl.Expr:
    """Nothing was delivered. Not the same as a typed null, which may be a value at fault."""
    return pl.col(column + TEXT).is_null()


def filled(column: str) -> pl.Expr:
    """Something was delivered, be it good or bad."""
    return pl.col(column + TEXT).is_not_null()


class Scope(StrEnum):
    """What a rule looks at; a user-facing word, so Dutch."""

    FILE = "bestand"
    FIELD = "veld"
    ROW = "rij"
    CROSS = "over rijen"


@dataclass(frozen=True)
class Facts:
    """What a rule may know beside the row: who delivers, for which period, and which day it is.

    `gemeente` is the one the file must be about: the slot's part, or else the deliverer. `first_values` holds, per
    column, the first valid value of the file, for rules that say "the same in every row".
    """

    deliverer: str
    gemeente: str
    first: date
    last: date
    today: date
    first_values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`message` is a template with {kolom}, {gevonden} and {verwacht}; `since` the first version of the specification.

    The severity decides what the reader is asked: FATAAL and FOUT to deliver again, WAARSCHUWING to confirm or correct.
    """

    id: str
    severity: Severity
    scope: Scope
    title: str
    explanation: str
    message: str
    action: str
    since: int = 1


@dataclass(frozen=True, kw_only=True)
class RowRule(Rule):
    """Judged per row, over the typed columns and, by `empty` and `filled`, over what was delivered.

    A field that is itself at fault is null in its typed column, so that a comparison with it fires nothing more.

    `column`: where the finding points; `fires`: a boolean expression (null counts as false);
    `expected`: words, or an expression that gives words.
    """

    column: str
    fires: Callable[[Facts], pl.Expr]
    expected: Callable[[Facts], str | pl.Expr]
    scope: Scope = Scope.ROW


@dataclass(frozen=True)
class Tally:
    """What was counted in one reading of the file. `counts` holds the numbers of rows for a specification's `tallies`."""

    rows: int
    filled: Mapping[str, int]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Remark:
    """A finding about the file as a whole or a column of it: no row."""

    column: str | None
    found: str
    expected: str


@dataclass(frozen=True, kw_only=True)
class TallyRule(Rule):
    """Judged once, from counters; how often it fires is the number of remarks."""

    judge: Callable[[Tally, Facts], list[Remark]]
    scope: Scope = Scope.FILE


@dataclass(frozen=True, kw_only=True)
class KeyedRule(Rule):
    """Judged over all rows with the same key.

    `fires` takes the keyed frame of one partition (all rows of a key are in the same one) and returns a frame with
    `_row` (uint32) and `expected` (words), one row per finding.
    """

    column: str
    fires: Callable[[pl.DataFrame], pl.DataFrame]
    scope: Scope = Scope.CROSS
