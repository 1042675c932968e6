"""Why somebody still waits, in a sentence that holds."""

import pytest

from tenure.matching.entrants import Entrant, Rules
from tenure.services.bots.console.outlook import outlook

NOW = 1000.0
RULES = Rules(tolerance=50, tolerance_per_second=10, tolerance_at_most=300, stand_ins_after_seconds=7)


def a_person(name: str, rating: float = 1500, waited: float = 0, *, avoid: frozenset[str] = frozenset()) -> Entrant:
    return Entrant(key=f"Ticket/{name}", rating=rating, since=NOW - waited, players=(name,), avoid=avoid)


def a_bot(name: str, rating: float = 1500) -> Entrant:
    return Entrant(key=f"Bot/{name}", rating=rating, since=NOW - 99, players=(name,), stands_in=True)


ADA = a_person("ada")


@pytest.mark.parametrize(
    ("who", "queue", "said"),
    [
        (ADA, [], "Nobody else waits."),
        (ADA, [ADA], "Nobody else waits."),
        (ADA, [a_person("bob", 1600), a_person("eve", 1580)], "eve (rating 1,580) fits first, in 3.0 s"),
        (ADA, [a_bot("b")], "b (rating 1,500) fits first, in 7.0 s"),
        (ADA, [a_person("bob", 1540)], "bob (rating 1,540) fits already"),
        (ADA, [a_person("bob", 1900)], "will ever fit: they are 400 or more points away"),
        (ADA, [a_person("bob", avoid=frozenset({"ada"}))], "will ever fit"),
        (a_bot("b"), [a_bot("c")], "Only bots wait"),
    ],
)
def test_it_says_who_fits_first_and_when(who: Entrant, queue: list[Entrant], said: str) -> None:
    assert said in outlook(who, queue, RULES, NOW)


def test_of_teams_nothing_is_said() -> None:
    assert outlook(ADA, [a_person("bob")], Rules(team_size=2), NOW) == ""
