"""The contracts hold together: every type has a topic, a schema, an example; nothing is named twice."""

import json
import re
import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gmsd_contracts import generate
from gmsd_contracts.catalogue import CATALOGUE, TOTAL
from gmsd_contracts.columns import DATASETS, version_by_id, version_for
from gmsd_contracts.columns.column import ColumnType
from gmsd_contracts.envelope import Event, event_id
from gmsd_contracts.examples import examples
from gmsd_contracts.period import bounds
from gmsd_contracts.registry import EVENT_TYPES
from gmsd_contracts.slot import Slot, delivery_id
from gmsd_contracts.topics import SERVICES, TOPICS, quarantine_of, topic_of
from gmsd_contracts.zones import Zone

TYPE = re.compile(r"nl\.gmsd\.[a-z]+(-[a-z]+)*\.[a-z]+\.v[1-9][0-9]*")
PERSONAL = re.compile(r"(?<![0-9])[0-9]{8,9}(?![0-9])")


def test_every_type_stands_in_exactly_one_topic() -> None:
    in_topics = [event_type for topic in TOPICS.values() for event_type in topic.event_types]
    assert sorted(in_topics) == sorted(EVENT_TYPES)
    for event_type in EVENT_TYPES:
        assert TYPE.fullmatch(event_type)
        assert event_type in topic_of(event_type).event_types


def test_topics_are_declared_as_decided() -> None:
    for name, topic in TOPICS.items():
        assert topic.name == name
        assert topic.settings["cleanup.policy"] == "delete"
        assert topic.settings["retention.bytes"] == "-1", "size would erase content before its time"
        assert topic.partitions == (
            1 if name in ("registrations", "consents", "publications") or topic.kind == "quarantine" else 12
        )
    for service in SERVICES:
        assert (
            quarantine_of(service).settings["max.message.bytes"]
            == TOPICS["deliveries"].settings["max.message.bytes"]
        )
        assert quarantine_of(service).retention == timedelta(days=30)


def test_every_type_has_one_example_and_files_are_fresh() -> None:
    assert sorted(event.type for event in examples()) == sorted(EVENT_TYPES)
    assert generate.stale() == []


@pytest.mark.parametrize("event", examples(), ids=lambda event: event.type)
def test_an_example_reads_back_as_it_was_written(event: Event) -> None:  # type: ignore[type-arg]
    payload = EVENT_TYPES[event.type]
    assert payload.model_validate_json(event.data.model_dump_json(by_alias=True)) == event.data
    newer = json.loads(event.data.model_dump_json(by_alias=True)) | {"a_field_of_next_year": 1}
    assert payload.model_validate(newer) == event.data, "consumers tolerate what a newer producer adds"
    for attribute in (event.subject, event.data.key(), event.source.removeprefix("urn:nld:oin:")):
        hidden = attribute.replace(str(event.correlation_id), "").replace("0" * 20, "")
        assert not PERSONAL.search(hidden), "no attribute holds what could be a BSN"


def test_a_delivery_is_its_slot_its_number_and_what_was_said() -> None:
    slot = Slot(deliverer="GM0344", dataset="wmo", period="2025HJ01")
    one = delivery_id(slot, 1, "a" * 64, False)
    assert one == delivery_id(Slot(**slot.model_dump()), 1, "a" * 64, False)
    others = {
        delivery_id(slot, 2, "a" * 64, False),
        delivery_id(slot, 1, "b" * 64, False),
        delivery_id(slot, 1, "a" * 64, True),
        delivery_id(slot.model_copy(update={"part": "GM0344"}), 1, "a" * 64, False),
    }
    assert one not in others
    assert len(others) == 4
    assert event_id(one, "received") != event_id(one, "assessed")


@pytest.mark.parametrize(
    "wrong", ["2025HJ03", "2025HJ00", "25HJ01", "2025JJ01", "2025MM13", "2025hj01", "2025KW05", ""]
)
def test_what_is_not_a_period_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        bounds(wrong)
    with pytest.raises(ValidationError):
        Slot(deliverer="GM0344", dataset="wmo", period=wrong)


@given(st.integers(2000, 2099), st.sampled_from(["HJ", "KW", "MM"]))
def test_periods_of_a_kind_tile_the_year(year: int, kind: str) -> None:
    count = {"HJ": 2, "KW": 4, "MM": 12}[kind]
    edges = [bounds(f"{year}{kind}{number:02d}") for number in range(1, count + 1)]
    assert edges[0][0] == date(year, 1, 1)
    assert edges[-1] == (edges[-1][0], date(year, 12, 31))
    for (_, last), (first, _) in zip(edges, edges[1:], strict=False):
        assert first - last == timedelta(days=1)
    assert bounds(f"{year}JJ00") == (date(year, 1, 1), date(year, 12, 31))


def test_dataset_versions_are_found_and_no_identity_is_kept() -> None:
    assert version_for("wmo", "2025HJ01").id == "wmo/1"
    for versions in DATASETS.values():
        for version in versions:
            assert version_by_id(version.id) is version
            assert len({column.name for column in version.columns}) == len(version.columns)
            for column in version.columns:
                if column.type in (ColumnType.BSN, ColumnType.POSTCODE):
                    assert column.privacy.kind in ("pseudonym", "drop")
                if "geboorte" in column.name:
                    assert column.privacy.how == "month"
    assert [len(DATASETS[name][0].columns) for name in ("wmo", "brp", "regio")] == [18, 12, 6]
    with pytest.raises(KeyError):
        version_for("wmo", "2014HJ01")


def test_main_groups_cover_each_category_once() -> None:
    for indicator in CATALOGUE:
        cells = indicator.cells()
        assert cells[TOTAL] == (1 << len(indicator.categories)) - 1
        assert len(indicator.categories) <= 64, "a mask is a uint64"
        assert set(cells) == set(indicator.labels())
        if indicator.groups:
            masks = [cells[group.code] for group in indicator.groups]
            assert sum(masks) == cells[TOTAL]


def test_zones_of_content_only_ever_open_up() -> None:
    order = [Zone.IDENTIFYING, Zone.PSEUDONYMOUS, Zone.STATISTICAL, Zone.PUBLIC]
    path = ["content.raw", "content.checked", "content.linked", "content.cells", "content.releases"]
    ranks = [order.index(TOPICS[name].zone) for name in path]
    assert ranks == sorted(ranks)


def test_contracts_need_no_more_than_pydantic_and_pyarrow() -> None:
    code = (
        "import sys, gmsd_contracts.generate, gmsd_contracts.cells, gmsd_contracts.catalogue;"
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'polars','fastapi','faststream','aiokafka','clickhouse_connect','structlog','cryptography','gmsd_chassis'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
