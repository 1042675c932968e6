"""The end of a match: its result counts once, whatever happens meanwhile; without a result all come free."""

import asyncio

import pytest
from tests.services.bots.making import World, a_world

from tenure import Stale, Store, hours, seconds
from tenure.matching.entrants import Rules
from tenure.services.bots.lifecycle import Bot, Match, Player, Rating, Ticket
from tenure.services.bots.refusals import NotThen, Unknown, Wrong


async def rating(world: World, player: str) -> Rating:
    return await world.store.get(Rating, f"{player}/duel")


async def test_a_result_ends_the_match_rates_its_players_and_frees_all_at_once() -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        order = [team[0].players[0] for team in match.teams]
        over = await world.service.settling.settle(match.id, [1, 2])
        assert (over.state, over.places) == (Match.over, (1, 2))
        won, lost = await rating(world, order[0]), await rating(world, order[1])
        assert (won.played, won.won, lost.played, lost.won) == (1, 1, 1, 0)
        assert won.value > 1500 > lost.value
        for name in order:
            assert (await world.ticket(name)).state == Ticket.played
            player = await world.store.get(Player, name)
            assert (player.state, player.met) == (Player.free, tuple(n for n in order if n != name))
            await world.join(name, request=f"again-{name}")  # at once, though nobody swept


async def test_a_result_that_is_reported_many_times_counts_once() -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        answers = await asyncio.gather(*(world.service.settling.settle(match.id, [1, 2]) for _ in range(20)))
        assert {answer.version for answer in answers} == {3}
        assert (await world.service.settling.settle(match.id, [1, 2])).version == 3
        assert ((await rating(world, "ann")).played, (await rating(world, "ann")).version) == (1, 2)


async def test_another_result_is_refused() -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        await world.service.settling.settle(match.id, [1, 2])
        before = (await rating(world, "ann")).value
        with pytest.raises(NotThen, match="another result already"):
            await world.service.settling.settle(match.id, [2, 1])
        assert (await rating(world, "ann")).value == before


@pytest.mark.parametrize("places", [[], [1], [1, 2, 3], [0, 1], [2, 2], [1, 3], [-1, 1]])
async def test_places_that_make_no_sense_are_refused(places: list[int]) -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        with pytest.raises(Wrong, match="`places` must give"):
            await world.service.settling.settle(match.id, places)
        assert (await world.store.get(Match, match.id)).state == Match.playing


async def test_only_a_match_that_plays_is_settled() -> None:
    async with a_world() as world:
        await world.a_pool()
        with pytest.raises(Unknown):
            await world.service.settling.settle("absent", [1, 2])
        await world.join("ann")
        await world.join("bob")
        (match,) = await world.match()
        with pytest.raises(NotThen, match="every seat must accept first"):
            await world.service.settling.settle(match.id, [1, 2])
        await world.store.advance(seconds(16))
        with pytest.raises(NotThen, match="not_accepted_in_time"):
            await world.service.settling.settle(match.id, [1, 2])


async def test_teams_are_rated_by_their_places() -> None:
    async with a_world() as world:
        await world.a_pool(system="openskill", rules=Rules(teams=3, team_size=2, tolerance=1e5, tolerance_at_most=1e5))
        match = await world.a_playing_match(*(f"p{number}" for number in range(6)))
        await world.service.settling.settle(match.id, [2, 1, 3])
        means = [
            sum([(await rating(world, seat.players[0])).value for seat in team]) / len(team) for team in match.teams
        ]
        assert means[1] > means[0] > means[2]


async def test_a_rating_that_moves_meanwhile_does_not_make_a_settlement_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        real, moves = Store.apply, iter(range(3))

        async def apply(store: Store, *changes: object, **more: object) -> object:
            if any(getattr(change, "name", "") == "settle" for change in changes) and next(moves, None) is not None:
                ann = await rating(world, "ann")
                others = Rating.rate(ann, value=ann.value + 100, deviation=ann.deviation, volatility=0.06,
                                     played=ann.played + 1, won=0)  # fmt: skip
                await real(store, others)
            return await real(store, *changes, **more)  # type: ignore[call-overload]

        monkeypatch.setattr(Store, "apply", apply)
        await world.service.settling.settle(match.id, [1, 1])
        assert (await rating(world, "ann")).played == 4


