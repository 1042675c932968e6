"""How a rate is spread over the time: whoever counts, in whichever windows, never counts too many."""

from bisect import bisect_right

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.pacing.rates import DELAY_SECONDS, HOLD_SECONDS, Rate, level_of, parse_rates

NOW = 1_800_000_000.0

LATEST = HOLD_SECONDS + DELAY_SECONDS
"""By how much later than it was taken a token may be counted."""

rates = st.lists(
    st.builds(Rate, st.integers(1, 60), st.sampled_from([1.0, 2.0, 10.0])), min_size=1, max_size=3, unique=True
)
pauses = st.lists(st.one_of(st.just(0.0), st.floats(0, 0.05), st.floats(0, 2)), min_size=1, max_size=20)


@given(rates, pauses)
@settings(max_examples=100, deadline=None)
def test_whoever_counts_whenever_and_however_late_tokens_are_used_finds_no_more_than_the_rate(
    allowed: list[Rate], pausing: list[float]
) -> None:
    level, at, taken = level_of(allowed, NOW), 0.0, list[float]()
    for pause in pausing * 10:
        number = level.available(NOW + at)
        level = level.without(number, NOW + at)
        taken.extend([at] * number)
        at += pause + level.wait_seconds(1, NOW + at)
    for rate in allowed:
        # At worst those that were taken early are all used late, and those that were taken late are used at once.
        counted = rate.seconds + LATEST - 0.01 * rate.gap_seconds
        assert max(bisect_right(taken, begin + counted) - index for index, begin in enumerate(taken)) <= rate.most


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
