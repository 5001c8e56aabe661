"""The keyed map against one block at a time."""

from datetime import date

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from gmsd_contracts.columns import DATASETS, Tag
from gmsd_linkage.domain.link import link_batch
from gmsd_linkage.domain.pseudonym import TAG_BYTE, KeyedMap, ValueTooLong

KEY = bytes(range(32))
DELIVERY = bytes(range(100, 116))


def one_block(tag: Tag, value: str) -> bytes:
    block = (bytes([TAG_BYTE[tag]]) + value.encode()).ljust(16, b"\0")
    encryptor = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


texts = st.text(alphabet=st.characters(codec="ascii", exclude_characters="\0"), max_size=15)


@given(st.lists(st.none() | texts), st.sampled_from(list(Tag)), st.integers(0, 3))
def test_each_value_is_one_block_under_its_tag(values: list[str | None], tag: Tag, offset: int) -> None:
    array = pa.array([*["pad"] * offset, *values], pa.string()).slice(offset)
    expected = [None if value is None else one_block(tag, value) for value in values]
    assert KeyedMap(KEY).apply(tag, array).to_pylist() == expected


@given(st.lists(texts, unique=True, min_size=1), st.data())
def test_no_two_values_and_no_two_tags_share_a_pseudonym(values: list[str], data: st.DataObject) -> None:
    keyed = KeyedMap(KEY)
    seen = [block for tag in Tag for block in keyed.apply(tag, pa.array(values, pa.string())).to_pylist()]
    assert len(set(seen)) == len(values) * len(Tag)


def test_a_value_that_does_not_fit_is_refused_by_position() -> None:
    with pytest.raises(ValueTooLong) as refused:
        KeyedMap(KEY).apply(Tag.PERSON, pa.array(["999990019", "9" * 16]))
    assert refused.value.row == 1
    assert "9999" not in str(refused.value)


def brp_batch(bsns: list[str | None]) -> pa.RecordBatch:
    version = DATASETS["brp"][0]
    n = len(bsns)
    columns = {
        "_row": pa.array(range(1, n + 1), pa.uint32()),
        "bsn": pa.array(bsns, pa.string()),
        "geboortedatum": pa.array([date(1952, 3, 14)] * n),
        "geslacht": pa.array(["V"] * n),
        "postcode": pa.array(["3511AB"] * (n - 1) + [None], pa.string()),
        "huishoudennummer": pa.array(["123456789012"] * n),
        "type_huishouden": pa.array(["1"] * n),
        "gemeentecode": pa.array(["GM0344"] * n),
        "wijkcode": pa.array(["WK034401"] * n),
        "buurtcode": pa.array(["BU03440101"] * n),
        "datum_vanaf": pa.array([date(2019, 4, 1)] * n),
        "datum_tot": pa.array([None] * n, pa.date32()),
        "datum_overlijden": pa.array([None] * n, pa.date32()),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=version.checked_schema)


def test_columns_leave_as_their_privacy_class_says() -> None:
    version = DATASETS["brp"][0]
    linked, nobody = link_batch(brp_batch(["999990019", "999990019"]), version, KeyedMap(KEY), DELIVERY)
    assert nobody == 0
    assert linked.schema.equals(version.linked_schema)
    row = linked.to_pylist()[0]
    assert row["bsn"] == one_block(Tag.PERSON, "999990019")
    assert row["huishoudennummer"] == one_block(Tag.HOUSEHOLD, "123456789012")
    assert row["geboortedatum"] == date(1952, 3, 1)
    assert row["_composite"] == one_block(Tag.COMPOSITE, "V195203143511AB")
    assert linked.to_pylist()[1]["_composite"] is None
    assert "postcode" not in row


def test_rows_without_identity_are_nobody_and_nobody_twice_is_not_somebody() -> None:
    batch = brp_batch([None, "999999999", "999999999", "000000000", "999990019"])
    linked, nobody = link_batch(batch, DATASETS["brp"][0], KeyedMap(KEY), DELIVERY)
    persons = linked.column("bsn").to_pylist()
    assert nobody == 4
    assert len(set(persons)) == 5
    again, _ = link_batch(batch, DATASETS["brp"][0], KeyedMap(KEY), DELIVERY)
    assert again.equals(linked), "the same delivery gives the same rows"
    other, _ = link_batch(batch, DATASETS["brp"][0], KeyedMap(KEY), DELIVERY[::-1])
    assert set(other.column("bsn").to_pylist()) & set(persons) == {persons[4]}


@pytest.mark.parametrize(
    "version", [v for versions in DATASETS.values() for v in versions], ids=lambda v: v.id
)
def test_no_bsn_column_leaves_as_text(version: object) -> None:
    from gmsd_contracts.columns import ColumnType, DatasetVersion

    assert isinstance(version, DatasetVersion)
    for column in version.columns:
        if column.type is ColumnType.BSN:
            assert version.linked_schema.field(column.name).type == pa.binary(16)
