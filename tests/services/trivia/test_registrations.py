"""Registrations: made, changed, rested and deleted; what makes no sense is refused with advice."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from tests.services.trivia.closings import CHANNEL, GUILD, START
from tests.services.trivia.posters import Posters, closed, some_posters

from tenure import days, hours, minutes
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import ChatAway
from tenure.services.trivia.lifecycle import Game, Registration
from tenure.services.trivia.refusals import Full, NotThen, TryAgain, Unknown, Wrong
from tenure.services.trivia.registrations import Terms, terms_of

TERMS = Terms(channel=CHANNEL, schedule="daily 18:00", sources=("riddles",))


async def edit(posters: Posters, id: str, **terms: Any) -> Registration:
    """Change something about a registration."""
    return await posters.registrations.edit(id, lambda before: msgspec.structs.replace(before, **terms))


async def test_a_registration_has_its_next_slot_by_the_guilds_clock() -> None:
    async with some_posters(time_zone="America/New_York") as posters:
        made = await posters.registrations.create(GUILD, "daily", TERMS)
        assert (made.state, made.name, made.next_at) == (Registration.waiting, "daily", START.replace(hour=23))
        assert terms_of(made) == TERMS
        assert await posters.registrations.named(GUILD, "daily") == made
        assert await posters.registrations.of(GUILD) == [made]


async def test_a_repeat_gives_the_first_one_and_another_of_the_same_name_is_refused() -> None:
    async with some_posters() as posters:
        made = await asyncio.gather(*(posters.registrations.create(GUILD, "daily", TERMS) for _ in range(5)))
        assert len({registration.id for registration in made}) == 1
        with pytest.raises(NotThen, match="another registration of this name"):
            await posters.registrations.create(GUILD, "daily", msgspec.structs.replace(TERMS, questions=2))
        await posters.guilds.meet("other", chat="web", name="Other")
        await Channels(posters.store).create("other", TERMS.channel)
        assert (await posters.registrations.create("other", "daily", TERMS)).id != made[0].id


async def test_a_channel_of_our_own_chat_must_be_there_and_of_another_chat_it_is_for_that_chat_to_say() -> None:
    async with some_posters() as posters:
        there = await posters.register()
        with pytest.raises(Wrong, match="must be a channel of the guild"):
            await posters.register("another", channel="absent")
        with pytest.raises(Wrong, match="must be a channel of the guild"):
            await posters.registrations.edit(there.id, lambda terms: msgspec.structs.replace(terms, channel="absent"))
        await Channels(posters.store).remove(GUILD, there.channel)
        edited = await posters.registrations.edit(there.id, lambda terms: msgspec.structs.replace(terms, questions=2))
        assert edited.questions == 2, "what holds already may be kept"
        await posters.guilds.meet("7", chat="discord", name="Club")
        assert (await posters.registrations.create("7", "daily", TERMS)).guild == "7"


async def test_a_name_is_free_again_once_its_registration_is_deleted() -> None:
    async with some_posters() as posters:
        first = await posters.registrations.create(GUILD, "daily", TERMS)
        await posters.registrations.delete(first.id)
        second = await posters.registrations.create(GUILD, "daily", TERMS)
        assert second.id != first.id
        assert (await posters.registrations.named(GUILD, "daily")).id == second.id


async def test_a_guild_has_so_many_and_no_more() -> None:
    async with some_posters() as posters:
        for number in range(50):
            await posters.registrations.create(GUILD, f"n{number}", TERMS)
        with pytest.raises(Full, match="at most 50"):
            await posters.registrations.create(GUILD, "one-more", TERMS)
        assert await posters.registrations.create(GUILD, "n7", TERMS) is not None


@pytest.mark.parametrize(
    ("terms", "advice"),
    [
        ({"channel": ""}, "`channel`"),
        ({"channel": "x" * 101}, "`channel`"),
        ({"channel": "a\nb"}, "`channel`"),
        ({"channel": "\udfff"}, "`channel`"),
        ({"schedule": "now and then"}, "`schedule`"),
        ({"questions": 0}, "`questions`"),
        ({"questions": 21}, "`questions`"),
        ({"window_seconds": 4.9}, "`window_seconds`"),
        ({"window_seconds": float("nan")}, "`window_seconds`"),
        ({"window_seconds": 1e9}, "`window_seconds`"),
        ({"sources": ("riddles",) * 2}, "`sources`"),
        ({"sources": ()}, "riddles"),
        ({"sources": ("nowhere",)}, "riddles"),
        ({"sources": ("x" * 1000,)}, "`sources`"),
        ({"sources": ("\udfff",)}, "`sources`"),
        ({"category": "Alchemy"}, "Sums"),
        ({"category": "x" * 101}, "`category`"),
        ({"category": "\udfff"}, "`category`"),
        ({"difficulty": "fiendish"}, "medium"),
        ({"schedule": "every 30m", "questions": 4}, "closer together than the 40 minutes"),
        ({"schedule": "every 1m", "window_seconds": 61.0}, "rarer schedule"),
    ],
)
async def test_terms_that_make_no_sense_are_refused_and_nothing_is_kept(terms: dict[str, Any], advice: str) -> None:
    async with some_posters() as posters:
        wrong = msgspec.structs.replace(TERMS, **terms)
        with pytest.raises(Wrong, match=advice):
            await posters.registrations.create(GUILD, "daily", wrong)
        assert await posters.registrations.of(GUILD) == []
        made = await posters.registrations.create(GUILD, "daily", TERMS)
        with pytest.raises(Wrong, match=advice):
            await posters.registrations.edit(made.id, lambda _: wrong)
        assert await posters.registration(made.id) == made


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 41, "-daily", "dä"])
async def test_a_name_that_can_be_none_is_refused(name: str) -> None:
    async with some_posters() as posters:
        with pytest.raises(Wrong, match="`name`"):
            await posters.registrations.create(GUILD, name, TERMS)
        with pytest.raises(Unknown):
            await posters.registrations.named(GUILD, name)


async def test_nothing_is_registered_in_a_guild_that_is_unknown_or_sent_us_away() -> None:
    async with some_posters() as posters:
        for guild in ("nobody", "\ud800"):
            with pytest.raises(Unknown):
                await posters.registrations.create(guild, "daily", TERMS)
        await posters.guilds.leave(GUILD)
        with pytest.raises(NotThen, match="sent us away"):
            await posters.registrations.create(GUILD, "daily", TERMS)


async def test_an_unknown_one_is_unknown_to_every_call() -> None:
    async with some_posters() as posters:
        calls = posters.registrations
        for call in (calls.get, calls.enable, calls.disable, calls.delete):
            with pytest.raises(Unknown):
                await call("nobody")
        with pytest.raises(Unknown):
            await edit(posters, "nobody", questions=2)


async def test_a_changed_schedule_plans_anew_and_anything_else_leaves_the_slot() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        assert (await edit(posters, made.id, questions=3)).next_at == made.next_at
        changed = await edit(posters, made.id, schedule="daily 13:00")
        assert (changed.next_at, changed.questions) == (START.replace(hour=13), 3)
        assert await edit(posters, made.id, schedule="daily 13:00") == changed, "nothing is another"


async def test_a_slot_that_is_due_is_asked_by_the_new_terms() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        await posters.store.advance(hours(6))
        assert (await edit(posters, made.id, window_seconds=60.0)).state == Registration.due
        await posters.work()
        (game,) = await posters.games()
        assert game.window == minutes(1)


async def test_a_slot_that_has_just_come_is_changed_once_somebody_noted_it() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        posters.store.clock.move_to(round(made.next_at.timestamp() * 1e6))  # type: ignore[attr-defined]
        for call in (posters.registrations.disable, posters.registrations.delete):
            with pytest.raises(TryAgain, match="in a moment"):
                await call(made.id)
        await posters.store.sweep()
        assert (await posters.registrations.disable(made.id)).state == Registration.disabled


async def test_a_registration_that_rests_asks_nothing_and_goes_on_from_its_next_slot() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        resting = await posters.registrations.disable(made.id)
        assert await posters.registrations.disable(made.id) == resting
        await posters.until(days(3), step=hours(6))
        assert await posters.games() == []
        woken = await posters.registrations.enable(made.id)
        assert woken.next_at == START.replace(day=7, hour=18), "what it slept through is not made up for"
        assert await posters.registrations.enable(made.id) == woken


async def test_a_deleted_one_is_deleted_for_good() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        deleted = await posters.registrations.delete(made.id)
        assert await posters.registrations.delete(made.id) == deleted
        for call in (posters.registrations.enable, posters.registrations.disable):
            with pytest.raises(NotThen, match="for good"):
                await call(made.id)
        with pytest.raises(NotThen, match="for good"):
            await edit(posters, made.id, questions=2)
        await posters.until(days(2), step=hours(6))
        assert await posters.games() == []


@pytest.mark.parametrize("verb", ["disable", "delete"])
async def test_a_question_that_waits_for_its_channel_goes_with_its_registration_and_an_open_one_stays(
    verb: str,
) -> None:
    async with some_posters() as posters:
        await posters.register("open")
        held = await posters.register("held", channel="staff")
        await closed(posters, "staff")
        await posters.until(hours(6))
        states = {game.registration: game.state for game in await posters.games()}
        assert states[held.id] == Game.held
        for registration in await posters.registrations.of(GUILD):
            await getattr(posters.registrations, verb)(registration.id)
        (left,) = await posters.games()
        assert left.state == Game.open


async def test_a_question_whose_chat_is_away_goes_with_its_registration() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        posters.chat.before = [ChatAway("away")] * 2
        await posters.until(hours(6))
        assert [game.state for game in await posters.games()] == [Game.asked]
        await posters.registrations.disable(made.id)
        await posters.until(minutes(5), step=minutes(1))
        assert await posters.games() == []
        assert await posters.questions() == []


async def test_two_who_change_a_registration_at_once_both_have_their_way() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        await asyncio.gather(edit(posters, made.id, questions=2), edit(posters, made.id, window_seconds=30.0))
        changed = await posters.registration(made.id)
        assert (changed.questions, changed.window.total_seconds()) == (2, 30.0)
