"""What the bot hears on Discord and answers, through whatever happens to its connection."""

import asyncio

import pytest
from tests.services.trivia.discords import QUIZ, Server, a_server, read, until

from tenure.services.trivia.chat.commands import Commands
from tenure.services.trivia.chat.table import COMMANDS
from tenure.services.trivia.discord import interactions
from tenure.services.trivia.discord.stand_in.world import Interaction
from tenure.services.trivia.lifecycle import Registration

COUNTS = "Your answer counts: B"


async def test_it_knows_in_which_servers_it_is() -> None:
    async with a_server() as server:
        await server.listen()
        assert (await server.known("present")).name == "Home"
        server.stand_in.people.kick("Home")
        await server.known("absent")
        server.stand_in.people.invite("Home")
        await server.known("present")


async def test_a_server_that_sent_it_away_while_nobody_listened_is_left_at_the_next_connection() -> None:
    async with a_server() as server:
        await server.listen()
        await server.deafen()
        server.stand_in.people.kick("Home")
        await server.listen("absent")


async def test_discord_offers_each_command_of_the_table_with_its_options() -> None:
    async with a_server() as server:
        await server.listen()
        (group,) = server.stand_in.world.commands[None].values()
        offered = {command["name"]: command["options"] for command in group["options"]}
        assert offered.keys() == {command.name for command in COMMANDS}
        for command in COMMANDS:
            options = {option["name"]: option for option in offered[command.name]}
            assert options.keys() == {option.name for option in command.options}
            for option in command.options:
                given = options[option.name]
                assert given.get("required", False) == option.required
                assert given["description"] == option.says
                assert [choice["value"] for choice in given.get("choices", [])] == list(option.choices)
                assert given.get("autocomplete", False) == (option.suggests is not None)


async def test_commands_are_offered_once_however_often_it_connects() -> None:
    async with a_server() as server:
        await server.listen()
        await server.deafen()
        await server.listen()
        assert server.stand_in.hub.identified == 2
        assert count(server, "PUT /applications/{application}/commands 200") == 1


# --------------------------------------------------------------------------------------------- buttons


async def test_a_button_is_an_answer_and_its_member_alone_is_told() -> None:
    async with a_server() as server:
        await server.listen()
        game = await server.a_game()
        seen = await server.stand_in.people.click("Home", QUIZ, "bob", str(game.message), "B")
        assert (COUNTS in read(seen), seen.private) == (True, True)
        assert "answered already: B counts" in await server.click("bob", str(game.message), "C")
        assert await server.answers(game) == {"bob": "B"}


async def test_a_button_of_before_a_restart_works() -> None:
    async with a_server() as server:
        await server.listen()
        game = await server.a_game()
        await server.another_process()
        await server.listen()
        assert COUNTS in await server.click("bob", str(game.message))
        assert await server.answers(game) == {"bob": "B"}


async def test_a_hundred_who_press_at_once_are_each_told_that_it_counts() -> None:
    async with a_server() as server:
        people = [f"member{number}" for number in range(100)]
        for name in people:
            server.stand_in.people.add_member("Home", name)
        await server.listen()
        game = await server.a_game()
        seen = await asyncio.gather(*(server.click(name, str(game.message)) for name in people))
        assert [one for one in seen if COUNTS not in one] == []
        assert len(await server.answers(game)) == 100


async def test_a_button_that_is_not_of_a_question_is_answered() -> None:
    async with a_server() as server:
        await server.listen()
        game = await server.a_game()
        for custom_id in ("something", "trivia:daily.s1.1:Z", "trivia::A", "x" * 100):
            assert "not of a question of ours" in await server.press("bob", str(game.message), custom_id)
        assert "there is no such game" in await server.press("bob", str(game.message), "trivia:no.such.1:A")


async def test_somebody_whose_name_can_not_be_printed_plays_too() -> None:
    async with a_server() as server:
        server.stand_in.people.add_member("Home", "\u200b")
        await server.listen()
        game = await server.a_game()
        assert COUNTS in await server.click("\u200b", str(game.message))


# --------------------------------------------------------------------------------------------- in time


def test_what_is_said_first_has_half_of_discords_three_seconds() -> None:
    assert interactions.ANSWER_SECONDS <= 1.5


