"""The queue as people see it: joining, leaving, accepting, declining, and what they are told."""

import asyncio
from typing import Any, cast

import pytest
from tests.services.bots.making import World, a_world, players_of

from tenure import Store, minutes, seconds
from tenure.matching.entrants import Rules
from tenure.services.bots.lifecycle import Match, Player, Rating, Ticket
from tenure.services.bots.refusals import (
    AlreadyWaiting,
    NotOpen,
    NotThen,
    OtherRequest,
    PoolFull,
    Unknown,
    Wrong,
)

# ------------------------------------------------------------------------------------ joining


async def test_who_joins_first_becomes_known_and_rated() -> None:
    async with a_world() as world:
        await world.a_pool()
        ticket = await world.join("ann")
        assert (ticket.state, ticket.rating, ticket.players) == (Ticket.queued, 1500.0, ("ann",))
        assert (await world.store.get(Player, "ann")).ticket == ticket.id
        assert (await world.store.get(Rating, "ann/duel")).value == 1500.0


async def test_a_party_has_the_mean_of_its_players_ratings() -> None:
    async with a_world() as world:
        await world.a_pool(system="openskill", rules=Rules(team_size=2))
        for player, value in (("ann", 1000.0), ("bob", 1800.0)):
            await world.store.apply(
                Player.create(player), Rating.create(f"{player}/duel", player=player, mode="duel", value=value)
            )
        assert (await world.join("ann", "bob")).rating == 1400.0
        assert (await world.join("cid", "dan")).rating == 1500.0


async def test_a_party_is_no_larger_than_a_team() -> None:
    async with a_world() as world:
        await world.a_pool()
        with pytest.raises(Wrong, match="at most 1 players"):
            await world.join("ann", "bob")


@pytest.mark.parametrize("players", [[], ["ann", "ann"], [""], ["a b"], ["a/b"], [".."], ["x" * 101], ["\ud800"]])
async def test_players_that_make_no_sense_are_refused_and_change_nothing(players: list[str]) -> None:
    async with a_world() as world:
        await world.a_pool(system="openskill", rules=Rules(team_size=5))
        with pytest.raises(Wrong):
            await world.service.queue.join("duels", players)
        assert sum((await world.states(Ticket)).values()) == 0


async def test_a_repeat_of_a_request_gives_the_ticket_that_it_made() -> None:
    async with a_world() as world:
        await world.a_pool()
        first = await world.join("ann", request="r1")
        again = await world.join("ann", request="r1")
        assert (again.id, again.version) == (first.id, first.version) == ("r1", 1)
        await world.service.queue.leave("r1")
        assert (await world.join("ann", request="r1")).state == Ticket.left
        assert sum((await world.states(Ticket)).values()) == 1


async def test_a_request_that_is_made_many_times_at_once_makes_one_ticket() -> None:
    async with a_world() as world:
        await world.a_pool()
        tickets = await asyncio.gather(*(world.join("ann", request="r1") for _ in range(20)))
        assert {ticket.id for ticket in tickets} == {"r1"}
        assert (await world.states(Ticket))["queued"] == 1


async def test_a_request_that_overtakes_itself_makes_one_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        await world.a_pool()
        real = Store.get_many

        async def get_many(store: Store, kind: Any, ids: Any) -> Any:
            if kind is Player:
                monkeypatch.undo()
                await world.join("ann", request="r1")
            return await real(store, kind, ids)

        monkeypatch.setattr(Store, "get_many", get_many)
        assert (await world.join("ann", request="r1")).version == 1
        assert (await world.states(Ticket)) == {"queued": 1}


async def test_a_request_id_of_other_players_is_refused() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann", request="r1")
        with pytest.raises(OtherRequest):
            await world.join("bob", request="r1")


async def test_a_player_has_one_ticket_and_is_told_which() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.a_pool("others")
        first = await world.join("ann")
        with pytest.raises(AlreadyWaiting) as refusal:
            await world.join("ann", pool="others", request="another")
        assert (refusal.value.ticket, refusal.value.player) == (first.id, "ann")


async def test_who_may_not_join_leaves_no_reading_behind() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        engine = cast("Any", world.store.engine)
        rows, before, refused = engine.rows, asyncio.all_tasks(), asyncio.Event()

        async def slow(space: str, keys: Any) -> Any:
            kinds = {kind for kind, _ in keys}
            if kinds == {"Rating"}:
                await refused.wait()
                for _ in range(50):
                    await asyncio.sleep(0)
            found = await rows(space, keys)
            if kinds == {"Ticket"}:
                refused.set()  # by what is found here
            return found

        engine.rows = slow
        with pytest.raises(AlreadyWaiting):
            await world.join("ann", request="another")
        assert asyncio.all_tasks() == before
        engine.rows = rows


