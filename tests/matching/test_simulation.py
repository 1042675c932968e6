"""Simulated days: nobody is lost, the same seed gives the same day, and no rule matches whom the pool forbids."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import pytest

from tenure.matching.choosing import matching_for
from tenure.matching.entrants import Entrant, Matching, Proposal, Rules
from tenure.matching.simulation.arrivals import Arrival, BadTrace, Day, read_trace
from tenure.matching.simulation.beside import PAIRING, TEAMING, Plan, Run, side_by_side, simulate
from tenure.matching.simulation.in_turn import InTurn
from tenure.matching.simulation.rivals import Greedy, Neighbours, Rival, Waves
from tenure.matching.simulation.running import Outcome, Simulation, StandIns

DAY = Day(arrivals_per_day=20_000, hours=1.0)
TEAMS = Rules(team_size=3, tolerance=100.0)
TEAM_DAY = Day(arrivals_per_day=20_000, hours=0.5, parties=0.3, team_size=3)
Make = Callable[[Rules], Matching]


def no_clock() -> float:
    return 0.0


def an_entrant(name: str, rating: float, since: float = 0.0, **more: object) -> Entrant:
    return Entrant(key=name, rating=rating, since=since, players=(name,), **more)  # type: ignore[arg-type]


def names(proposals: Sequence[Proposal]) -> set[frozenset[str]]:
    return {frozenset(entrant.key for entrant in proposal.entrants) for proposal in proposals}


def waiting(rival: Matching, *entrants: Entrant) -> None:
    for entrant in entrants:
        rival.add(entrant)


class Watched:
    """A matching that checks each match: everybody waited, nobody twice, and the rules of the pool allow it now."""

    def __init__(self, matching: Matching, rules: Rules) -> None:
        self.matching, self.rules = matching, rules
        self.there: dict[str, Entrant] = {}
        self.sizes: Counter[int] = Counter()

    def add(self, entrant: Entrant) -> None:
        self.there[entrant.key] = entrant
        self.matching.add(entrant)

    def remove(self, key: str) -> Entrant | None:
        self.there.pop(key, None)
        return self.matching.remove(key)

    def next_at(self) -> float | None:
        return self.matching.next_at()

    def __len__(self) -> int:
        return len(self.matching)

    def __contains__(self, key: object) -> bool:
        return key in self.matching

    def take(self, now: float) -> list[Proposal]:
        proposals = self.matching.take(now)
        for proposal in proposals:
            for entrant in proposal.entrants:
                assert self.there.pop(entrant.key) == entrant
            self.check(proposal, now)
        assert len(self.matching) == len(self.there)
        return proposals

    def check(self, proposal: Proposal, now: float) -> None:
        assert all(sum(len(e.players) for e in team) == self.rules.team_size for team in proposal.teams)
        people = [entrant for entrant in proposal.entrants if not entrant.stands_in]
        bots = [entrant for entrant in proposal.entrants if entrant.stands_in]
        assert people
        for entrant in people:
            reach = max(abs(entrant.rating - other.rating) for other in proposal.entrants)
            assert reach <= self.rules.accepts(entrant, now) + 1e-6
            assert not bots or now - entrant.since >= self.rules.stand_ins_after_seconds - 1e-6
        self.sizes[len(bots)] += 1


# ------------------------------------------------------------------------------------------- every rule


@pytest.mark.parametrize("name", PAIRING)
def test_nobody_is_lost_and_no_pair_is_against_the_rules(name: str) -> None:
    rules = Rules()
    watched = Watched(PAIRING[name](rules), rules)
    simulation = Simulation(watched, rules, StandIns(number=10, game_seconds=60))
    simulation.run(DAY.arrivals(), until=3600.0)
    outcome = simulation.outcome(name, 0.0)
    assert outcome.matched + outcome.abandoned + outcome.waiting == outcome.arrived > 300
    assert outcome.waiting == len(simulation.waiting)
    assert outcome.matches * 2 == outcome.matched + outcome.stand_ins
    assert watched.sizes == {0: outcome.matches - outcome.stand_ins, 1: outcome.stand_ins}
    assert outcome.stand_ins > 20, "each of the ten filled in again after its game"
    assert outcome.gap == outcome.apart
    assert outcome.gap.number == outcome.matches
    assert outcome.wait.number == outcome.matched == sum(decile.wait.number for decile in outcome.deciles)
    assert outcome.regret is not None
    assert outcome.regret.samples > 20


@pytest.mark.parametrize("name", TEAMING)
def test_nobody_is_lost_in_teams_with_parties(name: str) -> None:
    watched = Watched(TEAMING[name](TEAMS), TEAMS)
    simulation = Simulation(watched, TEAMS, StandIns(number=10, game_seconds=60))
    simulation.run(TEAM_DAY.arrivals(), until=1800.0)
    outcome = simulation.outcome(name, 0.0)
    assert outcome.matched + outcome.abandoned + outcome.waiting == outcome.arrived > 150
    assert outcome.matches > 20
    assert outcome.apart.p50 is not None
    assert outcome.gap.p50 is not None
    assert outcome.apart.p50 > outcome.gap.p50, "players are further apart than the means of their teams"
    assert outcome.regret is None


def test_ours_leaves_nobody_lying_and_regrets_nothing() -> None:
    outcome = simulate(Run("tenure"), Plan(arrivals=DAY), no_clock)
    assert outcome.left_lying == 0
    assert outcome.regret is not None
    assert outcome.regret.people == 0
    assert outcome.regret.gap == pytest.approx(outcome.regret.gap_exactly)


def test_waves_leave_people_lying_between_them() -> None:
    outcome = simulate(Run("waves"), Plan(arrivals=DAY), no_clock)
    assert outcome.left_lying > 0.2


# ------------------------------------------------------------------------------------------- time and chance


@pytest.mark.parametrize("name", PAIRING)
def test_the_same_seed_gives_the_same_day_to_the_last_digit(name: str) -> None:
    plan = Plan(arrivals=msgspec.structs.replace(DAY, hours=0.3), stand_ins=StandIns(number=5))
    assert simulate(Run(name), plan, no_clock) == simulate(Run(name), plan, no_clock)
    other = msgspec.structs.replace(plan, arrivals=Day(arrivals_per_day=20_000, hours=0.3, seed=2))
    assert simulate(Run(name), plan, no_clock) != simulate(Run(name), other, no_clock)


def test_processes_side_by_side_give_what_one_gives() -> None:
    plan = Plan(arrivals=msgspec.structs.replace(DAY, hours=0.2))
    runs = [Run("tenure"), Run("greedy", 0.5)]
    told: list[list[float]] = []
    apart = side_by_side(runs, plan, jobs=2, cpu=time.process_time, tell=lambda reached: told.append([*reached]))
    together = side_by_side(runs, plan, jobs=1, cpu=time.process_time)

    def timeless(outcomes: list[Outcome]) -> list[Outcome]:
        return [msgspec.structs.replace(outcome, cpu_seconds=0.0) for outcome in outcomes]

    assert timeless(apart) == timeless(together)
    assert [(outcome.rule, outcome.width) for outcome in apart] == [("tenure", 1.0), ("greedy", 0.5)]
    assert all(seconds > 600 for seconds in told[-1]), "both told how far they were"


def test_a_width_scales_the_tolerance_but_not_the_widest_one() -> None:
    rules = Run("greedy", 20.0).rules(Rules(tolerance=50.0, tolerance_per_second=10.0, tolerance_at_most=400.0))
    assert (rules.tolerance, rules.tolerance_per_second, rules.tolerance_at_most) == (400.0, 200.0, 400.0)


def test_a_day_has_its_arrivals_in_order_and_most_of_them_in_the_evening() -> None:
    arrivals = list(Day(arrivals_per_day=5000).arrivals())
    assert len(arrivals) == 5000
    assert all(one.time <= two.time for one, two in pairwise(arrivals))
    by_hour = Counter(int(arrival.time // 3600) for arrival in arrivals)
    assert sum(by_hour[hour] for hour in (18, 19, 20, 21)) > 3 * sum(by_hour[hour] for hour in (6, 7, 8, 9))
    assert sum(arrival.rating for arrival in arrivals) / 5000 == pytest.approx(1500, abs=20)
    assert sum(arrival.patience for arrival in arrivals) / 5000 == pytest.approx(300, rel=0.1)
    assert {arrival.player for arrival in Day(arrivals_per_day=5000, hours=12).arrivals()} < {
        arrival.player for arrival in arrivals
    }


def test_parties_are_no_larger_than_a_team() -> None:
    sizes = Counter(len(arrival.players) for arrival in TEAM_DAY.arrivals())
    assert set(sizes) == {1, 2, 3}
    assert sizes[1] == pytest.approx(0.7 * sizes.total(), rel=0.2)


# ------------------------------------------------------------------------------------------- who comes and goes


def played(arrivals: Sequence[Arrival], make: Make = matching_for, **stand_ins: float) -> Outcome:
    rules = Rules()
    simulation = Simulation(make(rules), rules, StandIns(**stand_ins))  # type: ignore[arg-type]
    simulation.run(arrivals)
    return simulation.outcome("one", 0.0)


def test_two_are_matched_at_the_moment_when_both_accept() -> None:
    outcome = played([Arrival(0.0, "ann", 1500.0, 60.0), Arrival(3.0, "bob", 1600.0, 60.0)])
    assert (outcome.matches, outcome.gap.p50) == (1, 100.0)
    assert (outcome.wait.p50, outcome.wait.p99) == (5.0, 8.0), "bob accepts 100 points after 5 seconds"


def test_who_is_out_of_patience_gives_up_then_and_is_matched_no_more() -> None:
    outcome = played([Arrival(0.0, "ann", 1500.0, 7.9), Arrival(3.0, "bob", 1600.0, 60.0)])
    assert (outcome.matches, outcome.abandoned, outcome.waiting) == (0, 2, 0)


def test_who_still_waits_at_the_end_is_told() -> None:
    outcome = played([Arrival(0.0, "ann", 1500.0, 1e6)])
    assert (outcome.arrived, outcome.waiting) == (1, 1)


def test_who_comes_while_waiting_already_is_refused_and_may_come_later() -> None:
    ann, again, later = (Arrival(at, "ann", 1500.0, 10.0) for at in (0.0, 1.0, 20.0))
    outcome = played([ann, again, later])
    assert (outcome.arrived, outcome.refused, outcome.abandoned) == (2, 1, 2)


def test_a_stand_in_fills_in_after_the_human_stage_and_is_away_for_a_game() -> None:
    people = [Arrival(float(at), f"p{at}", 1500.0, 1000.0) for at in (0, 100, 400)]
    outcome = played(people, number=1, game_seconds=300.0)
    assert (outcome.stand_ins, outcome.matches) == (3, 3)
    # p0 plays with it from 7 on, p100 from 307, when it is back, and p400 from 607.
    assert (outcome.wait.p50, outcome.wait.p99) == (207.0, 207.0)
    assert outcome.wait.mean == pytest.approx((7 + 207 + 207) / 3)


# ------------------------------------------------------------------------------------------- the other rules


def test_greedy_pairs_along_the_line_from_the_lowest_each_second() -> None:
    greedy = Greedy(Rules())
    waiting(greedy, *(an_entrant(name, rating) for name, rating in (("a", 1500.0), ("b", 1540.0), ("c", 1545.0))))
    assert greedy.next_at() == 1.0
    assert names(greedy.take(1.0)) == {frozenset("ab")}, "though b and c are nearer"
    assert greedy.next_at() == 2.0


def test_a_wave_is_exact_and_comes_every_twelve_seconds() -> None:
    waves = Waves(Rules())
    waiting(waves, *(an_entrant(name, rating) for name, rating in (("a", 1500.0), ("b", 1540.0), ("c", 1545.0))))
    assert waves.next_at() == 12.0
    assert names(waves.take(12.0)) == {frozenset("bc")}
    assert waves.next_at() == 24.0


def test_a_wave_comes_at_once_when_somebody_joins_and_thirty_wait() -> None:
    waves = Waves(Rules(tolerance=1.0, tolerance_per_second=0.0))
    waiting(waves, *(an_entrant(f"e{n}", 100.0 * n, since=13.0) for n in range(29)))
    assert waves.next_at() == 24.0, "waves go on while nobody waits: at 12, then at 24"
    waiting(waves, an_entrant("e29", 100.0, since=14.0))
    assert waves.next_at() is not None
    assert waves.next_at() <= 14.0  # type: ignore[operator]
    assert names(waves.take(14.0)) == {frozenset({"e1", "e29"})}
    assert waves.next_at() == 26.0, "28 are left, and nobody has joined"


def test_neighbours_look_when_five_are_likely_to_have_joined_and_the_nearest_go_first() -> None:
    neighbours = Neighbours(Rules())
    waiting(neighbours, *(an_entrant(name, rating) for name, rating in (("a", 1500.0), ("b", 1540.0), ("c", 1545.0))))
    assert neighbours.next_at() == 45.0
    assert names(neighbours.take(45.0)) == {frozenset("bc")}
    assert neighbours.next_at() == pytest.approx(45.0 + 75.0), "three in 45 seconds are five in 75"
    neighbours.take(120.0)
    assert neighbours.next_at() == pytest.approx(120.0 + 90.0), "no later than 90 seconds"


@pytest.mark.parametrize("make", [Greedy, Waves, Neighbours])
def test_every_rule_fills_the_longest_waiting_up_with_the_nearest_stand_in(make: type[Rival]) -> None:
    rival = make(Rules())
    waiting(rival, an_entrant("late", 1510.0, 3.0), an_entrant("early", 1400.0, 0.0))
    waiting(rival, *(an_entrant(name, r, stands_in=True) for name, r in (("near", 1450.0), ("far", 1560.0))))
    rival.rules = Rules(tolerance=60.0, tolerance_per_second=0.0)
    assert names(rival.take(12.0)) == {frozenset({"early", "near"}), frozenset({"late", "far"})}
    assert len(rival) == 0


def test_teams_in_turn_begin_with_who_came_first() -> None:
    in_turn = InTurn(Rules(team_size=2, tolerance=100.0, tolerance_per_second=0.0))
    waiting(in_turn, *(an_entrant(f"e{n}", 1500.0 + 10 * n, float(n)) for n in range(5)))
    (proposal,) = in_turn.take(5.0)
    assert names([proposal]) == {frozenset({"e0", "e1", "e2", "e3"})}
    assert proposal.gap == 0.0, "the teams are divided as evenly as can be"
    assert "e4" in in_turn


def test_teams_in_turn_fill_up_with_stand_ins_when_the_human_stage_of_all_is_over() -> None:
    in_turn = InTurn(Rules(team_size=2, tolerance=100.0))
    waiting(in_turn, an_entrant("first", 1500.0, 0.0), an_entrant("second", 1500.0, 2.0))
    waiting(in_turn, *(an_entrant(f"bot{n}", 1500.0, stands_in=True) for n in range(3)))
    assert in_turn.take(8.0) == [], "second came two seconds later"
    assert len(names(in_turn.take(9.0)).pop()) == 4


# ------------------------------------------------------------------------------------------- traces


def test_a_trace_is_read_from_csv_and_from_json_in_the_order_of_time() -> None:
    csv = ["time,player,rating,patience,party\n", "5,ann,1500,60,\n", "\n", '1,bob,1600.5,30,"cat dan"\n']
    json = ['{"time":5,"player":"ann","rating":1500,"patience":60}', "",
            '{"time":1,"player":"bob","rating":1600.5,"patience":30,"party":["cat","dan"]}']  # fmt: skip
    wanted = [Arrival(1.0, "bob", 1600.5, 30.0, ("cat", "dan")), Arrival(5.0, "ann", 1500.0, 60.0)]
    assert read_trace(csv, party_of_at_most=3) == read_trace(json, party_of_at_most=3) == wanted


HEAD = "time,player,rating,patience,party"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "there is no arrival"),
        ([HEAD], "there is no arrival"),
        (["time,player,rating"], "line 1: the first line names the columns"),
        (["time,player,rating,patience,patience"], "line 1: the first line names the columns"),
        ([HEAD, "0,ann,1500,60,", "1,bob,1500,60"], "line 3: 4 cells for 5 columns"),
        ([HEAD, "x,ann,1500,60,"], "line 2: time is a number, not 'x'"),
        ([HEAD, "0,ann,nan,60,"], "line 2: rating is a finite number"),
        ([HEAD, "0,ann,1e999,60,"], "line 2: rating is a finite number"),
        ([HEAD, "-1,ann,1500,60,"], "line 2: time is between 0 and"),
        ([HEAD, "1e9,ann,1500,60,"], "line 2: time is between 0 and"),
        ([HEAD, "0,ann,1500,-60,"], "line 2: time is between 0 and"),
        ([HEAD, "0,,1500,60,"], "line 2: player and party are different names"),
        ([HEAD, "0,ann,1500,60,ann"], "line 2: player and party are different names"),
        ([HEAD, "0,ann,1500,60,bob cat"], "line 2: 3 come together, but a team has 2"),
        ([HEAD, '0,"ann,1500,60,'], "line 2: "),
        (['{"time":0,"player":"ann","rating":1500}'], "line 1: it has no patience"),
        (['{"time":0,"player":"ann","rating":1500,"patience":1,"mood":1}'], "line 1: there is no mood"),
        (['{"time":true,"player":"ann","rating":1500,"patience":1}'], "line 1: time is a number, not True"),
        (['{"time":0,"player":7,"rating":1500,"patience":1}'], "line 1: player and party are different names"),
        (['{"time":0,"player":"ann","rating":1500,"patience":1,"party":7}'], "line 1: "),
        (['{"time":0,"player":"ann","rating":1500,"patience":1}', "[1]"], "line 2: one JSON object"),
        (['{"time":0,"player":"ann","rating":1500,"patience":1}', "{"], "line 2: "),
    ],
)
def test_a_malformed_line_is_told_with_its_number_and_nothing_is_played(lines: list[str], told: str) -> None:
    with pytest.raises(BadTrace) as raised:
        read_trace(lines, party_of_at_most=2)
    assert told in str(raised.value)