@pytest.mark.parametrize("who", ["bob", "ada"])
async def test_whoever_has_to_wait_long_is_told_within_three_seconds_that_the_reply_will_come(
    who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, run = asyncio.Event(), Commands.run

    async def slow(self: Commands, *args: object, **more: object) -> object:
        await go_on.wait()
        return await run(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Commands, "run", slow)
    async with a_server() as server:
        await server.listen()
        with monkeypatch.context() as patched:
            patched.setattr(interactions, "ANSWER_SECONDS", 0.1)
            typed = asyncio.create_task(server.type(who, "list"))
            await until(lambda: any(one.response_type == 5 for one in asked(server)), "nobody says that it will come")
        go_on.set()
        seen = await typed
        assert "Nothing is asked here yet" in seen
        assert all(one.original and one.original.ephemeral for one in asked(server))


async def test_an_answer_that_comes_too_late_for_discord_counts_all_the_same() -> None:
    async with a_server() as server:
        await server.listen()
        game = await server.a_game()
        server.stand_in.fail("status", "POST /interactions/*", status=404, code=10062)
        pressed = asyncio.create_task(server.click("bob", str(game.message)))
        await until(lambda: count(server, "POST /interactions/{interaction}/{token}/callback 404") == 1, "no reply")
        pressed.cancel()
        await asyncio.gather(pressed, return_exceptions=True)
        while await server.answers(game) != {"bob": "B"}:
            await asyncio.sleep(0.01)
        assert "answered already: B counts" in await server.click("bob", str(game.message))


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060)])
async def test_what_changes_something_is_not_done_if_discord_has_told_its_member_that_it_failed(
    status: int, code: int
) -> None:
    async with a_server() as server:
        await server.listen()
        server.stand_in.fail("status", "POST /interactions/*", status=status, code=code)
        typed = asyncio.create_task(server.type("ada", "register name:daily schedule:daily 09:00 sources:sums"))
        answer = f"POST /interactions/{{interaction}}/{{token}}/callback {status}"
        await until(lambda: count(server, answer) == 1, "no reply")
        typed.cancel()
        await asyncio.gather(typed, return_exceptions=True)
        assert await server.store.find(Registration.live) == []
        assert "Registered" in await server.type("ada", "register name:daily schedule:daily 09:00 sources:sums")


async def test_somebody_whose_command_is_in_doubt_is_told_to_look() -> None:
    async with a_server() as server:
        await server.listen()
        server.stand_in.fail("lose_reply", "POST /interactions/*")
        seen = await server.type("ada", "register name:daily schedule:daily 09:00 sources:sums")
        assert "give it once more if needed" in seen
        assert await server.store.find(Registration.live) == []


async def test_a_command_that_breaks_is_answered_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Commands.run

    async def broken(*_args: object, **_more: object) -> object:
        monkeypatch.setattr(Commands, "run", run)
        raise ZeroDivisionError

    async with a_server() as server:
        await server.listen()
        monkeypatch.setattr(Commands, "run", broken)
        assert "Something went wrong" in await server.type("bob", "list")
        assert "Nothing is asked" in await server.type("bob", "list")


# --------------------------------------------------------------------------------------------- commands


async def test_managing_commands_are_for_those_who_manage_the_server() -> None:
    async with a_server() as server:
        await server.listen()
        register = "register name:daily schedule:daily 09:00 sources:sums"
        seen = await server.type("bob", register)
        assert "for those who manage" in seen
        assert await server.store.find(Registration.live) == []
        assert "Registered" in await server.type("ada", register)
        (made,) = await server.store.find(Registration.live)
        assert (made.guild, made.channel) == (server.guild, server.channel())


async def test_what_is_being_typed_gets_proposals() -> None:
    async with a_server() as server:
        await server.listen()
        await server.register()
        assert await server.proposals("ada", "enable name:da") == ["daily"]
        assert await server.proposals("ada", "enable name:zz") == []


async def test_a_command_of_an_earlier_version_is_answered() -> None:
    async with a_server() as server:
        await server.listen()
        (group,) = server.stand_in.world.commands[None].values()
        group["options"].append({"type": 1, "name": "gone", "description": "It was once there", "options": []})
        assert "type it once more" in await server.type("bob", "gone")


def count(server: Server, answer: str) -> int:
    """Give how often Discord answered so."""
    return server.stand_in.rest.counted[answer]


def asked(server: Server) -> list[Interaction]:
    """Give what members pressed and typed."""
    return list(server.stand_in.world.interactions.values())