async def test_a_stranded_bot_and_one_whose_lease_has_just_run_out_do_not_make_a_settlement_fail() -> None:
    for wait in (16, 15):  # swept, and not
        async with a_world() as world:
            await world.a_pool(max_deployed=1)
            (bot,) = await world.queued_bots(1)
            await world.join("ann")
            for _ in range(2):
                await world.store.advance(seconds(4))
                await world.run_bots()
            (match,) = await world.match()
            await world.accept(match)
            await world.store.advance(seconds(14))  # its runner is dead
            clock = world.store.clock
            clock.move_to(clock.now + (wait - 14) * 1_000_000)  # type: ignore[attr-defined]
            if wait == 16:
                await world.store.sweep()
                assert (await world.bot(bot.id)).state == Bot.stranded
            await world.service.settling.settle(match.id, [2, 1])
            assert ((await rating(world, bot.id)).played, (await rating(world, "ann")).played) == (1, 1)
            assert (await world.ticket("ann")).state == Ticket.played
            await world.store.sweep()
            freed = await world.bot(bot.id)
            assert (freed.state, freed.match) == (Bot.deployed, None)


async def test_a_match_that_is_broken_off_frees_all_and_rates_nobody() -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        void = await world.service.settling.break_off(match.id, "room_lost")
        assert (void.state, void.reason) == (Match.void, "room_lost")
        assert (await world.service.settling.break_off(match.id, "again")).version == void.version
        await world.store.sweep()
        for name in ("ann", "bob"):
            assert (await world.ticket(name)).state == Ticket.played
            assert (await rating(world, name)).played == 0
            await world.join(name, request=f"again-{name}")
        with pytest.raises(NotThen, match="without a result"):
            await world.service.settling.settle(match.id, [1, 2])


async def test_an_offer_that_is_broken_off_gives_accepters_back() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        await world.join("bob")
        (match,) = await world.match()
        await world.service.offers.accept("t-ann", match.id)
        await world.service.settling.break_off(match.id, "by_hand")
        await world.store.sweep()
        assert (await world.ticket("ann")).state == Ticket.queued
        assert (await world.ticket("bob")).state == Ticket.cooling


async def test_a_match_that_takes_too_long_is_over_by_itself_and_its_result_comes_too_late() -> None:
    async with a_world() as world:
        await world.a_pool(longest_seconds=3600)
        match = await world.a_playing_match("ann", "bob")
        await world.store.advance(hours(1) - seconds(1))
        clock = world.store.clock
        clock.move_to(clock.now + 1_000_000)  # type: ignore[attr-defined]
        with pytest.raises(NotThen, match="took longer"):
            await world.service.settling.settle(match.id, [1, 2])
        await world.store.sweep()
        with pytest.raises(NotThen, match="took_too_long"):
            await world.service.settling.settle(match.id, [1, 2])
        assert (await rating(world, "ann")).played == 0


async def test_a_change_of_a_seat_between_reading_and_writing_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        real, tries = Store.apply, 0

        async def apply(store: Store, *changes: object, **more: object) -> object:
            nonlocal tries
            tries += any(getattr(change, "name", "") == "settle" for change in changes)
            if tries == 1:
                await real(store, Player.block("ann", blocked=("cid",)))
            return await real(store, *changes, **more)  # type: ignore[call-overload]

        monkeypatch.setattr(Store, "apply", apply)
        await world.service.settling.settle(match.id, [1, 2])
        assert tries == 2
        assert (await world.store.get(Player, "ann")).blocked == ("cid",)
        assert issubclass(Stale, Exception)
