"""Exact cells between aggregation and publication: `cells/1` and `frame/1`.

A published cell counts a person once per (sub)total, so totals are not sums of published cells. What does add up are
**exclusive patterns**: for one indicator and moment, everybody in a finest region with exactly the same set of
categories. Per indicator only, never a cross of all of them: that would be person records again.

A row of `cells/1` is one **component** of a contribution unit:

- `unit` 0: the people of this row count in one gemeente. The row stands by itself; rows with unit 0 add up.
- `unit` > 0: the people count in several gemeenten in the period. All rows with the same (indicator, moment, unit)
  are the components of one group with the same `count`; the group counts once in any cell that at least one of its
  components falls in. Taking an objector out is dropping its components.

The value of a cell (region r, set of categories S) is the sum of `count` over the groups that have a component with
`region` inside r and `mask` sharing a category with S. For indicators that count arrangements every mask has one bit.
"""

import pyarrow as pa

CELLS_NAME = "cells/1"
FRAME_NAME = "frame/1"
RELEASE_NAME = "release/1"
AUDIT_NAME = "audit/1"
PROOF_NAME = "proof/1"

CELLS = pa.schema(
    [
        pa.field(
            "indicator", pa.dictionary(pa.int32(), pa.string()), nullable=False
        ),  # catalogue id: U1, U2, P1
        pa.field("moment", pa.dictionary(pa.int32(), pa.string()), nullable=False),  # peildatum | periode
        pa.field("unit", pa.int64(), nullable=False),
        pa.field("gemeente", pa.string(), nullable=False),  # in which gemeente the component counts
        pa.field(
            "region", pa.string(), nullable=False
        ),  # buurt code, or the gemeente code for "wijk onbekend"
        pa.field(
            "mask", pa.uint64(), nullable=False
        ),  # bit i: category i of the indicator, in catalogue order
        pa.field("count", pa.int64(), nullable=False),  # > 0
    ],
    metadata={"schema": CELLS_NAME},
)

FRAME = pa.schema(
    [
        pa.field("region", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),  # BU | WK | GM | PV | LD
        pa.field("wijk", pa.string()),
        pa.field("gemeente", pa.string()),
        pa.field("provincie", pa.string()),
        pa.field(
            "exists", pa.bool_(), nullable=False
        ),  # on the peildatum; False: existed in the period, not on its last day
        pa.field(
            "datasets", pa.list_(pa.string()), nullable=False
        ),  # gemeente rows: datasets with an effective delivery
    ],
    metadata={"schema": FRAME_NAME},
)

RELEASE = pa.schema(
    [
        pa.field("indicator", pa.string(), nullable=False),
        pa.field("moment", pa.string(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),  # code of a category or group, or `totaal`
        pa.field("value", pa.int64()),  # protected; null when not shown as a number
        pa.field("attribute", pa.string(), nullable=False),  # gmsd_contracts.catalogue.Attribute
        pa.field(
            "excluded", pa.list_(pa.string()), nullable=False
        ),  # gemeenten left out of this total by objection
    ],
    metadata={"schema": RELEASE_NAME},
)

DERIVED_LEVEL = "afgeleid"
"""In the column `level` of `audit/1`: counts that nobody publishes and anybody can compute, as remainders and complements."""

AUDIT = pa.schema(
    [
        pa.field("indicator", pa.string(), nullable=False),
        pa.field("moment", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),  # BU | WK | GM | PV | LD | afgeleid
        pa.field("cells", pa.int64(), nullable=False),
        pa.field("zeros", pa.int64(), nullable=False),  # cells published as 0, so `<5` (or `<10`, `<20`)
        pa.field(
            "certified", pa.int64(), nullable=False
        ),  # proved to leave as much open as the method promises
        pa.field("exact", pa.int64(), nullable=False),  # the true count follows exactly
        pa.field("small", pa.int64(), nullable=False),  # proved to be 1 to 4, exactly or not
        pa.field("undecided", pa.int64(), nullable=False),  # neither proved nor disproved; never "safe"
        pa.field(
            "limited", pa.int64(), nullable=False
        ),  # public facts leave less open than the method promises
        pa.field(
            "narrowest_zero", pa.int64()
        ),  # least (possible values - 1) proved among published 0; null: none
        pa.field("narrowest", pa.int64()),  # the same among the other cells
    ],
    metadata={"schema": AUDIT_NAME},
)
"""The disclosure test of a release: one row per indicator, moment and level, and one for the counts that follow from others.

Every number is a function of what was published and of declared parameters, so that the test itself narrows nothing: anybody can
repeat it. `proof/1` (the evidence, by which the test is repeated in a glance) has the columns that its method gives it."""
