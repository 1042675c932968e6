"""Guilds: met, edited, left, met again and forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.services.trivia.closings import GUILD, START
from tests.services.trivia.posters import Posters, some_posters

from tenure import days, hours, minutes
from tenure.services.trivia.guilds import About, about_of
from tenure.services.trivia.lifecycle import Game, Guild, Registration, Score
from tenure.services.trivia.refusals import NotThen, Unknown, Wrong


async def edit(posters: Posters, **about: object) -> Guild:
    """Change something about the guild."""
    guild = await posters.guilds.get(GUILD)
    return await posters.guilds.edit(GUILD, msgspec.structs.replace(about_of(guild), **about))


async def test_a_guild_is_met_once_however_many_meet_it() -> None:
    async with some_posters() as posters:
        met = await asyncio.gather(*(posters.guilds.meet("g7", chat="web", name="Seven") for _ in range(8)))
        assert {(guild.id, guild.version) for guild in met} == {("g7", 1)}
        assert [guild.id async for guild in posters.guilds.all()] == [GUILD, "g7"]


async def test_a_name_that_changed_is_noted_and_nothing_else() -> None:
    async with some_posters(time_zone="Europe/Berlin") as posters:
        await edit(posters, operators="staff", week_starts=6)
        guild = await posters.guilds.meet(GUILD, chat="web", name="Our\x00 Home\u202e" + "!" * 200, time_zone="UTC")
        assert guild.name == ("Our Home" + "!" * 200)[:100]
        assert about_of(guild) == About(name=guild.name, time_zone="Europe/Berlin", week_starts=6, operators="staff")


async def test_a_guild_that_sent_us_away_is_met_again() -> None:
    async with some_posters() as posters:
        gone = await posters.guilds.leave(GUILD)
        assert gone is not None
        assert gone.state == Guild.absent
        assert await posters.guilds.leave(GUILD) == gone
        assert await posters.guilds.leave("nobody") is None
        back = await posters.guilds.meet(GUILD, chat="web", name="New Home")
        assert (back.state, back.name) == (Guild.present, "New Home")


async def test_a_guild_of_another_chat_is_not_taken_over() -> None:
    async with some_posters() as posters:
        with pytest.raises(NotThen, match="another chat"):
            await posters.guilds.meet(GUILD, chat="discord", name="Home")


@pytest.mark.parametrize(
    ("about", "advice"),
    [
        (About(name="x" * 101), "`name`"),
        (About(name="two\nlines"), "`name`"),
        (About(name="\ud800"), "`name`"),
        (About(time_zone="Mars/Olympus"), "`time_zone`"),
        (About(week_starts=7), "`week_starts`"),
        (About(week_starts=-1), "`week_starts`"),
        (About(operators=""), "`operators`"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(about: About, advice: str) -> None:
    async with some_posters() as posters:
        with pytest.raises(Wrong, match=advice):
            await posters.guilds.edit(GUILD, about)
        assert (await posters.guilds.get(GUILD)).version == 1


@pytest.mark.parametrize("id", ["", "a/b", "x" * 41, "-", "ä"])
async def test_what_can_be_no_id_is_refused(id: str) -> None:
    async with some_posters() as posters:
        with pytest.raises(Wrong, match="`id`"):
            await posters.guilds.meet(id, chat="web", name="Home")
        with pytest.raises(Unknown):
            await posters.guilds.get(id)


async def test_with_another_time_zone_all_registrations_are_planned_anew() -> None:
    async with some_posters() as posters:
        daily = await posters.register()
        resting = await posters.registrations.disable((await posters.register("resting")).id)
        assert daily.next_at == START.replace(hour=18)
        await edit(posters, time_zone="Asia/Tokyo")
        assert (await posters.registration(daily.id)).next_at == START.replace(day=5, hour=9)
        assert (await posters.registrations.enable(resting.id)).next_at == START.replace(day=5, hour=9)
        before = await posters.guilds.get(GUILD)
        assert await edit(posters, time_zone="Asia/Tokyo") == before, "nothing is another"


async def test_a_registration_that_falls_due_while_the_time_zone_changes_is_not_asked_at_the_wrong_time() -> None:
    async with some_posters() as posters:
        daily = await posters.register()
        await posters.store.advance(hours(6))
        assert (await posters.registration(daily.id)).state == Registration.due
        await edit(posters, time_zone="Asia/Tokyo")
        await posters.work()
        planned = await posters.registration(daily.id)
        assert await posters.games() == []
        assert (planned.state, planned.next_at) == (Registration.waiting, START.replace(day=5, hour=9))


async def test_a_guild_that_is_forgotten_leaves_nothing_behind() -> None:
    async with some_posters() as posters:
        await posters.register()
        await posters.until(hours(6))
        (game,) = await posters.games()
        for board in ("all", "week:2100-01-04"):
            state = Score.lasting if board == "all" else Score.weekly
            await posters.store.apply(
                Score.create_in(
                    state, f"{GUILD}/{board}/ada", guild=GUILD, board=board, member="ada", name="Ada", standing=1.0,
                    reached_at=START, until=None if board == "all" else START + days(30),
                )
            )  # fmt: skip
        forgotten = await posters.guilds.forget(GUILD)
        assert forgotten.state == Guild.forgotten
        assert (await posters.store.get(Game, game.id)).state == Game.deleted
        assert await posters.store.find(Registration.live) == []
        assert await posters.store.find(Score.kept) == []
        with pytest.raises(NotThen, match="forgotten"):
            await posters.guilds.meet(GUILD, chat="web", name="Home")


async def test_a_slot_that_falls_due_while_the_guild_is_away_is_asked_when_it_is_back() -> None:
    async with some_posters() as posters:
        kept = await posters.register(catch_up="latest")
        skipped = await posters.register("skipped", catch_up="skip")
        await posters.guilds.leave(GUILD)
        await posters.until(hours(8))
        waits = await posters.registration(kept.id)
        assert await posters.games() == []
        assert waits.state == Registration.due
        assert "sent us away" in (waits.trouble or "")
        await posters.until(hours(17), step=minutes(30))
        assert (await posters.registration(kept.id)).version == waits.version, "waiting costs nothing"

        await posters.guilds.meet(GUILD, chat="web", name="Home")
        await posters.work()
        await posters.until(minutes(1))
        (game,) = await posters.games()
        assert (game.registration, game.slot) == (kept.id, START.replace(hour=18))
        for id in (kept.id, skipped.id):
            planned = await posters.registration(id)
            assert (planned.state, planned.next_at) == (Registration.waiting, START.replace(day=5, hour=18))
            assert planned.trouble is None


async def test_a_guild_that_comes_back_while_its_slot_is_looked_at_is_asked() -> None:
    async with some_posters() as posters:
        registration = await posters.register()
        await posters.guilds.leave(GUILD)
        await posters.store.advance(hours(6))
        real = posters.store.get_many
        posting = posters.posting

        async def just_before(kind: Any, ids: Any) -> Any:
            found = await real(kind, ids)
            if kind is Guild:
                posting._store.get_many = real  # type: ignore[method-assign]
                await posters.guilds.meet(GUILD, chat="web", name="Home")
                another = posters.another()  # it finds nothing that waits yet
                assert await posters.store.deliver_once(Guild.welcome, another.welcome)
            return found

        posting._store.get_many = just_before  # type: ignore[method-assign]
        await posters.until(minutes(2), step=minutes(1))
        (game,) = await posters.games()
        assert game.registration == registration.id


async def test_each_guild_has_registrations_of_its_own() -> None:
    async with some_posters() as posters:
        await posters.guilds.meet("other", chat="web", name="Other")
        assert await posters.registrations.of("other") == []
        with pytest.raises(Unknown):
            await posters.registrations.of("nobody")
