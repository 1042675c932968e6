"""Pools: what may be asked for, and how one is drained, opened again and closed."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.services.bots.making import World, a_world

from tenure import NotFound, Poller, hours, seconds
from tenure.matching.entrants import Rules
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Rating, Ticket
from tenure.services.bots.refusals import NotThen, Unknown, Wrong
from tenure.services.bots.service import BotsService
from tenure.services.bots.terms import Terms

NAN = float("nan")


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"max_deployed": -1}, "max_deployed"),
        ({"places": 0}, "places"),
        ({"accept_seconds": 0.0}, "accept_seconds"),
        ({"accept_seconds": NAN}, "accept_seconds"),
        ({"patience_seconds": float("inf")}, "patience_seconds"),
        ({"rotate_seconds": 0.0}, "rotate_seconds"),
        ({"rules": Rules(teams=1)}, "rules.teams"),
        ({"rules": Rules(team_size=0)}, "rules.team_size"),
        ({"rules": Rules(tolerance=-1.0)}, "rules.tolerance"),
        ({"rules": Rules(tolerance=NAN)}, "rules.tolerance"),
        ({"rules": Rules(tolerance=500.0)}, "rules.tolerance_at_most"),
        ({"rules": Rules(stand_ins_after_seconds=-1.0)}, "rules.stand_ins_after_seconds"),
        ({"rules": Rules(team_size=2)}, "openskill"),
        ({"rules": Rules(teams=3)}, "openskill"),
    ],
)
async def test_terms_that_make_no_sense_are_refused_and_say_what_to_do(terms: dict[str, Any], says: str) -> None:
    async with a_world() as world:
        with pytest.raises(Wrong, match=says):
            await world.a_pool(**terms)
        with pytest.raises(Unknown):
            await world.service.pools.get("duels")


@pytest.mark.parametrize("name", ["", "a/b", " a", "ä", "x" * 41, "-a"])
async def test_names_that_cannot_be_part_of_an_id_are_refused(name: str) -> None:
    async with a_world() as world:
        for given in ({"id": name}, {"mode": name}, {"region": name}):
            asked = {"id": "p", "mode": "duel", "region": "eu", **given}
            with pytest.raises(Wrong):
                await world.service.pools.create(asked["id"], mode=asked["mode"], region=asked["region"])


async def test_an_unknown_rating_system_is_refused() -> None:
    async with a_world() as world:
        with pytest.raises(Wrong, match="elo, glicko2, openskill"):
            await world.a_pool(system="chess")


async def test_a_repeat_gives_the_pool_and_another_one_of_its_name_is_refused() -> None:
    async with a_world() as world:
        first = await world.a_pool()
        assert await world.a_pool() == first
        with pytest.raises(NotThen, match="another one"):
            await world.a_pool(places=7)


async def test_one_mode_is_rated_by_one_system() -> None:
    async with a_world() as world:
        await world.a_pool()
        with pytest.raises(NotThen, match="don't compare"):
            await world.a_pool("others", system="elo")


async def test_an_edit_changes_what_is_given_and_no_more() -> None:
    async with a_world() as world:
        pool = await world.a_pool(max_deployed=3)

        def longer(terms: Terms) -> Terms:
            return msgspec.structs.replace(terms, accept_seconds=30.0)

        edited = await world.service.pools.edit("duels", longer)
        assert (edited.accept_seconds, edited.max_deployed, edited.rules) == (30.0, 3, pool.rules)
        with pytest.raises(Wrong):
            await world.service.pools.edit("duels", lambda terms: msgspec.structs.replace(terms, places=-1))
        with pytest.raises(NotThen, match="set for ever"):
            await world.service.pools.edit("duels", with_rules(Rules(teams=3)))
        assert await world.service.pools.get("duels") == edited


def with_rules(rules: Rules) -> Callable[[Terms], Terms]:
    return lambda terms: msgspec.structs.replace(terms, rules=rules)


async def test_who_waits_is_matched_by_the_rules_as_they_are_edited() -> None:
    async with a_world() as world:
        await world.a_pool(rules=Rules(tolerance=10, tolerance_per_second=0, tolerance_at_most=10))
        await rated(world, ann=1500.0, bob=1600.0)
        assert await world.match() == []
        edited = await world.service.pools.edit("duels", with_rules(Rules(tolerance=100)))
        world.matchers["duels"].use(edited.rules)
        assert len(await world.match()) == 1


async def rated(world: World, **values: float) -> None:
    """Let people with these ratings wait."""
    for name, value in values.items():
        known = Player.create(name), Rating.create(f"{name}/duel", player=name, mode="duel", value=value)
        await world.store.apply(*known)
        await world.join(name)


# ------------------------------------------------------------------------------------ draining


async def test_a_drain_withdraws_who_waits_recalls_bots_and_lets_what_plays_end() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=2)
        match = await world.a_playing_match("ann", "bob")
        await world.join("cid")
        bots = await world.queued_bots(2)
        await world.service.pools.drain("duels")
        await world.manage()
        left = await world.ticket("cid")
        assert (left.state, left.reason) == (Ticket.left, "drained")
        assert {(await world.bot(bot.id)).state.name for bot in bots} == {"idle"}
        assert (await world.store.get(Match, match.id)).state == Match.playing
        await world.service.settling.settle(match.id, [1, 2])
        for _ in range(3):
            await world.store.advance(seconds(2))
            await world.manage()
        assert (await world.service.pools.get("duels")).state == Pool.draining  # it may be opened again
        await world.join("cid", pool=(await world.a_pool("others")).id, request="elsewhere")


async def test_a_drain_takes_bounded_steps_and_whoever_has_the_turn_goes_on() -> None:
    async with a_world() as world:
        await world.a_pool()
        for number in range(250):
            await world.join(f"p{number}")
        await world.service.pools.drain("duels")
        left = []
        for _ in range(3):
            await BotsService(world.store, world.service.settings).fleet.turn(turn := await world.a_turn())
            await world.store.apply(Poller.finish(turn))
            left.append((await world.states(Ticket))["left"])
        assert left == [100, 200, 250]


async def test_a_bot_that_plays_is_recalled_from_a_draining_pool_when_its_match_has_ended() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        (bot,) = await world.queued_bots(1)
        match = await against_a_bot(world, "ann")
        await world.service.pools.drain("duels")
        await world.manage()
        assert (await world.bot(bot.id)).state == Bot.playing
        await world.service.settling.settle(match.id, [1, 2])
        await world.store.advance(seconds(1))
        await world.manage()
        assert (await world.bot(bot.id)).state == Bot.idle


async def against_a_bot(world: World, player: str) -> Match:
    """Let somebody wait until a bot fills in, and play it."""
    await world.join(player)
    for _ in range(2):
        await world.store.advance(seconds(4))
        await world.run_bots()
    (match,) = await world.match()
    return await world.accept(match)


async def test_an_offer_that_runs_out_in_a_draining_pool_ends_with_its_accepter_withdrawn() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.join("ann")
        await world.join("bob")
        (match,) = await world.match()
        await world.service.offers.accept("t-ann", match.id)
        await world.service.pools.drain("duels")
        await world.manage()
        assert (await world.ticket("ann")).state == Ticket.accepted
        await world.store.advance(seconds(16))
        await world.manage()
        assert (await world.ticket("ann")).reason == "drained"


async def test_a_pool_that_is_to_be_closed_is_closed_once_it_is_empty_and_its_bots_are_retired() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        bots = await world.queued_bots(3)
        match = await against_a_bot(world, "ann")
        assert (await world.service.pools.close("duels")).closing
        for _ in range(3):
            await world.store.advance(seconds(1))
            await world.run_bots()
            await world.manage()
        assert (await world.service.pools.get("duels")).state == Pool.draining
        await world.service.settling.settle(match.id, [1, 2])
        for _ in range(5):
            await world.store.advance(seconds(1))
            await world.manage()
        assert (await world.service.pools.close("duels")).state == Pool.closed
        assert {(await world.bot(bot.id)).state.name for bot in bots} == {"retired"}
        assert await world.store.get_many(Player, [bot.id for bot in bots]) == {}
        with pytest.raises(NotThen, match="that is for good"):
            await world.service.pools.reopen("duels")
        for effect in (Match.open_room, Match.close_room):
            await world.store.deliver_once(effect, nothing)
        await world.store.advance(hours(2))  # all that belonged to it goes with it
        with pytest.raises(NotFound):
            await world.store.get(Pool, "duels")


async def nothing(_: object) -> None:
    """Do nothing for an effect."""


async def test_a_drained_pool_is_opened_again_with_what_it_had() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=2, places=50)
        await world.service.pools.edit("duels", lambda terms: msgspec.structs.replace(terms, max_deployed=3))
        drained = await world.service.pools.drain("duels")
        assert (drained.max_deployed, drained.places) == (0, 0)
        assert (await world.service.pools.drain("duels")).version == drained.version
        await world.service.pools.close("duels")
        opened = await world.service.pools.reopen("duels")
        assert (opened.state, opened.max_deployed, opened.places, opened.closing) == (Pool.open, 3, 50, False)
        assert (await world.service.pools.reopen("duels")).version == opened.version
        await world.join("ann")
        await world.service.pools.drain("duels")
        assert (await world.service.pools.reopen("duels", max_deployed=1, places=9)).places == 9


async def test_a_pool_that_drains_is_not_edited_and_one_that_is_absent_is_unknown() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.service.pools.drain("duels")
        with pytest.raises(NotThen, match="open it again first"):
            await world.service.pools.edit("duels", lambda terms: terms)
        for absent in (world.service.pools.drain("x"), world.service.pools.close("x"), world.service.pools.reopen("x")):
            with pytest.raises(Unknown):
                await absent
