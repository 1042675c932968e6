"""What the stand-in takes as commands, and that no input breaks it."""

from typing import Any

from tests.services.trivia.standing import CLUB, QUIZ, a_stand_in, calls, quiz, wrong

from tenure.services.trivia.discord.stand_in.rest.serving import ROUTES


async def test_commands_are_overwritten_whole_and_keep_their_ids_by_name() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        path = f"/applications/{stand_in.world.bot.id}/commands"
        first = (await call("PUT", path, [{"name": "a", "description": "A"}, {"name": "b", "description": "B"}])).body
        second = (await call("PUT", path, [{"name": "a", "description": "AA"}])).body
        assert [(one["name"], one["description"]) for one in second] == [("a", "AA")]
        assert (second[0]["id"], second[0]["version"]) != (first[0]["id"], first[0]["version"])
        assert second[0]["id"] == first[0]["id"]
        assert (await call("GET", path)).body == second
        assert (await call("GET", f"{path}/{first[1]['id']}")).body["code"] == 10063
        assert (await call("DELETE", f"{path}/{first[0]['id']}")).status == 204
        assert (await call("POST", path, {"name": "c", "description": "C"})).status == 201
        assert (await call("POST", path, {"name": "c", "description": "CC"})).status == 200


NOT_TAKEN: list[tuple[Any, str]] = [
    ({"name": "Upper", "description": "x"}, ".0.name APPLICATION_COMMAND_INVALID_NAME"),
    ({"name": "x" * 33, "description": "x"}, ".0.name APPLICATION_COMMAND_INVALID_NAME"),
    ({"name": "a", "description": ""}, ".0.description BASE_TYPE_REQUIRED"),
    ({"name": "a", "description": "x" * 101}, ".0.description BASE_TYPE_MAX_LENGTH"),
    ({"name": "a", "description": "x", "options": [
        {"type": 3, "name": f"o{number}", "description": "x"} for number in range(26)]},
     ".0.options BASE_TYPE_BAD_LENGTH"),
    ({"name": "a", "description": "x", "options": [
        {"type": 3, "name": "b", "description": "x"}, {"type": 3, "name": "c", "description": "x", "required": True}]},
     ".0.options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"),
    ({"name": "a", "description": "x", "options": [
        {"type": 3, "name": "b", "description": "x", "choices": [{"name": "c", "value": "c"}] * 26}]},
     ".0.options.0.choices BASE_TYPE_BAD_LENGTH"),
]  # fmt: skip


async def test_a_command_that_discord_would_not_take_is_refused() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        for command, place in NOT_TAKEN:
            refused = await call("PUT", f"/applications/{stand_in.world.bot.id}/commands", [command])
            assert refused.body["code"] == 50035
            assert wrong(refused.body["errors"]) == [place]


ODD: tuple[Any, ...] = (
    None, 5, "x", [], [5], [[]], {}, {"name": 5}, {"name": "a", "description": "b", "options": 5},
    {"name": "a", "description": "b", "options": [5]}, {"name": "a", "description": "b", "type": []},
    [{"name": "a", "description": "b", "options": [{"name": [], "description": {}}]}], {"type": []},
    {"content": {}}, {"content": "x", "nonce": []}, {"content": "x", "nonce": 5}, {"content": "x", "flags": "many"},
    {"content": "x", "message_reference": 5}, {"content": "x", "message_reference": {"message_id": {}}},
    {"embeds": 5}, {"embeds": [5]}, {"embeds": [{"footer": 5}]}, {"embeds": [{"title": "x", "fields": 5}]},
    {"embeds": [{"fields": [5]}]}, {"embeds": [{"fields": [{"name": [], "value": {}}]}]},
    {"components": 5}, {"components": [{"components": 5}]}, {"components": [{"components": [5]}]},
    {"components": [{"type": 1, "components": [{"custom_id": []}]}]}, {"content": "\ud800"},
    {"type": 4, "data": 5}, {"type": 4, "data": {"content": "x", "flags": []}}, {"type": 8, "data": {"choices": 5}},
)  # fmt: skip
ODD_QUERIES = ("limit=x", "limit=-1", "limit=²", "before=x", "after=x&limit=5", "around=", "limit=5&after=-1")


async def test_no_input_however_odd_is_answered_with_a_fault_of_the_server() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        world, place = stand_in.world, quiz(stand_in)
        stand_in.people._told(
            2, stand_in.people.channel(CLUB, QUIZ), stand_in.people.member(CLUB, "Ada"), {"name": "a"}, None
        )
        (asked,) = world.interactions.values()
        parts = {
            "channel": place, "guild": stand_in.people.guild(CLUB).id, "application": world.bot.id, "user": "x",
            "command": "x", "interaction": asked.id, "token": asked.token, "message": "@original",
        }  # fmt: skip
        own = stand_in.people.write(CLUB, QUIZ, "Bob", "x")
        own.author = world.bot
        for route in ROUTES:
            if route.method == "DELETE":
                continue
            for body in ODD if route.method != "GET" else (None,):
                for message in (own.id, "x") if "{message}" in route.path else ("",):
                    path = route.path.format(**{**parts, "message": message})
                    answered = await call(route.method, path, body)
                    assert answered.status < 500, (route.name, body)
            for query in ODD_QUERIES if route.method == "GET" else ():
                path = route.path.format(**parts)
                assert (await call("GET", f"{path}?{query}")).status < 500, (route.name, query)
