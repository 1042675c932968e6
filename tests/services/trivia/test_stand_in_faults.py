"""How the stand-in misbehaves: each fault does what it says, and only where and as often as it was told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from tests.services.trivia.standing import CLUB, QUIZ, Answered, a_stand_in, calls, quiz

from tenure.services.trivia.discord.stand_in import StandIn
from tenure.services.trivia.discord.stand_in.faults import KINDS

POSTS = "POST /channels/*/messages"


async def test_the_log_of_other_servers_stays_as_it_is() -> None:
    servers = logging.getLogger("uvicorn.error")
    before = servers.getEffectiveLevel()
    async with a_stand_in():
        assert servers.getEffectiveLevel() == before


async def post(stand_in: StandIn, call: Any) -> Answered:
    answered: Answered = await call("POST", f"/channels/{quiz(stand_in)}/messages", {"content": "x"})
    return answered


def made(stand_in: StandIn) -> int:
    return len(stand_in.people.messages(CLUB, QUIZ))


async def status(stand_in: StandIn, call: Any) -> None:
    for number in (500, 502, 503):
        stand_in.fail("status", POSTS, status=number)
        answered = await post(stand_in, call)
        assert (answered.status, answered.headers["content-type"]) == (number, "text/html; charset=utf-8")
    stand_in.fail("status", POSTS, status=403, code=50013)
    answered = await post(stand_in, call)
    assert (answered.status, answered.body["code"], made(stand_in)) == (403, 50013, 0)


async def limit(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("limit", POSTS, seconds=1.5)
    answered = await post(stand_in, call)
    assert (answered.status, answered.body["retry_after"], answered.headers["Retry-After"]) == (429, 1.5, "2")
    assert (answered.body["global"], made(stand_in)) == (False, 0)


async def global_limit(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("global_limit", POSTS, seconds=3)
    answered = await post(stand_in, call)
    assert (answered.status, answered.body["global"]) == (429, True)
    assert answered.headers["X-RateLimit-Scope"] == "global"


async def ban(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("ban", POSTS, seconds=600)
    answered = await post(stand_in, call)
    assert (answered.status, answered.headers["Retry-After"], "Via" in answered.headers) == (429, "600", False)
    assert isinstance(answered.body, str)


async def cut(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("cut", POSTS)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(stand_in, call)
    assert made(stand_in) == 0


async def reset(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("reset", POSTS)
    with pytest.raises(aiohttp.ClientOSError) as caught:
        await post(stand_in, call)
    assert (isinstance(caught.value, ConnectionResetError) or caught.value.errno == 104, made(stand_in)) == (True, 0)


async def lose_reply(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("lose_reply", POSTS)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(stand_in, call)
    assert made(stand_in) == 1


async def slow(stand_in: StandIn, call: Any) -> None:
    fault = stand_in.fail("slow", POSTS, seconds=60)
    await waits_for(stand_in, call, lambda: fault.fired)
    assert made(stand_in) == 0
    stand_in.fail("slow", POSTS, seconds=0.01)
    assert (await post(stand_in, call)).status == 200


async def slow_reply(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("slow_reply", POSTS, seconds=60)
    await waits_for(stand_in, call, lambda: made(stand_in))
    assert made(stand_in) == 1


async def waits_for(stand_in: StandIn, call: Any, so: Callable[[], object]) -> None:
    """Post until something is so, and a moment more: there is no answer yet."""
    posting = asyncio.ensure_future(post(stand_in, call))
    while not so():
        await asyncio.sleep(0.01)
    done, _ = await asyncio.wait({posting}, timeout=0.2)
    assert not done
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)


async def garbage(stand_in: StandIn, call: Any) -> None:
    stand_in.fail("garbage", POSTS)
    with pytest.raises(ValueError, match="Expecting"):
        await post(stand_in, call)
    assert made(stand_in) == 1


CHECKS: tuple[Callable[[StandIn, Any], Awaitable[None]], ...] = (
    status, limit, global_limit, ban, cut, reset, lose_reply, slow, slow_reply, garbage,
)  # fmt: skip


async def test_every_fault_does_what_it_says_and_then_all_is_well() -> None:
    assert {check.__name__ for check in CHECKS} == set(KINDS)
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        for check in CHECKS:
            await check(stand_in, call)
            assert stand_in.faults.fired[check.__name__] >= 1
            for message in list(stand_in.people.channel(CLUB, QUIZ).messages.values()):
                stand_in.world.remove(message)
            assert (await post(stand_in, call)).status == 200
            stand_in.people.channel(CLUB, QUIZ).messages.clear()


async def test_a_fault_happens_where_and_as_often_as_it_was_told() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        stand_in.fail("status", "GET /channels/*/messages", times=2)
        path = f"/channels/{quiz(stand_in)}/messages"
        assert (await post(stand_in, call)).status == 200
        assert [(await call("GET", path)).status for _ in range(3)] == [503, 503, 200]
        stand_in.fail("status", times=None)
        assert [(await call("GET", path)).status for _ in range(5)] == [503] * 5
        stand_in.behave()
        assert (await call("GET", path)).status == 200
