"""Offers with bots in them: their runner accepts, declines or dies, and nobody else is the worse for it."""

import pytest
from tests.services.bots.making import World, a_world, players_of

from tenure import NotHolder, WrongState, seconds
from tenure.matching.entrants import Rules
from tenure.services.bots.lifecycle import Bot, Match, Player, Ticket
from tenure.services.bots.refusals import AlreadyWaiting, TryAgain


async def offered(world: World, *, bots: int = 1, accept_seconds: float = 15.0) -> Match:
    """Offer a match to ann and so many bots, one team for each."""
    system = "glicko2" if bots == 1 else "openskill"
    rules = Rules(teams=bots + 1, tolerance=1e5, tolerance_at_most=1e5)
    await world.a_pool(system=system, max_deployed=bots, rules=rules, accept_seconds=accept_seconds)
    await world.queued_bots(bots)
    await world.join("ann")
    for _ in range(2):
        await world.store.advance(seconds(4))
        await world.run_bots()
    (match,) = await world.match()
    return match


async def test_a_bot_that_declines_cools_down_and_the_person_waits_on() -> None:
    async with a_world() as world:
        match = await offered(world)
        since = (await world.ticket("ann")).queued_at
        (bot,) = await world.store.find(Bot.matched)
        await world.service.offers.accept("t-ann", match.id)
        await world.service.offers.decline_as(world.claims[bot.id])
        assert (await world.bot(bot.id)).state == Bot.cooling
        ann = await world.ticket("ann")
        assert (ann.state, ann.queued_at) == (Ticket.queued, since)
        assert (await world.store.get(Match, match.id)).reason == "declined"
        with pytest.raises(WrongState):
            await world.service.offers.decline_as(world.claims[bot.id])


async def test_a_claim_that_is_over_neither_accepts_nor_declines() -> None:
    async with a_world() as world:
        await offered(world)
        (bot,) = await world.store.find(Bot.matched)
        late = world.claims[bot.id]
        await world.store.advance(seconds(15))
        await world.run_bots()
        with pytest.raises((NotHolder, WrongState)):
            await world.service.offers.accept_as(late)
        with pytest.raises((NotHolder, WrongState)):
            await world.service.offers.decline_as(late)


async def test_a_decline_frees_the_others_and_leaves_a_bot_without_runner_to_the_sweeper() -> None:
    async with a_world() as world:
        match = await offered(world, bots=2, accept_seconds=60.0)
        accepter, silent = await world.store.find(Bot.matched)
        await world.service.offers.accept_as(world.claims[accepter.id])
        await world.store.advance(seconds(14))
        await world.store.beat(world.claims[accepter.id])
        clock = world.store.clock
        clock.move_to(clock.now + 1_000_000)  # type: ignore[attr-defined]
        # The lease of the silent one has just run out, though nobody swept.
        await world.service.offers.decline("t-ann", match.id)
        assert (await world.bot(silent.id)).state == Bot.matched
        await world.store.sweep()
        assert (await world.bot(accepter.id)).state == Bot.queued
        assert (await world.store.get(Match, match.id)).state == Match.void
        left = await world.bot(silent.id)
        assert left.state in (Bot.cooling, Bot.deployed)
        assert left.match is None


async def test_a_bot_whose_runner_dies_after_it_has_accepted_keeps_its_seat_when_the_match_starts() -> None:
    async with a_world() as world:
        match = await offered(world)
        (bot,) = await world.store.find(Bot.matched)
        await world.service.offers.accept_as(world.claims[bot.id])
        await world.store.advance(seconds(14))
        assert (await world.service.offers.accept("t-ann", match.id)).state == Match.playing
        await world.store.advance(seconds(15))
        assert (await world.bot(bot.id)).state == Bot.stranded  # and another runner plays on


async def test_a_start_is_made_once_and_only_when_all_have_accepted() -> None:
    async with a_world() as world:
        match = await offered(world)
        assert (await world.service.offers.start(match.id)).state == Match.offered
        await world.service.offers.accept("t-ann", match.id)
        await world.run_bots()
        started = await world.service.offers.start(match.id)
        assert (started.state, started.version) == (Match.playing, 2)
        assert (await world.service.offers.start(match.id)).version == 2


async def test_an_all_accepted_offer_whose_last_accepter_died_is_started_by_a_repeat() -> None:
    async with a_world() as world:
        match = await offered(world)
        (bot,) = await world.store.find(Bot.matched)
        await world.store.apply(Bot.accept(world.claims[bot.id]))
        await world.store.apply(Ticket.accept("t-ann"))  # and its process died
        assert (await world.store.get(Match, match.id)).state == Match.offered
        assert (await world.service.offers.accept("t-ann", match.id)).state == Match.playing


async def test_who_joins_in_the_moment_between_a_tickets_end_and_the_sweep_is_told_to_try_again() -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        await world.service.settling.break_off(match.id, "by_hand")
        with pytest.raises(AlreadyWaiting):  # nobody has freed the ticket yet
            await world.join("ann", request="again")
        await world.store.sweep()
        await world.join("ann", request="again")
        await world.store.apply(Ticket.leave("again"))
        with pytest.raises(TryAgain):  # nor here the player
            await world.join("ann", request="once-more")
        await world.store.sweep()
        await world.join("ann", request="once-more")


async def test_a_party_plays_together_whomever_its_players_block() -> None:
    async with a_world() as world:
        await world.a_pool(system="openskill", rules=Rules(team_size=2, tolerance=1e5, tolerance_at_most=1e5))
        await world.service.players.block("ann", ["bob", "cid"])
        ticket = await world.join("ann", "bob")
        assert ticket.avoid == ("cid",)
        await world.join("dan", "eve")
        (match,) = await world.match()
        assert players_of(match) == ["ann", "bob", "dan", "eve"]
        assert {player.state.name for player in await world.store.find(Player.engaged)} == {"engaged"}
