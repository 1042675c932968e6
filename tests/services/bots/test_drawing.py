"""What is drawn on the bots page: in its place, inside its plane, and as little of it as can be read."""

import math
import random

import pytest

from tenure.matching.entrants import Entrant, Rules
from tenure.services.bots.console.drawing import (
    BINS,
    MOST_DOTS,
    MOST_RANGES,
    SHELF,
    Drawing,
    Made,
    draw_matches,
    draw_queue,
    draw_rating,
)

NOW = 1_000_000.0


def a_person(rating: float, waited: float = 0.0, *, stands_in: bool = False) -> Entrant:
    key = f"{'Bot' if stands_in else 'Ticket'}/{rating}-{waited}"
    return Entrant(key=key, rating=rating, since=NOW - waited, players=("ada",), stands_in=stands_in)


def drawn(*entrants: Entrant) -> Drawing:
    found = draw_queue(entrants, NOW, Rules())
    assert found is not None
    return found


def test_who_has_waited_longer_stands_higher_and_who_is_better_stands_further_right() -> None:
    weak, strong = drawn(a_person(1200, 5), a_person(1800, 60)).dots
    assert weak.x < strong.x
    assert weak.y > strong.y  # counted from above
    assert (weak.kind, weak.key) == ("person", "Ticket/1200-5")


def test_bots_stand_on_the_shelf_below_however_long_they_wait() -> None:
    found = drawn(a_person(1200, 5), a_person(1300, 9999, stands_in=True))
    assert found.shelf is not None
    assert found.dots[1].kind == "bot"
    assert found.shelf < found.dots[1].y < found.bottom
    assert found.y_ticks[-1].text == "30 s"  # a bot's wait does not squeeze those of people


def test_a_person_accepts_more_the_longer_they_wait() -> None:
    found = drawn(a_person(1500, 0), a_person(1500, 10))
    patient, impatient = found.ranges[1], found.ranges[0]
    assert patient.width > impatient.width
    assert patient.x + patient.width / 2 == pytest.approx(impatient.x + impatient.width / 2, abs=1)


@pytest.mark.parametrize("number", [1, 2, MOST_RANGES, MOST_DOTS, MOST_DOTS + 1, 20_000])
def test_however_many_wait_the_drawing_is_small_and_all_of_it_is_inside(number: int) -> None:
    chance = random.Random(number)  # noqa: S311  a queue, no secret
    queue = [
        a_person(chance.gauss(1500, 300), chance.expovariate(0.01), stands_in=chance.random() < 0.3)
        for _ in range(number)
    ]
    found = drawn(*queue)
    assert len(found.dots) + len(found.boxes) <= max(MOST_DOTS, 2 * BINS)
    assert len(found.ranges) <= MOST_RANGES
    for dot in found.dots:
        assert found.left <= dot.x <= found.right
        assert found.top <= dot.y <= found.bottom
    for box in found.boxes:
        assert found.left <= box.x <= box.x + box.width <= found.right + 1
        assert found.top <= box.y <= box.y + box.height <= found.bottom
        assert 1 <= box.level <= 5
    if found.boxes:
        counted = sum(int(box.label.split(": ")[1].split()[0].replace(",", "")) for box in found.boxes)
        assert counted == number


def test_a_lonely_rating_still_has_a_line_around_it() -> None:
    found = drawn(a_person(1501))
    assert found.left < found.dots[0].x < found.right
    assert len(found.x_ticks) > 2


def test_nobody_waits_nothing_is_drawn() -> None:
    assert draw_queue([], NOW, Rules()) is None
    assert draw_matches([]) is None
    assert draw_rating([1500.0]) is None


def test_matches_stand_by_their_gap_and_their_longest_wait() -> None:
    found = draw_matches([Made("m", 10, 2, with_bot=False), Made("n", 310, 90, with_bot=True)])
    assert found is not None
    near, far = found.dots
    assert near.x < far.x
    assert near.y > far.y
    assert (near.kind, far.kind, far.key) == ("person", "bot", "Match/n")
    assert far.label == "gap 310, waited 90 s, a bot filled in"


def test_a_rating_is_a_line_over_its_matches() -> None:
    found = draw_rating([1500, 1600, 1550])
    assert found is not None
    assert len(found.path.split()) == 3
    assert found.dots[1].y < found.dots[2].y < found.dots[0].y
    assert all(math.isfinite(dot.x) for dot in found.dots)
    assert found.label == "The rating over the last 2 matches: from 1,500 to 1,550"


def test_the_shelf_is_below_the_people() -> None:
    found = drawn(a_person(1500, 0))
    assert found.shelf == found.bottom - SHELF
