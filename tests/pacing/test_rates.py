"""How a rate is spread over the time: whoever counts, in whichever windows, never counts too many."""

from bisect import bisect_right
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.pacing.rates import DELAY_SECONDS, HOLD_SECONDS, Rate, level_of, parse_rates

NOW = 1_800_000_000.0

rates = st.lists(
    st.builds(Rate, st.integers(1, 60), st.sampled_from([1.0, 2.0, 10.0])), min_size=1, max_size=3, unique=True
)
steps = st.lists(
    st.tuples(
        st.floats(0, 3),  # seconds until somebody takes
        st.integers(1, 80),  # how many they want
        st.floats(0, HOLD_SECONDS),  # how long they keep them
        st.floats(0, DELAY_SECONDS),  # how long their requests are under way
    ),
    max_size=60,
)


@given(rates, steps)
@settings(max_examples=300, deadline=None)
def test_no_stretch_of_time_has_more_than_a_rate_allows_however_late_tokens_are_used(
    allowed: list[Rate], taking: list[tuple[float, int, float, float]]
) -> None:
    level, arrived = level_of(allowed, NOW), list[float]()
    for at, (_, wanted, kept, delayed) in zip(accumulate(NOW + step[0] - NOW for step in taking), taking, strict=True):
        number = min(wanted, level.available(NOW + at))
        level = level.without(number, NOW + at)
        arrived.extend([at + kept + delayed] * number)
    arrived.sort()
    for rate in allowed:
        # The end of a stretch belongs to the next one; a token is given 0.001 of a gap too early at most.
        most = max(
            (bisect_right(arrived, begin + rate.seconds - 0.01) - index for index, begin in enumerate(arrived)),
            default=0,
        )
        assert most <= rate.most


@pytest.mark.parametrize("text", ["20:1,100:120", "500:10", "20000:10,1200000:600"])
def test_most_of_a_rate_is_given_in_the_long_run(text: str) -> None:
    allowed = parse_rates(text)
    level, given_away, seconds = level_of(allowed, NOW), 0, 3600
    for tenth in range(seconds * 10):
        number = level.available(NOW + tenth / 10)
        level, given_away = level.without(number, NOW + tenth / 10), given_away + number
    possible = min(rate.most / rate.seconds for rate in allowed) * seconds
    assert 0.8 * possible < given_away <= possible


def test_after_a_rest_a_share_is_given_at_once_and_the_rest_evenly() -> None:
    (rate,) = parse_rates("100:10")
    level = level_of([rate], NOW)
    assert level.available(NOW) == 10
    level = level.without(10, NOW)
    assert level.available(NOW) == 0
    assert level.wait_seconds(1, NOW) == pytest.approx(rate.gap_seconds)
    assert level.available(NOW + rate.gap_seconds) == 1
    assert level.available(NOW + 3600) == 10


def test_without_rates_there_is_no_limit() -> None:
    level = level_of((), NOW).without(1_000_000, NOW)
    assert (level.wait_seconds(1, NOW), level.clear_seconds(1_000_000)) == (0, 0)
    assert level.available(NOW) > 1_000_000


def test_a_rate_that_becomes_known_begins_used_up_and_one_that_was_known_goes_on() -> None:
    old, new = parse_rates("20:1,100:120")
    level = level_of([old], NOW).at([old, new], NOW)
    assert (level_of([old], NOW).available(NOW), level.available(NOW)) == (2, 0)
    assert level.at([old], NOW).available(NOW) == 2


@pytest.mark.parametrize("text", ["", "20", "20:0", "0x:1", "20:1;100:120", "-1:1", "1:1," * 8 + "1:1", "9" * 9 + ":1"])
def test_what_is_no_list_of_rates_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no list of rates"):
        parse_rates(text)
