"""The stand-in's rate limits: per route and channel, of all requests, and the ban of who heeds none."""

import discord
import pytest
from tests.services.trivia.standing import CLUB, QUIZ, a_bot, a_stand_in, calls, quiz

from tenure.services.trivia.discord.stand_in.limits import MOST_INVALID, Invalid


async def test_the_sixth_post_in_five_seconds_waits_and_headers_said_so() -> None:
    async with a_stand_in(rate_limits=True) as stand_in, calls(stand_in) as call:
        path = f"/channels/{quiz(stand_in)}/messages"
        left = [(await call("POST", path, {"content": "x"})).headers["X-RateLimit-Remaining"] for _ in range(5)]
        limited = await call("POST", path, {"content": "x"})
        assert left == ["4", "3", "2", "1", "0"]
        assert limited.status == 429
        assert limited.body == {"message": "You are being rate limited.", "retry_after": 5.0, "global": False}
        assert limited.headers["Retry-After"] == "5"
        assert limited.headers["X-RateLimit-Reset-After"] == "5.000"
        assert limited.headers["X-RateLimit-Scope"] == "user"
        assert limited.headers["Via"]
        other = stand_in.people.channel(CLUB, "other").id
        assert (await call("POST", f"/channels/{other}/messages", {"content": "x"})).status == 200
        stand_in.advance(5)
        assert (await call("POST", path, {"content": "x"})).status == 200


async def test_fifty_requests_a_second_are_the_most_of_all() -> None:
    async with a_stand_in(rate_limits=True) as stand_in, calls(stand_in) as call:
        answers = [await call("GET", ("/users/@me", "/applications/@me")[number % 2]) for number in range(51)]
        assert [answer.status for answer in answers] == [200] * 50 + [429]
        assert answers[-1].body["global"] is True
        assert answers[-1].headers["X-RateLimit-Global"] == "true"
        assert "X-RateLimit-Bucket" not in answers[-1].headers


async def test_discord_py_waits_by_itself_for_a_short_limit() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        fault = stand_in.fail("limit", "POST /channels/*/messages", seconds=0.05)
        await bot.place().send("x")
        assert fault.fired == 1
        assert len(stand_in.people.messages(CLUB, QUIZ)) == 1


def test_who_makes_ten_thousand_invalid_requests_in_ten_minutes_is_banned() -> None:
    now = 0.0
    invalid = Invalid(lambda: now)
    for _ in range(MOST_INVALID - 1):
        invalid.note(401, None)
    invalid.note(429, "shared")
    invalid.note(404, None)
    assert invalid.banned_for == 0
    invalid.note(429, "user")
    assert invalid.banned_for == 600
    now = 600
    assert invalid.banned_for == 0
    invalid.note(403, None)
    assert invalid.count == 1


async def test_a_ban_is_no_json_so_discord_py_gives_up_at_once() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        stand_in.rest.invalid.count = MOST_INVALID
        stand_in.rest.invalid._ends_at = stand_in.world.now() + 1
        with pytest.raises(discord.HTTPException) as caught:
            await bot.place().send("x")
        assert (caught.value.status, caught.value.code) == (429, 0)