async def test_of_a_hundred_joins_of_one_player_at_once_one_ticket_comes() -> None:
    async with a_world() as world:
        await world.a_pool()
        asked = (world.join("ann", request=f"r{number}") for number in range(100))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        (made,) = [answer for answer in answers if isinstance(answer, Ticket)]
        assert {a.ticket for a in answers if isinstance(a, AlreadyWaiting)} == {made.id}
        assert len(await world.store.find(Ticket.live)) == 1


async def test_two_parties_that_share_a_player_do_not_both_wait() -> None:
    async with a_world() as world:
        await world.a_pool(system="openskill", rules=Rules(team_size=2))
        await world.join("ann", "bob")
        with pytest.raises(AlreadyWaiting) as refusal:
            await world.join("cid", "bob")
        assert refusal.value.player == "bob"
        assert "cid" not in await world.store.get_many(Player, ["cid"])  # the whole was refused


async def test_a_full_pool_says_so_and_has_room_again_when_somebody_leaves() -> None:
    async with a_world() as world:
        await world.a_pool(places=2)
        await world.join("ann")
        await world.join("bob")
        with pytest.raises(PoolFull, match="all 2 places"):
            await world.join("cid")
        await world.service.queue.leave("t-ann")
        await world.join("cid")


async def test_an_unknown_pool_and_one_that_drains_let_nobody_in() -> None:
    async with a_world() as world:
        with pytest.raises(Unknown):
            await world.join("ann")
        await world.a_pool()
        await world.service.pools.drain("duels")
        with pytest.raises(NotOpen):
            await world.join("ann")


async def test_a_bot_joins_no_queue_as_a_person() -> None:
    async with a_world() as world:
        await world.a_pool()
        (bot,) = await world.service.crew.create("duels", ids=["rob"])
        with pytest.raises(Wrong, match="is a bot"):
            await world.join(bot.id)


# ------------------------------------------------------------------------------------ leaving


async def test_who_leaves_may_join_again_at_once_though_nobody_swept() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann", request="r1")
        left = await world.service.queue.leave("r1")
        assert (left.state, left.reason) == (Ticket.left, "withdrawn")
        assert (await world.service.queue.leave("r1")).version == left.version
        assert (await world.join("ann", request="r2")).state == Ticket.queued


async def test_who_has_an_offer_declines_it_and_does_not_leave() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        await world.join("bob")
        (match,) = await world.match()
        with pytest.raises(NotThen, match="decline that instead"):
            await world.service.queue.leave("t-ann")
        await world.service.offers.accept("t-ann", match.id)
        with pytest.raises(NotThen, match="wait till the offer is over"):
            await world.service.queue.leave("t-ann")


async def test_who_has_lost_patience_has_left_and_may_join_again() -> None:
    async with a_world() as world:
        await world.a_pool(patience_seconds=60)
        await world.join("ann")
        await world.store.advance(seconds(61))
        left = await world.ticket("ann")
        assert (left.state, left.reason) == (Ticket.left, "out_of_patience")
        assert (await world.join("ann", request="r2")).state == Ticket.queued


# ------------------------------------------------------------------------------------ accepting and declining


async def test_the_last_to_accept_starts_the_match() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        await world.join("bob")
        (match,) = await world.match()
        assert (await world.service.offers.accept("t-ann", match.id)).state == Match.offered
        assert (await world.service.offers.accept("t-bob", match.id)).state == Match.playing
        assert {(await world.ticket(name)).state.name for name in ("ann", "bob")} == {"playing"}
        # A repeat, such as one whose answer was lost, changes nothing.
        assert (await world.service.offers.accept("t-bob", match.id)).version == 2


async def test_all_who_accept_at_once_start_it_once() -> None:
    async with a_world() as world:
        await world.a_pool(system="openskill", rules=Rules(team_size=3, tolerance=1e5, tolerance_at_most=1e5))
        for number in range(6):
            await world.join(f"p{number}")
        (match,) = await world.match()
        await asyncio.gather(*(world.service.offers.accept(f"t-p{number}", match.id) for number in range(6)))
        assert [event.name for event in await world.store.history(Match, match.id)] == ["create", "start"]
        assert (await world.states(Ticket))["playing"] == 6


async def test_who_declines_cools_down_and_the_others_wait_on_as_they_did() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        await world.store.advance(seconds(5))
        await world.join("bob")
        (match,) = await world.match()
        await world.service.offers.accept("t-ann", match.id)
        before = (await world.ticket("ann")).queued_at
        await world.store.advance(seconds(3))
        await world.service.offers.decline("t-bob", match.id)
        ann, bob = await world.ticket("ann"), await world.ticket("bob")
        assert (ann.state, ann.queued_at, ann.match) == (Ticket.queued, before, None)
        assert bob.state == Ticket.cooling
        void = await world.store.get(Match, match.id)
        assert (void.state, void.reason) == (Match.void, "declined")
        await world.service.offers.decline("t-bob", match.id)  # a repeat changes nothing
        await world.store.advance(seconds(31))
        assert (await world.ticket("bob")).state == Ticket.left
        await world.join("bob", request="again")


