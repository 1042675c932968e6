"""One rule of matching through a day, event by event. Nothing here reads a clock: time is that of the arrivals."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Iterator
from statistics import NormalDist

import msgspec

from tenure.matching.entrants import Entrant, Matching, Proposal, Rules
from tenure.matching.exact import exactly
from tenure.matching.quality import Decile, Regret, Spread, deciles_of, spread_of
from tenure.matching.samples import Sample, around, together
from tenure.matching.simulation.arrivals import Arrival

SAMPLE_SECONDS = 61.7
"""No whole number: who looks each second, or each twelfth, isn't always seen at the same point of it."""
MOST_SEEN = 40
TELL_EVERY = 1000
NEVER = float("inf")

Tell = Callable[[float], object]


class StandIns(msgspec.Struct, frozen=True, kw_only=True):
    """Bots that fill in: always so many, spread as the players' ratings are; each is away while it plays."""

    number: int = 0
    game_seconds: float = 300.0
    mean_rating: float = 1500.0
    rating_deviation: float = 300.0

    def entrants(self) -> list[Entrant]:
        """Give them as they first wait."""
        if not self.number:
            return []
        ratings = NormalDist(self.mean_rating, self.rating_deviation)
        return [
            self.entrant(f"Bot/{place}", ratings.inv_cdf((place + 0.5) / self.number), 0.0)
            for place in range(self.number)
        ]

    @staticmethod
    def entrant(key: str, rating: float, since: float) -> Entrant:
        """Give one who waits from a moment on."""
        return Entrant(key=key, rating=rating, since=since, players=(key,), stands_in=True)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule did with the arrivals. Ratings in points, times in seconds; people who came together count once."""

    rule: str
    width: float = 1.0
    """By how much the tolerance of the pool's rules was made wider or narrower."""
    arrived: int
    matches: int
    matched: int
    abandoned: int
    waiting: int
    """Those who still waited at the end: matched, abandoned and waiting add up to arrived."""
    refused: int
    """Those who came while they waited already; they are not among the arrived."""
    stand_ins: int
    """Matches in which a bot filled in."""
    left_lying: float
    """How many of up to 40 next to one another could be matched right now and are not: the mean over the day."""
    gap: Spread
    apart: Spread
    """How far the ratings within a match are apart; between two players that is their gap."""
    wait: Spread
    deciles: tuple[Decile, ...]
    regret: Regret | None
    cpu_seconds: float = 0.0


