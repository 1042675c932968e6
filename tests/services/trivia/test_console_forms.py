"""What the forms on the page of those who run trivia do, and how they are refused."""

import re
from typing import Any

import pytest
from tests.services.trivia.operating import REFUSED, a_site

from tenure import minutes
from tenure.services.trivia.chat.contract import ChatRefused
from tenure.services.trivia.console.acting import DONE
from tenure.services.trivia.games import Games
from tenure.services.trivia.lifecycle import Game, Registration

# ------------------------------------------------------------------------------------ what is done


async def test_an_operator_asks_now_disables_enables_and_deletes_a_registration() -> None:
    async with a_site() as site:
        registration = await site.caller.register()
        path = f"/registrations/{registration}"
        leads = await site.pressed(f"{path}/post", request="console-1")
        assert leads.startswith(f"/games/{registration}.now-console-1.1?done=posted")
        assert await site.pressed(f"{path}/post", request="console-1") == leads  # a second press of the same button
        await site.caller.work()
        assert len(site.caller.chat.posted) == 1
        assert await site.done(f"{path}/disable") == DONE["disabled"]
        assert "Enable" in await site.page(path)
        status, said = await site.refused(f"{path}/post", request="console-2")
        assert (status, "enable it first" in said) == (409, True)
        assert await site.done(f"{path}/enable") == DONE["enabled"]
        assert await site.done(f"{path}/delete") == DONE["registration_deleted"]
        status, said = await site.refused(f"{path}/enable")
        assert (status, "that is for good" in said) == (409, True)
        assert [(event.name, event.by) for event in await site.store.history(Registration, registration)][-1] == (
            "delete", "console",
        )  # fmt: skip


async def test_the_button_that_asks_now_carries_what_makes_a_second_press_harmless() -> None:
    async with a_site() as site:
        registration = await site.caller.register()
        sent = []
        for _ in range(2):
            found = re.search(r'name="request" value="([^"]+)"', await site.page(f"/registrations/{registration}"))
            assert found
            sent.append(found[1])
            await site.pressed(f"/registrations/{registration}/post", request=found[1])
            await site.caller.work()
        assert len(set(sent)) == len(site.caller.chat.posted) == 2


async def test_an_operator_prolongs_closes_and_takes_back_games() -> None:
    async with a_site() as site:
        registration = await site.caller.register()
        game = await site.asked(registration)
        before = (await site.store.get(Game, game)).closes_at
        assert await site.done(f"/games/{game}/extend", minutes="15") == DONE["extended"]
        assert (await site.store.get(Game, game)).closes_at == before + minutes(15)
        assert await site.done(f"/games/{game}/close") == DONE["closed"]
        assert await site.refused(f"/games/{game}/extend", minutes="1") == (
            409, "its window is over, and its answers are being counted",
        )  # fmt: skip
        other = await site.asked(registration)
        assert await site.done(f"/games/{other}/delete") == DONE["game_deleted"]
        assert (await site.store.get(Game, other)).state == Game.deleted


@pytest.mark.parametrize("number", ["", "x", "-1", "0", "1e3", "10081", "9" * 12])
async def test_a_number_that_makes_no_sense_is_refused_on_the_page_itself(number: str) -> None:
    async with a_site() as site:
        game = await site.asked()
        status, said = await site.refused(f"/games/{game}/extend", minutes=number)
        assert (status, "`minutes` must be a whole number" in said) == (422, True)


async def test_an_operator_tries_again_what_is_held_up_one_by_one_or_all_of_a_guild() -> None:
    async with a_site() as site:
        games = [await site.held() if not number else await site.held(await site.caller.register(name=f"q{number}"))
                 for number in range(3)]  # fmt: skip
        assert await site.done(f"/games/{games[0]}/retry") == DONE["retried"]
        await site.caller.work()
        assert (await site.store.get(Game, games[0])).state == Game.open
        assert "Try all again now" in await site.page("/guilds/home")
        assert await site.done("/guilds/home/retry") == DONE["all_retried"]
        await site.caller.work()
        assert {(await site.store.get(Game, game)).state.name for game in games} == {"open"}
        assert "Held up" not in await site.page("/guilds/home")


async def test_what_moves_on_while_all_is_tried_again_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_site() as site:
        first, second = await site.held(), await site.held(await site.caller.register(name="other"))
        real = Games.list

        async def list_and_delete(games: Games, *given: Any, **more: Any) -> list[Game]:
            found = await real(games, *given, **more)
            await site.service.games.delete(second)
            return found

        monkeypatch.setattr(Games, "list", list_and_delete)
        assert await site.done("/guilds/home/retry") == DONE["all_retried"]
        assert [(await site.store.get(Game, game)).state for game in (first, second)] == [Game.asked, Game.deleted]


async def test_results_that_are_held_up_are_tried_again_too() -> None:
    async with a_site() as site:
        game = await site.asked()
        await site.service.games.close(game)
        site.caller.chat.before.append(ChatRefused(REFUSED))
        await site.caller.work()
        assert "results held up" in await site.page(f"/games/{game}")
        assert await site.done(f"/games/{game}/retry") == DONE["retried"]
        await site.caller.work()
        assert (await site.store.get(Game, game)).state == Game.archived


@pytest.mark.parametrize("body", [b"\xff", b"%ff=1", b"&".join([b"a=1"] * 200), b"x" * 70_000])
@pytest.mark.parametrize("path", ["/login", "/games/g/extend"])
async def test_a_form_that_is_none_is_refused(path: str, body: bytes) -> None:
    async with a_site() as site:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with site.client.post(site.url(path), data=body, headers=headers, allow_redirects=False) as answer:
            assert answer.status in {401, 403, 413, 422}


async def test_a_step_that_there_is_not_is_none() -> None:
    async with a_site() as site:
        token = {"form_token": await site.form_token()}
        for path in ("/guilds/home/explode", "/members/ada/forget", "/registrations/r/close"):
            assert (await site.send(path, token)).status == 404
