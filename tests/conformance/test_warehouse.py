"""The warehouse port: the same promises on the engine in the process and on a server."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest

from gmsd_aggregation.adapters import facts, migrations, rows
from gmsd_aggregation.adapters.computation import Computation
from gmsd_aggregation.adapters.coverage import coverage
from gmsd_aggregation.adapters.facts import Announced
from gmsd_aggregation.adapters.migrations import CHECKOUT, Migration
from gmsd_aggregation.adapters.slot_events import Kind
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.domain.inputs import input_sets
from gmsd_aggregation.errors import LoadReason, LoadRefused, MigrationRefused
from gmsd_aggregation.loading import announce
from gmsd_contracts.columns import DATASETS
from gmsd_contracts.columns.wmo_v1 import WMO_V1
from gmsd_contracts.events.delivery_loaded_v1 import Coverage
from gmsd_contracts.slot import Slot
from tests.aggregation.cells import values
from tests.aggregation.oracle import figures
from tests.aggregation.world import (
    NOW,
    PATH,
    Wmo,
    attempt_on,
    begin,
    brp_slot,
    brp_table,
    fresh,
    home,
    load,
    nation,
    note,
    regio_slot,
    regio_table,
    withdraw,
    wmo_slot,
    wmo_table,
)

IMAGE = "clickhouse/clickhouse-server:26.3"


@pytest.fixture(scope="module", params=["chdb", "server"])
def dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "chdb":
        yield f"chdb://{PATH}"
        return
    docker = pytest.importorskip("docker")
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        pytest.skip(
            f"no Docker engine answers ({type(error).__name__}): the server half of this suite did not run"
        )
    container = DockerContainer(IMAGE).with_exposed_ports(8123).with_env("CLICKHOUSE_PASSWORD", "gmsd")
    with container:
        wait_for_logs(container, "Ready for connections", timeout=60)
        host, port = container.get_container_host_ip(), container.get_exposed_port(8123)
        yield f"clickhouse://default:gmsd@{host}:{port}"


@pytest.fixture
def warehouse(dsn: str) -> Iterator[Warehouse]:
    with fresh(dsn) as made:
        yield made


@pytest.fixture
def session(warehouse: Warehouse) -> Iterator[Session]:
    with warehouse.use() as alone:
        yield alone


def people(*persons: int) -> list[Wmo]:
    return [Wmo("GM0001", 2, person, "01", date(2025, 7, 1)) for person in persons]


def in_force(session: Session) -> dict[str, UUID]:
    return {one.slot.key: one.delivery_id for one in facts.effective(session)}


def stored(session: Session) -> int:
    return int(session.rows("SELECT count() FROM wmo_1")[0][0])


def test_rows_are_visible_only_through_their_loaded_row(session: Session) -> None:
    attempt = attempt_on(wmo_slot("GM0001"), WMO_V1)
    begin(session, attempt)
    rows.insert(session, attempt, wmo_table(people(1, 2)))
    note(session, "decided", attempt.delivery_id, attempt.slot, 2)
    assert facts.live(session, delivery_id=attempt.delivery_id) == [] and in_force(session) == {}
    known = rows.finish(session, attempt, 2, NOW)
    # Nobody was told: not in force.
    assert in_force(session) == {}
    announce(session, attempt.slot, attempt.delivery_id, uuid4(), known)
    [live] = facts.live(session, delivery_id=attempt.delivery_id)
    assert (live.rows, live.persons, live.attempt) == (2, 2, attempt.attempt)
    assert in_force(session) == {"GM0001/wmo/2025HJ02": attempt.delivery_id}


def test_what_an_attempt_left_goes_when_the_next_begins(session: Session) -> None:
    first = attempt_on(wmo_slot("GM0001"), WMO_V1)
    begin(session, first)
    rows.insert(session, first, wmo_table(people(1, 2, 3)))
    again = attempt_on(first.slot, WMO_V1, first.delivery_id)
    begin(session, again)
    assert stored(session) == 0
    rows.insert(session, again, wmo_table(people(1, 2)))
    rows.finish(session, again, 2, NOW)
    assert stored(session) == 2
    # The first was alive after all: what it has is gone, so it may not become visible.
    rows.insert(session, first, wmo_table(people(4)))
    with pytest.raises(LoadRefused):
        rows.finish(session, first, 1, NOW)
    assert facts.live(session, delivery_id=first.delivery_id)[0].attempt == again.attempt


def test_rows_that_did_not_all_arrive_stay_invisible(session: Session) -> None:
    attempt = attempt_on(wmo_slot("GM0001"), WMO_V1)
    begin(session, attempt)
    rows.insert(session, attempt, wmo_table(people(1, 2)))
    with pytest.raises(LoadRefused) as refused:
        rows.finish(session, attempt, 3, NOW)
    assert refused.value.reason is LoadReason.CONTENT_DAMAGED
    assert facts.live(session, delivery_id=attempt.delivery_id) == []


def test_a_newer_delivery_replaces_the_older_whole(session: Session) -> None:
    slot = wmo_slot("GM0001")
    a = load(session, slot, wmo_table(people(1, 2, 3)), version=2)
    b = load(session, slot, wmo_table(people(4)))
    assert in_force(session) == {slot.key: a.delivery_id}
    note(session, "decided", b.delivery_id, slot, 4)
    assert in_force(session) == {slot.key: b.delivery_id}
    third = load(session, slot, wmo_table(people(1, 2, 3)), version=6)
    assert in_force(session) == {slot.key: third.delivery_id}


def test_until_the_new_one_is_loaded_the_previous_stays(session: Session) -> None:
    slot = wmo_slot("GM0001")
    a = load(session, slot, wmo_table(people(1)), version=2)
    note(session, "decided", b := uuid4(), slot, 4)
    assert in_force(session) == {slot.key: a.delivery_id}
    load(session, slot, wmo_table(people(2)), delivery=b)
    assert in_force(session) == {slot.key: b}


def test_a_withdrawn_delivery_is_gone_with_its_rows(session: Session) -> None:
    slot = wmo_slot("GM0001")
    only = load(session, slot, wmo_table(people(1, 2)), version=2)
    withdraw(session, only.delivery_id, slot, 3)
    assert rows.drop_delivery(session, "wmo", only.delivery_id, "withdrawn", NOW) == 1
    assert in_force(session) == {} and stored(session) == 0
    assert [back.delivery_id for back in facts.taken_back(session, facts.effective(session))] == [
        only.delivery_id
    ]


def test_a_load_that_ends_after_the_withdrawal_drops_its_own_rows(session: Session) -> None:
    attempt = attempt_on(wmo_slot("GM0001"), WMO_V1)
    begin(session, attempt)
    rows.insert(session, attempt, wmo_table(people(1, 2)))
    withdraw(session, attempt.delivery_id, attempt.slot, 3)
    known = rows.finish(session, attempt, 2, NOW)
    assert known.live is None
    assert announce(session, attempt.slot, attempt.delivery_id, uuid4(), known) is None
    assert stored(session) == 0 and facts.live(session, delivery_id=attempt.delivery_id) == []


def test_a_rekeyed_delivery_takes_the_place_of_its_former_rows(session: Session) -> None:
    slot = wmo_slot("GM0001")
    old = load(session, slot, wmo_table(people(1, 2)), version=2)
    new = load(
        session, slot, wmo_table(people(3, 4)), delivery=old.delivery_id, key=2, at=NOW + timedelta(seconds=1)
    )
    [live] = facts.live(session, delivery_id=old.delivery_id)
    assert (live.attempt, live.key_version) == (new.attempt, 2) and stored(session) == 2
    # The old content told late does not come back.
    load(
        session, slot, wmo_table(people(1, 2)), delivery=old.delivery_id, key=1, at=NOW + timedelta(seconds=2)
    )
    assert facts.live(session, delivery_id=old.delivery_id)[0].attempt == new.attempt and stored(session) == 2


@dataclass(frozen=True)
class Act:
    """Something a service did, in a slot."""

    what: str
    slot: Slot
    delivery: UUID
    version: int = 0
    offset: int = 0


def history_of(slot: Slot, chance: random.Random) -> list[Act]:
    """Loads of a few deliveries, and a log of the slot in which two writers sometimes take the same number."""
    deliveries = [uuid4() for _ in range(3)]
    acts = [Act("load", slot, delivery) for delivery in deliveries if chance.random() < 0.8]
    version = 0
    for offset in range(10, 10 + chance.randint(1, 8)):
        if not version or chance.random() < 0.7:
            version += 1
        what = chance.choice(["received", "decided", "decided", "by aanleveraar", "by platform", "requeued"])
        acts += [Act(what, slot, chance.choice(deliveries), version, offset)] * chance.randint(1, 2)
    return acts


@pytest.mark.parametrize("seed", range(8))
def test_the_effective_set_does_not_depend_on_the_order_or_number_of_facts(
    warehouse: Warehouse, dsn: str, seed: int
) -> None:
    chance = random.Random(seed)
    slots = [wmo_slot("GM0001"), wmo_slot("GM0002"), brp_slot("GM0001"), regio_slot()]
    contents = {
        "wmo": wmo_table(people(1)),
        "brp": brp_table([home(1, "GM0001")]),
        "regio": regio_table(nation()),
    }
    acts = [act for slot in slots for act in history_of(slot, chance)]
    chance.shuffle(acts)
    announced: set[UUID] = set()
    with warehouse.use() as session:
        for act in acts:
            if act.what == "load":
                attempt = attempt_on(act.slot, DATASETS[act.slot.dataset][0], act.delivery)
                begin(session, attempt)
                rows.insert(session, attempt, contents[act.slot.dataset])
                known = rows.finish(session, attempt, contents[act.slot.dataset].num_rows, NOW)
                if announce(session, act.slot, act.delivery, attempt.attempt, known) is not None:
                    announced.add(act.delivery)
            else:
                kind: Kind = "withdrawn" if act.what.startswith("by ") else cast(Kind, act.what)
                by = act.what[3:] if kind == "withdrawn" else ""
                note(session, kind, act.delivery, act.slot, act.version, by=by, offset=act.offset)
        counting: dict[tuple[str, int], Act] = {}
        for act in sorted((act for act in acts if act.offset), key=lambda act: act.offset):
            counting.setdefault((act.slot.key, act.version), act)
        withdrawn = {act.delivery: act.what for act in counting.values() if act.what == "by aanleveraar"}
        gone = withdrawn.keys() | {act.delivery for act in counting.values() if act.what == "by platform"}
        decided = [act for act in counting.values() if act.what == "decided"]
        winners: dict[str, Act] = {}
        for act in sorted(decided, key=lambda act: act.version):
            if act.delivery in announced and act.delivery not in withdrawn:
                winners[act.slot.key] = act
        # What the platform team took back leaves the slot empty; it does not bring back what it had replaced.
        wanted = {
            key: act
            for key, act in winners.items()
            if act.delivery not in gone and act.delivery in live(session)
        }
        assert in_force(session) == {key: act.delivery for key, act in wanted.items()}
        above = {
            act.delivery
            for act in decided
            if act.delivery in gone
            and (act.slot.key not in wanted or act.version > wanted[act.slot.key].version)
        }
        found = facts.taken_back(session, facts.effective(session))
        assert {back.delivery_id for back in found} == above


def live(session: Session) -> set[UUID]:
    return {
        row[0]
        for name in ("wmo_1", "brp_1", "regio_1")
        for row in session.rows(f"SELECT DISTINCT delivery_id FROM {name}")
    }


def test_coverage_counts_distinct_persons(session: Session) -> None:
    register = load(
        session,
        brp_slot("GM0001"),
        brp_table([home(1, "GM0001"), home(1, "GM0001", "02"), home(9, "GM0001")]),
    )
    one = load(session, wmo_slot("GM0001"), wmo_table(people(1, 1, 2, 3)))
    empty = load(session, wmo_slot("GM0002"), wmo_table([]))
    attempts = [one.attempt, empty.attempt]
    assert coverage(session, attempts, [register.attempt], 1) == {
        one.attempt: Coverage(found=1, not_found=2, register_parts=1),
        empty.attempt: Coverage(found=0, not_found=0, register_parts=1),
    }
    assert coverage(session, [one.attempt], [], 0)[one.attempt] == Coverage(
        found=0, not_found=3, register_parts=0
    )


def test_announcements_come_back_as_they_were_made(session: Session) -> None:
    first = Announced(uuid4(), 1, uuid4(), "loaded", 3, Coverage(found=1, not_found=2, register_parts=1))
    later = Announced(
        first.delivery_id, 2, uuid4(), "loaded/x", 3, Coverage(found=3, not_found=0, register_parts=1)
    )
    other = Announced(uuid4(), 1, uuid4(), "loaded", 0, None)
    facts.record_announcements(session, [later, other, first, first])
    ids = [first.delivery_id, other.delivery_id, uuid4()]
    assert facts.announced(session, ids) == {later.delivery_id: later, other.delivery_id: other}


def test_cells_are_those_of_counting_by_hand(session: Session) -> None:
    wmo = [
        *people(1, 2, 3),
        Wmo("GM0002", 2, 1, "02", date(2025, 7, 1)),
        Wmo("GM0001", 1, 2, "03", date(2025, 2, 1)),
    ]
    lives = [
        home(1, "GM0001"),
        home(2, "GM0001", "02"),
        home(4, "GM0003", born=date(1, 1, 1)),
        home(5, "GM0002"),
    ]
    for gemeente in ("GM0001", "GM0002"):
        for half in (1, 2):
            own = [row for row in wmo if (row.gemeente, row.half) == (gemeente, half)]
            load(session, wmo_slot(gemeente, f"2025HJ0{half}"), wmo_table(own), version=2)
    for gemeente in ("GM0001", "GM0002", "GM0003"):
        load(
            session,
            brp_slot(gemeente),
            brp_table([one for one in lives if one.gemeente == gemeente]),
            version=2,
        )
    load(session, regio_slot(), regio_table(nation()), version=2)
    [_, inputs] = input_sets(facts.effective(session))
    assert values(*Computation(session, inputs).run()) == figures(wmo, lives, nation(), 2025, 2)
    facts.record_snapshot(session, inputs, NOW)
    assert facts.last_snapshots(session) == {("basis", "2025HJ02"): inputs.snapshot_id}


def test_days_of_any_century_are_kept(session: Session) -> None:
    far = Wmo("GM0001", 2, 1, "01", date(1, 1, 1), date(9999, 12, 31))
    load(session, wmo_slot("GM0001"), wmo_table([far]))
    found = session.rows("SELECT datum_start_daadwerkelijk, datum_einde_daadwerkelijk FROM wmo_1")
    epoch = date(1970, 1, 1)
    assert found == [((far.begin - epoch).days, (date(9999, 12, 31) - epoch).days)]


def test_every_linked_column_has_its_place(session: Session) -> None:
    for versions in DATASETS.values():
        for version in versions:
            found = session.rows(
                "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}",
                table=rows.table_of(version),
            )
            assert {row[0] for row in found} == {
                *version.linked_schema.names, "delivery_id", "attempt", "deliverer", "period",
            }  # fmt: skip


def test_migrations_run_once_and_an_edited_one_is_refused(session: Session) -> None:
    known = migrations.read(CHECKOUT)
    assert migrations.migrate(session, known, NOW) == 0
    edited = [*known[:-1], Migration(known[-1].number, known[-1].name, known[-1].sql + "-- better\n")]
    with pytest.raises(MigrationRefused, match="edited"):
        migrations.migrate(session, edited, NOW)
    with pytest.raises(MigrationRefused, match="newer version"):
        migrations.migrate(session, known[:-1], NOW)
    more = [
        *known,
        Migration(
            len(known) + 1, "9999_more.sql", "CREATE TABLE more (a UInt8) ENGINE = MergeTree ORDER BY a;\n"
        ),
    ]
    assert migrations.migrate(session, more, NOW) == 1
    assert migrations.migrate(session, more, NOW) == 0


def test_a_warehouse_belongs_to_one_log(session: Session) -> None:
    migrations.belong_to(session, "one", NOW)
    migrations.belong_to(session, "one", NOW)
    with pytest.raises(MigrationRefused, match="another Kafka cluster"):
        migrations.belong_to(session, "two", NOW)


def test_an_insert_is_there_when_it_returns(session: Session) -> None:
    assert session.rows("SELECT getSetting('async_insert')") == [(False,)]
