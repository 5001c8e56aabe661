"""When a change is computed."""

import pytest

from gmsd_aggregation.domain.schedule import Schedule
from gmsd_aggregation.nudge import Nudge


def test_quiet_counts_from_the_last_change_and_never_waits_longer_than_most() -> None:
    schedule = Schedule(quiet=10, most=25)
    schedule.note("a", "one", 0)
    assert schedule.due_at("a") == 10
    schedule.note("a", "one", 5)
    assert schedule.due_at("a") == 10, "the same state again starts nothing anew"
    schedule.note("a", "two", 8)
    assert schedule.due_at("a") == 18
    schedule.note("a", "three", 17)
    assert schedule.due_at("a") == 25
    schedule.settled("a")
    assert schedule.next() is None


def test_work_on_anything_postpones_everything_up_to_most() -> None:
    schedule = Schedule(quiet=10, most=25)
    schedule.note("a", "one", 0)
    schedule.note("b", "one", 3)
    schedule.active(9)
    assert (schedule.due_at("a"), schedule.due_at("b")) == (19, 19)
    schedule.active(4)
    assert schedule.next() == 19, "what is over does not come back"
    schedule.active(100)
    assert (schedule.due_at("a"), schedule.due_at("b")) == (25, 28)


def test_work_is_active_until_it_ends_however_it_ends() -> None:
    nudge = Nudge()
    assert nudge.active == float("-inf")
    with nudge.work():
        first = nudge.active
        assert nudge.active >= first
    ended = nudge.active
    assert ended >= first
    with pytest.raises(ValueError, match="no"), nudge.work():
        raise ValueError("no")
    assert nudge.active >= ended
    assert nudge.active == nudge.active