async def test_an_offer_is_accepted_and_declined_only_while_it_lasts() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        await world.join("bob")
        (match,) = await world.match()
        for other in ("elsewhere", match.id + "x"):
            with pytest.raises(NotThen):
                await world.service.offers.accept("t-ann", other)
        await world.service.offers.accept("t-ann", match.id)
        with pytest.raises(NotThen, match="can't decline any more"):
            await world.service.offers.decline("t-ann", match.id)
        with pytest.raises(Unknown):
            await world.service.offers.accept("t-nobody", match.id)
        await world.store.advance(seconds(16))
        for name in ("ann", "bob"):
            with pytest.raises(NotThen, match="the offer is over"):
                await world.service.offers.accept(f"t-{name}", match.id)


async def test_a_late_accept_of_an_offer_that_is_over_accepts_no_other() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        await world.join("bob")
        (first,) = await world.match()
        await world.service.offers.accept("t-ann", first.id)
        await world.service.offers.decline("t-bob", first.id)
        await world.join("cid")
        (second,) = await world.match()
        assert players_of(second) == ["ann", "cid"]
        with pytest.raises(NotThen):
            await world.service.offers.accept("t-ann", first.id)
        assert (await world.ticket("ann")).state == Ticket.matched


async def offered_and_unswept(world: World) -> Match:
    """Give an offer whose time is over, though nobody swept."""
    await world.a_pool()
    await world.join("ann")
    await world.join("bob")
    (match,) = await world.match()
    await world.store.advance(seconds(14))
    clock = world.store.clock
    clock.move_to(clock.now + 1_000_000)  # type: ignore[attr-defined]
    return match


async def test_nobody_accepts_or_declines_past_the_offers_time_though_nobody_swept() -> None:
    async with a_world() as world:
        match = await offered_and_unswept(world)
        with pytest.raises(NotThen, match="the offer is over"):
            await world.service.offers.accept("t-ann", match.id)
        with pytest.raises(NotThen, match="the offer is over"):
            await world.service.offers.decline("t-ann", match.id)


# ------------------------------------------------------------------------------------ whom one meets, and the view


async def test_those_who_block_one_another_never_meet_whoever_blocks() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.service.players.block("ann", ["bob"])
        await world.join("bob")
        await world.join("ann")
        await world.store.advance(minutes(5))
        assert await world.match() == []
        await world.join("cid")
        (match,) = await world.match()
        assert "cid" in players_of(match)


async def test_a_block_of_oneself_is_refused_and_a_second_list_replaces_the_first() -> None:
    async with a_world() as world:
        with pytest.raises(Wrong):
            await world.service.players.block("ann", ["ann"])
        await world.service.players.block("ann", ["bob", "bob"])
        assert (await world.service.players.block("ann", ["cid"])).blocked == ("cid",)


async def test_who_has_just_met_meets_others_first_and_each_other_after_a_while() -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        await world.service.settling.settle(match.id, [1, 2])
        for name in ("ann", "bob"):
            assert (await world.join(name, request=f"again-{name}")).met
        await world.store.advance(seconds(59))
        assert await world.match() == []
        await world.store.advance(seconds(2))
        assert len(await world.match()) == 1


async def test_who_comes_back_after_long_may_meet_the_same_at_once() -> None:
    async with a_world() as world:
        await world.a_pool()
        match = await world.a_playing_match("ann", "bob")
        await world.service.settling.settle(match.id, [1, 1])
        await world.store.advance(minutes(2))
        for name in ("ann", "bob"):
            assert (await world.join(name, request=f"again-{name}")).met == ()
        assert len(await world.match()) == 1


async def test_the_view_tells_how_long_one_has_waited_and_who_has_accepted() -> None:
    async with a_world() as world:
        await world.a_pool(rules=Rules(tolerance=50, tolerance_per_second=10, tolerance_at_most=400))
        await world.join("ann")
        await world.store.advance(seconds(12))
        view = await world.service.queue.waiting("t-ann")
        assert (view.waited, view.tolerance, view.match) == (12.0, 170.0, None)
        await world.join("bob")
        (match,) = await world.match()
        await world.service.offers.accept("t-ann", match.id)
        view = await world.service.queue.waiting("t-bob")
        assert view.match is not None
        assert (view.match.id, view.accepted, view.seats) == (match.id, 1, 2)
        assert view.accept_until == match.entered_at + seconds(15)
        await world.service.offers.accept("t-bob", match.id)
        await world.service.settling.settle(match.id, [2, 1])
        view = await world.service.queue.waiting("t-bob")
        assert view.match is not None
        assert (view.ticket.state, view.match.state, view.match.places) == (Ticket.played, Match.over, (2, 1))
        with pytest.raises(Unknown):
            await world.service.queue.waiting("nobody")
