"""Which deliveries make a snapshot, and when it is a new one."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from gmsd_aggregation.domain.inputs import Effective, InputSet, TakenBack, input_sets
from gmsd_aggregation.domain.schedule import Schedule
from gmsd_contracts.slot import Slot
from tests.aggregation.world import brp_slot, regio_slot, wmo_slot


def effective(slot: Slot, delivery: UUID | None = None, key: int = 1, rows: int = 5) -> Effective:
    return Effective(slot, delivery or uuid4(), uuid4(), key, rows)


def by_period(*deliveries: Effective, taken_back: tuple[TakenBack, ...] = ()) -> dict[str, InputSet]:
    return {one.period: one for one in input_sets(deliveries, taken_back) if one.product == "basis"}


def test_both_half_years_of_a_year_feed_each_other_and_no_other_year() -> None:
    first, second = effective(wmo_slot("GM0001", "2025HJ01")), effective(wmo_slot("GM0001", "2025HJ02"))
    other = effective(wmo_slot("GM0001", "2024HJ02"))
    register, regio = effective(brp_slot("GM0001")), effective(regio_slot())
    found = by_period(first, second, other, register, regio)
    assert sorted(found) == ["2024HJ01", "2024HJ02", "2025HJ01", "2025HJ02"]
    assert set(found["2025HJ01"].deliveries) == {first.delivery_id, second.delivery_id}
    assert set(found["2025HJ02"].deliveries) == {one.delivery_id for one in (first, second, register, regio)}
    assert found["2024HJ01"].deliveries == (other.delivery_id,)
    assert [found[period].has_frame for period in sorted(found)] == [False, False, False, True]
    # HJ02 alone brought wmo for HJ02: in HJ01 nobody delivered the register.
    assert found["2025HJ01"].delivered() == {"GM0001": frozenset({"wmo"})}
    assert found["2025HJ02"].delivered() == {"GM0001": frozenset({"wmo", "brp"})}


@given(st.permutations(range(6)))
def test_a_snapshot_id_depends_on_the_set_and_on_nothing_else(order: list[int]) -> None:
    deliveries = [effective(wmo_slot(f"GM000{n}"), UUID(int=n)) for n in range(6)]
    same = [effective(one.slot, one.delivery_id, key=2) for one in deliveries]
    assert (
        by_period(*deliveries)["2025HJ02"].snapshot_id
        == by_period(*(same[n] for n in order))["2025HJ02"].snapshot_id
    )
    assert (
        by_period(*deliveries)["2025HJ02"].snapshot_id != by_period(*deliveries[1:])["2025HJ02"].snapshot_id
    )
    assert by_period(*deliveries)["2025HJ01"].snapshot_id != by_period(*deliveries)["2025HJ02"].snapshot_id


def test_a_withdrawal_never_leads_back_to_an_id_that_was_used() -> None:
    a, b = effective(wmo_slot("GM0001")), effective(wmo_slot("GM0001"))
    back = TakenBack(b.slot, b.delivery_id)
    ids = {
        by_period(a)["2025HJ02"].snapshot_id,
        by_period(b)["2025HJ02"].snapshot_id,
        by_period(a, taken_back=(back,))["2025HJ02"].snapshot_id,
        by_period(taken_back=(back,))["2025HJ02"].snapshot_id,
    }
    assert len(ids) == 4


def test_two_pseudonym_keys_are_noticed_where_persons_are_compared() -> None:
    wmo, register = effective(wmo_slot("GM0001"), key=1), effective(brp_slot("GM0001"), key=2)
    assert by_period(wmo, register)["2025HJ02"].keys == {1, 2}
    assert by_period(wmo, effective(brp_slot("GM0001"), key=2, rows=0))["2025HJ02"].keys == {1}
    assert by_period(wmo, effective(regio_slot(), key=2))["2025HJ02"].keys == {1}


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 2)), min_size=1, max_size=20))
def test_a_change_waits_for_quiet_and_never_longer_than_the_most(gaps: list[tuple[float, int]]) -> None:
    schedule, now, previous, first, latest = Schedule(10, 50), 0.0, None, 0.0, 0.0
    for gap, state in gaps:
        now += gap
        if previous is None:
            first = now
        if state != previous:
            latest, previous = now, state
        schedule.note("p", str(state), now)
        assert schedule.next() == schedule.due_at("p") == min(latest + 10, first + 50)
    schedule.settled("p")
    assert schedule.next() is None
