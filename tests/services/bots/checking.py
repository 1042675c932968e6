"""What must be true of all pools, bots, tickets, matches and players, at every moment."""

from collections import Counter
from typing import Any

from tenure import Lifecycle, StateOf, Store
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Rating, Ticket

EVERY: dict[type[Lifecycle], StateOf[Any]] = {
    Pool: StateOf(Pool, (*Pool.present.names, "closed")),
    Match: StateOf(Match, (*Match.live.names, "over", "void")),
    Bot: StateOf(Bot, (*Bot.live.names, "retired")),
    Ticket: StateOf(Ticket, (*Ticket.live.names, "played", "left")),
    Player: StateOf(Player, (*Player.known.names, "forgotten")),
    Rating: Rating.kept,
}
SEATED = {"matched": "offered", "accepted": "offered", "playing": "playing"}


class Seen:
    """All records of a store, read after the sweeper has done what is due."""

    def __init__(self, found: dict[type[Lifecycle], dict[str, Any]]) -> None:
        self.pools, self.matches, self.bots = found[Pool], found[Match], found[Bot]
        self.tickets, self.players, self.ratings = found[Ticket], found[Player], found[Rating]

    @property
    def seated(self) -> list[Any]:
        return [*self.bots.values(), *self.tickets.values()]


async def look(store: Store) -> Seen:
    await store.sweep()
    return Seen({kind: {record.id: record for record in await every(store, kind)} for kind in EVERY})


async def every(store: Store, kind: type[Lifecycle]) -> list[Any]:
    found: list[Any] = []
    while page := await store.find(EVERY[kind], after=found[-1].id if found else None):
        found += page
    return found


async def check(store: Store, *, joined: int, made: int) -> Seen:
    """Check the laws for so many tickets that ever joined, and bots that were ever made; give what was seen."""
    seen = await look(store)
    assert len(seen.tickets) == joined  # queued + matched + accepted + playing + cooling + left + played
    assert len(seen.bots) == made
    _check_matches(seen)
    _check_players(seen)
    _check_ratings(seen)
    for pool in seen.pools.values():
        await _check_rank(store, Bot.queued, pool, [*seen.bots.values()])
        await _check_rank(store, Ticket.queued, pool, [*seen.tickets.values()])
    return seen


async def _check_rank(store: Store, queued: StateOf[Any], pool: Pool, records: list[Any]) -> None:
    """Those who stand in a pool's queue are those who wait there, by rating: no ghosts, and nobody is missing."""
    ranked = await store.find(queued, per=pool.id)
    assert [record.rating for record in ranked] == sorted(record.rating for record in ranked)
    assert {record.id for record in ranked} == {r.id for r in records if r.state == queued and r.pool == pool.id}


def _check_matches(seen: Seen) -> None:
    """Nobody sits in two live matches, and each seat sits in the one that it says."""
    live = {id: match for id, match in seen.matches.items() if match.state in Match.live}
    sitting = Counter((seat.kind, seat.id) for match in live.values() for team in match.teams for seat in team)
    assert set(sitting.values()) <= {1}
    for match in seen.matches.values():
        seats = [seat for team in match.teams for seat in team]
        assert any(seat.kind == "Ticket" for seat in seats), "bots alone have met"
        players = [player for seat in seats for player in seat.players]
        assert len(players) == len(set(players)), "somebody plays with themselves"
    for record in seen.seated:
        key, state = (type(record).__name__, record.id), record.state.name
        if state in SEATED:
            assert live[record.match].state.name == SEATED[state], (record, live[record.match])
        assert (key in sitting) == (state in SEATED or state == "stranded"), record
        assert (record.match is None) == (key not in sitting), record


def _check_players(seen: Seen) -> None:
    """Nobody has two live tickets, and who is engaged has one."""
    live = [ticket for ticket in seen.tickets.values() if ticket.state in Ticket.live]
    holding = {player: ticket.id for ticket in live for player in ticket.players}
    assert len(holding) == sum(len(ticket.players) for ticket in live)
    assert {p.id: p.ticket for p in seen.players.values() if p.state == Player.engaged} == holding


def _check_ratings(seen: Seen) -> None:
    """Each match that is over has counted once for each of its players; one that is void has not."""
    played = Counter(
        f"{player}/{match.mode}"
        for match in seen.matches.values()
        if match.state == Match.over
        for team in match.teams
        for seat in team
        for player in seat.players
    )
    for id, rating in seen.ratings.items():
        assert rating.played == played[id], (id, rating.played, played[id])
        assert rating.version == 1 + played[id]
