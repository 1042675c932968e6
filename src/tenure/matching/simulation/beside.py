"""Several rules on the same arrivals, side by side: each in a process of its own where there are processors for it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Any

import msgspec

from tenure.matching.choosing import matching_for
from tenure.matching.entrants import Matching, Rules
from tenure.matching.simulation.arrivals import Arrival, Day
from tenure.matching.simulation.in_turn import InTurn
from tenure.matching.simulation.rivals import Greedy, Neighbours, Waves
from tenure.matching.simulation.running import Outcome, Simulation, StandIns, Tell

LOOK_SECONDS = 0.2
OURS = "tenure"
PAIRING: Mapping[str, Callable[[Rules], Matching]] = {
    OURS: matching_for,
    "greedy": Greedy,
    "waves": Waves,
    "neighbours": Neighbours,
}
"""Rules for one against one."""
TEAMING: Mapping[str, Callable[[Rules], Matching]] = {OURS: matching_for, "in turn": InTurn}
"""Rules for teams."""

TellAll = Callable[[Sequence[float]], object]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is simulated: a day, or a trace."""

    arrivals: Day | list[Arrival]
    rules: Rules = Rules()
    stand_ins: StandIns = StandIns()

    @property
    def seconds(self) -> float:
        """How long the arrivals take."""
        if isinstance(self.arrivals, Day):
            return self.arrivals.hours * 3600
        return self.arrivals[-1].time

    @property
    def known(self) -> Mapping[str, Callable[[Rules], Matching]]:
        """The rules of matching that may be compared."""
        return TEAMING if self.rules.team_size > 1 or self.rules.teams != 2 else PAIRING  # noqa: PLR2004  a pair


class Run(msgspec.Struct, frozen=True):
    """One rule of matching, at one width of the tolerance."""

    name: str
    width: float = 1.0

    def rules(self, rules: Rules) -> Rules:
        """Give the rules of the pool at this width; the widest tolerance stays what it is."""
        return msgspec.structs.replace(
            rules,
            tolerance=min(rules.tolerance * self.width, rules.tolerance_at_most),
            tolerance_per_second=rules.tolerance_per_second * self.width,
        )


def simulate(run: Run, plan: Plan, cpu: Callable[[], float], tell: Tell = lambda _: None) -> Outcome:
    """Play a plan by one rule. `cpu` gives the seconds that this process has computed."""
    before, rules = cpu(), run.rules(plan.rules)
    simulation = Simulation(plan.known[run.name](rules), rules, plan.stand_ins)
    if isinstance(plan.arrivals, Day):
        simulation.run(plan.arrivals.arrivals(), until=plan.seconds, tell=tell)
    else:
        simulation.run(plan.arrivals, tell=tell)
    return simulation.outcome(run.name, cpu() - before, width=run.width)


def side_by_side(
    runs: Sequence[Run], plan: Plan, *, jobs: int, cpu: Callable[[], float], tell: TellAll = lambda _: None
) -> list[Outcome]:
    """Play a plan by several rules, so many at a time; `tell` hears how far each is, in seconds of the arrivals."""
    if min(jobs, len(runs)) <= 1:
        return [*_one_by_one(runs, plan, cpu, tell)]
    context = multiprocessing.get_context("spawn")
    reached: SynchronizedArray[float] = context.Array("d", len(runs))
    with ProcessPoolExecutor(min(jobs, len(runs)), context, _share, (reached, plan, cpu)) as processes:
        futures = [processes.submit(_in_process, place, run) for place, run in enumerate(runs)]
        running: Iterable[Any] = futures
        while running:
            running = wait(running, LOOK_SECONDS, FIRST_COMPLETED).not_done
            tell([reached[place] for place in range(len(runs))])
        return [future.result() for future in futures]


def _one_by_one(runs: Sequence[Run], plan: Plan, cpu: Callable[[], float], tell: TellAll) -> Iterable[Outcome]:
    reached = [0.0] * len(runs)
    for place, run in enumerate(runs):

        def told(seconds: float, place: int = place) -> None:
            reached[place] = seconds
            tell(reached)

        yield simulate(run, plan, cpu, told)


_shared: list[tuple[SynchronizedArray[float], Plan, Callable[[], float]]] = []


def _share(reached: SynchronizedArray[float], plan: Plan, cpu: Callable[[], float]) -> None:
    """Keep, in a process of the pool, what all of its work needs: the plan travels once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, and without a word
    _shared.append((reached, plan, cpu))


def _in_process(place: int, run: Run) -> Outcome:
    reached, plan, cpu = _shared[-1]

    def tell(seconds: float) -> None:
        reached[place] = seconds

    return simulate(run, plan, cpu, tell)