class Simulation:
    """One rule at work on arrivals that come in the order of time."""

    def __init__(self, matching: Matching, rules: Rules, stand_ins: StandIns = StandIns()) -> None:
        self.matching, self.rules, self.stand_ins = matching, rules, stand_ins
        self.waiting: dict[str, Entrant] = {}
        self.players: set[str] = set()
        self.arrived = self.matches = self.abandoned = self.refused = self.filled = 0
        self.ratings, self.waits, self.gaps = array("d"), array("d"), array("d")
        self.match_gaps, self.aparts = array("d"), array("d")
        self.regrets: list[Regret] = []
        self.left_lying: list[int] = []
        self._given_up: list[tuple[float, str]] = []
        self._back: list[tuple[float, str, float]] = []
        self._sample_at = self._look_at = SAMPLE_SECONDS
        self._pairs = rules.teams == 2 and rules.team_size == 1  # noqa: PLR2004

    def run(self, arrivals: Iterable[Arrival], *, until: float | None = None, tell: Tell = lambda _: None) -> None:
        """Play all arrivals, then go on until a moment: ten minutes after the last one, if none is given."""
        for entrant in self.stand_ins.entrants():
            self.matching.add(entrant)
        last = 0.0
        for arrival in self._in_time(arrivals, tell):
            last = arrival.time
            self._pass(last)
            self._arrive(arrival)
        self._pass(last + 600.0 if until is None else until)
        tell(last)

    def _in_time(self, arrivals: Iterable[Arrival], tell: Tell) -> Iterator[Arrival]:
        for number, arrival in enumerate(arrivals):
            if number % TELL_EVERY == 0:
                tell(arrival.time)
            yield arrival

    def outcome(self, rule: str, cpu_seconds: float, *, width: float = 1.0) -> Outcome:
        """Give what came of it."""
        matched = len(self.waits)
        return Outcome(
            rule=rule,
            width=width,
            arrived=self.arrived,
            matches=self.matches,
            matched=matched,
            abandoned=self.abandoned,
            waiting=len(self.waiting),
            refused=self.refused,
            stand_ins=self.filled,
            left_lying=sum(self.left_lying) / max(len(self.left_lying), 1),
            gap=spread_of(self.match_gaps),
            apart=spread_of(self.aparts),
            wait=spread_of(self.waits),
            deciles=deciles_of(zip(self.ratings, self.waits, self.gaps, strict=True)),
            regret=together(self.regrets),
            cpu_seconds=cpu_seconds,
        )

    # ----------------------------------------------------------------------------------------- events

    def _arrive(self, arrival: Arrival) -> None:
        players = arrival.players
        if not self.players.isdisjoint(players):
            self.refused += 1
            return
        entrant = Entrant(key=f"Ticket/{self.arrived}", rating=arrival.rating, since=arrival.time, players=players)
        self.arrived += 1
        self.players.update(players)
        self.waiting[entrant.key] = entrant
        heapq.heappush(self._given_up, (arrival.time + arrival.patience, entrant.key))
        self.matching.add(entrant)
        self._match(arrival.time)

    def _pass(self, until: float) -> None:
        """Let all happen that happens by itself before a moment, in order."""
        while True:
            next_at = self.matching.next_at()
            match_at = NEVER if next_at is None else next_at
            leave_at = self._given_up[0][0] if self._given_up else NEVER
            back_at = self._back[0][0] if self._back else NEVER
            at = min(match_at, leave_at, back_at, self._look_at)
            if at >= until:
                return
            if at == self._look_at:
                self._look(at)
            elif at == back_at:
                _, key, rating = heapq.heappop(self._back)
                self.matching.add(self.stand_ins.entrant(key, rating, at))
                self._match(at)
            elif at == match_at:
                self._match(at)
            else:
                self._give_up(heapq.heappop(self._given_up)[1])

    def _give_up(self, key: str) -> None:
        entrant = self.waiting.pop(key, None)
        if entrant is not None:
            self.matching.remove(key)
            self.players.difference_update(entrant.players)
            self.abandoned += 1

    def _match(self, now: float) -> None:
        """Take what is to be taken by now, if anything is."""
        next_at = self.matching.next_at()
        if next_at is None or next_at > now:
            return
        sample = self._sample(now)
        for proposal in self.matching.take(now):
            self._take(proposal, now)
            if sample is not None:
                sample.match(entrant.key for entrant in proposal.entrants)
        if sample is not None:
            self.regrets.append(sample.regret())

    def _take(self, proposal: Proposal, now: float) -> None:
        self.matches += 1
        self.match_gaps.append(proposal.gap)
        entrants = proposal.entrants
        ratings = [entrant.rating for entrant in entrants]
        self.aparts.append(max(ratings) - min(ratings))
        self.filled += any(entrant.stands_in for entrant in entrants)
        for entrant in entrants:
            if entrant.stands_in:
                heapq.heappush(self._back, (now + self.stand_ins.game_seconds, entrant.key, entrant.rating))
                continue
            del self.waiting[entrant.key]
            self.players.difference_update(entrant.players)
            self.ratings.append(entrant.rating)
            self.waits.append(now - entrant.since)
            self.gaps.append(proposal.gap)

    # ----------------------------------------------------------------------------------------- samples

    def _sample(self, now: float) -> Sample | None:
        """Take a sample around the one who came last, if it is time for one and two are enough for a match."""
        if now < self._sample_at or not self._pairs or not self.waiting:
            return None
        self._sample_at = now + SAMPLE_SECONDS
        return Sample(around(self.waiting, self._latest, now), self.rules, now)

    def _look(self, now: float) -> None:
        """Count who could be matched with one another and lies there, whether or not the rule is about to look."""
        self._look_at = now + SAMPLE_SECONDS
        if self._pairs:
            seen = [*around(self.waiting, self._latest, now, MOST_SEEN)] if self.waiting else []
            self.left_lying.append(2 * len(exactly(seen, self.rules, now)))

    @property
    def _latest(self) -> float:
        return next(reversed(self.waiting.values())).rating
