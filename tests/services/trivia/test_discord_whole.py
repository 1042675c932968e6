"""The whole service on Discord, in real time: what is asked there and answered, while much goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.services.trivia.discords import QUIZ, a_discord, read

import tenure
from tenure import Store
from tenure.services.trivia.discord.stand_in import Seen, StandIn, world
from tenure.services.trivia.lifecycle import Answer, Game, Guild
from tenure.services.trivia.service import TriviaService, kinds
from tenure.services.trivia.settings import Settings

POSTS, EDITS = "POST /channels/*/messages", "PATCH /channels/*/messages/*"
MEMBERS = tuple(f"member{number}" for number in range(30))


@asynccontextmanager
async def a_service(discord: StandIn) -> AsyncIterator[Store]:
    """Run a service with this Discord, whose clock is the machine's."""
    settings = Settings(
        admin_key="no-key",
        discord_token=discord.token,
        discord_api=discord.api_url,
    )
    async with tenure.open("sqlite:", *kinds, space="trivia") as store, store.sweeping():
        service = TriviaService(store, settings)
        async with service.running():
            yield store


async def test_a_question_is_played_once_while_replies_are_lost_and_the_gateway_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(world, "NONCE_SECONDS", 0.3)  # Discord has forgotten each post by the time it is tried again
    async with a_discord() as discord:
        people = discord.people
        guild = people.add_guild("Home", channels=(QUIZ,), managers=("ada",), members=MEMBERS)
        async with a_service(discord) as store:
            await until_known(store, guild.id)
            assert "Registered" in await type_as_ada(discord, "register name:night schedule:daily 03:00")
            misbehave(discord)
            assert "comes to" in await type_as_ada(discord, "post name:night")
            game = await open_game(store)
            answered = asyncio.gather(*(answer(discord, game, place) for place in range(len(MEMBERS))))
            discord.drop()
            await answered
            misbehave(discord)
            await type_as_ada(discord, "close")
            await until_over(store, game)
            await check_counted(store, game)
            seen = [read(Seen(interaction="", messages=[message])) for message in people.messages("Home", QUIZ)]
            assert [one.split()[0] for one in seen] == ["Question", "Results"]
            assert "right answer was" in seen[0]


async def check_counted(store: Store, game: Game) -> None:
    """What was taken is what was counted."""
    closed = await store.get(Game, game.id)
    choices = [one.choice for one in await store.find(Answer.scored, under=game.id)]
    assert closed.results is not None
    assert len(choices) == closed.results.answers == len(MEMBERS)
    assert choices.count(game.question.right) == closed.results.correct > 0


def misbehave(discord: StandIn) -> None:
    """Let the next post, and the next edit, be made though the reply is lost."""
    for route in (POSTS, EDITS):
        discord.fail("lose_reply", route)


async def until_known(store: Store, guild: str) -> None:
    """Wait until it is known that we are in a server."""
    while not await store.get_many(Guild, [guild]):
        await asyncio.sleep(0.01)


async def open_game(store: Store) -> Game:
    """Wait until a game is open."""
    while not (found := await store.find(Game.open)):
        await asyncio.sleep(0.02)
    return found[0]


async def until_over(store: Store, game: Game) -> None:
    """Wait until the results of a game are posted, and its question is shown with the right answer."""
    while (await store.get(Game, game.id)).state != Game.archived:
        await asyncio.sleep(0.02)


async def answer(discord: StandIn, game: Game, place: int) -> None:
    """Let a member press a button until they are told that it counts."""
    letter, said = game.question.letters[place % len(game.question.letters)], ""
    while "counts" not in said:
        said = read(await discord.people.click("Home", QUIZ, MEMBERS[place], game.message or "", letter))


async def type_as_ada(discord: StandIn, text: str) -> str:
    """Type a command, and read what is answered."""
    return read(await discord.people.command("Home", QUIZ, "ada", f"/trivia {text}"))
