"""When a process is started again, and how soon."""

from hypothesis import given
from hypothesis import strategies as st

from gmsd_cli.local.keeper import FIRST_DELAY, HEALTHY_AFTER, LONGEST_DELAY, Backoff


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_delays_double_to_the_cap_and_begin_again_after_a_healthy_life(lives: list[float]) -> None:
    backoff = Backoff()
    deaths_in_a_row = 0
    for lived in lives:
        deaths_in_a_row = 0 if lived >= HEALTHY_AFTER else deaths_in_a_row
        assert backoff.after(lived) == min(FIRST_DELAY * 2**deaths_in_a_row, LONGEST_DELAY)
        deaths_in_a_row += 1
