"""From checked rows to linked rows: each column kept, coarsened, replaced or dropped as its privacy class says."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gmsd_contracts.columns import ROW, DatasetVersion, Tag
from gmsd_linkage.domain.pseudonym import KeyedMap

NOBODY = pa.array(["", "999999999", "000000000"])
"""What files write for "no BSN"; never a person, however many rows say it."""
_WEIGHTS, _POWERS = (9, 8, 7, 6, 5, 4, 3, 2, -1), (8, 7, 6, 5, 4, 3, 2, 1, 0)


def link_batch(
    batch: pa.RecordBatch, version: DatasetVersion, keyed: KeyedMap, delivery: bytes
) -> tuple[pa.RecordBatch, int]:
    """One batch of `version.checked_schema` as `version.linked_schema`, and the number of rows that name no person.

    `delivery`: the 16 bytes of the delivery id. Raises ValueTooLong (a value that validation should have refused) and
    KeyError (a column of the version is missing).
    """
    columns: list[pa.Array] = [batch.column(ROW)]
    nobody_rows = 0
    for column in version.columns:
        values = batch.column(column.name)
        match column.privacy.kind:
            case "drop":
                continue
            case "keep":
                columns.append(
                    _without_citizen_numbers(values) if pa.types.is_integer(values.type) else values
                )
            case "coarsen":
                columns.append(_month(values))
            case "pseudonym":
                tag = column.privacy.tag
                if tag is None:
                    raise TypeError(f"column {column.name} has a pseudonym without a tag")
                if tag is Tag.PERSON:
                    identified, nobody = _persons(values, batch.column(ROW), keyed, delivery)
                    nobody_rows += nobody
                    columns.append(identified)
                else:
                    columns.append(keyed.apply(tag, _empty_as_null(values)))
    if version.composite is not None:
        columns.append(_composite(batch, version.composite, keyed))
    return pa.RecordBatch.from_arrays(columns, schema=version.linked_schema), nobody_rows


def _persons(
    values: pa.StringArray, rows: pa.UInt32Array, keyed: KeyedMap, delivery: bytes
) -> tuple[pa.Array, int]:
    nobody = pc.or_kleene(pc.is_null(values), pc.is_in(values, value_set=NOBODY))
    count = int(pc.sum(nobody).as_py() or 0)
    persons = keyed.apply(Tag.PERSON, pc.if_else(nobody, pa.scalar(None, pa.string()), values))
    if count == 0:
        return persons, 0
    numbers = rows.to_numpy(zero_copy_only=False).astype(np.uint32)
    return pc.if_else(nobody, keyed.without_identity(delivery, numbers), persons), count


def _without_citizen_numbers(values: pa.Array) -> pa.Array:
    """Null where a number of 8 or 9 digits passes the elfproef: a BSN typed into the wrong column may not leave here.

    No volume that is meant is that large, so counting loses nothing by it.
    """
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    total = sum(weight * (numbers // 10**power % 10) for weight, power in zip(_WEIGHTS, _POWERS, strict=True))
    could_be = (numbers >= 10_000_000) & (numbers <= 999_999_999) & (total % 11 == 0)
    return pc.if_else(pa.array(could_be), pa.scalar(None, values.type), values)


def _empty_as_null(values: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _month(dates: pa.Date32Array) -> pa.Date32Array:
    """The first day of the month: ages in completed years on a month's last day stay exact."""
    return pc.floor_temporal(dates, unit="month").cast(pa.date32())


def _composite(
    batch: pa.RecordBatch, names: tuple[str, str, str], keyed: KeyedMap
) -> pa.FixedSizeBinaryArray:
    """Sex + birth date + postcode under one tag: what is left to link on where a source knows no BSN."""
    sex, birth, postcode = (batch.column(name) for name in names)
    parts = [_empty_as_null(sex), pc.strftime(birth, format="%Y%m%d"), _empty_as_null(postcode)]
    # "emit_null": a composite with a hole in it would match everybody with the same hole.
    return keyed.apply(Tag.COMPOSITE, pc.binary_join_element_wise(*parts, "", null_handling="emit_null"))
