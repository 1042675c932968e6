"""The page of those who run the tracker: who may look, what it shows, what its forms do, what it escapes."""

from __future__ import annotations

import re

import pytest
from tests.desks import paths_of
from tests.services.games.calling import Site, a_site

from tenure import hours, minutes
from tenure.cli.application import app
from tenure.pacing.pacer import Pacer
from tenure.pacing.rates import parse_rates
from tenure.pages.paging import ON_A_PAGE
from tenure.services.games.console import words
from tenure.services.games.console.http import Console
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer

MARKUP = "<b>{{7*7}}</b>"
FORMS = ("/players", "/players/p/pause", "/players/p/remove", "/players/p/titles", "/players/p/link")


async def over(site: Site, *riot_ids: str) -> tuple[str, str]:
    """Let players play a game that is over, and give the first one's id and the match."""
    player, *_ = await site.tracking.track(*riot_ids)
    match = site.tracking.world.start(*riot_ids).match_id
    await site.tracking.turn()
    await site.tracking.passes(minutes(20), step=minutes(10))
    site.tracking.world.end(match)
    await site.tracking.passes(minutes(3))
    return player, match


# ------------------------------------------------------------------------------------ who may look


async def test_every_route_but_the_way_in_wants_a_session() -> None:
    async with a_site(logged_in=False) as site:
        routes = Console(site.tracking.service).routes()
        assert paths_of(routes) >= {"/", "/live", "/players/{id}", "/games/{player}/{match}", "/players/{id}/{action}"}
        assert await site.refused_to_strangers(routes) == paths_of(routes)


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_the_sessions_token_does_nothing(path: str) -> None:
    async with a_site() as site:
        before = await site.tracking.store.position()
        await site.sends_without_token(path)
        assert await site.tracking.store.position() == before


# ------------------------------------------------------------------------------------ what is shown


async def test_an_empty_page_says_what_to_do_and_the_command_line_takes_it() -> None:
    async with a_site() as site:
        page = await site.page("/")
        assert "Nobody is tracked yet" in page
        (advice,) = re.findall(r"tenure (games [^<]+)", page.replace("&#39;", "'"))
        command, _, _ = app.parse_args(advice, exit_on_error=False, print_error=False)
        assert command.__module__ == "tenure.cli.games.players"
        for path in ("/players", "/games", "/players?state=unknown", "/games?state=abandoned"):
            assert "None" in await site.page(path)


async def test_a_players_page_shows_games_results_and_what_happened() -> None:
    async with a_site() as site:
        player, match = await over(site, "Ada#NA1", "Bo#NA1")
        page = await site.page(f"/players/{player}")
        game = (await site.tracking.service.games.list(player=player))[0]
        assert (match in page, "ranked solo" in page, "20 min" in page) == (True, True, True)
        assert f"<b>1</b> {words.outcome(game.result)}" in page
        assert words.deed(game.result) in page
        assert "The account was found" in page
        whole = await site.page(f"/games/{player}/{match}")
        assert "The result came" in whole
        assert "seen while it went on" in whole
        first = await site.page("/")
        assert "<b>1</b> over" not in first, "both players have a record of it"
        assert "<b>2</b> over" in first
        assert "100 % within 5 min" in re.sub("</?b>", "", first)


async def test_what_is_wrong_stands_on_the_first_page() -> None:
    async with a_site() as site:
        await site.tracking.service.players.add("Nobody#NA1", "na1")
        (player,) = await site.tracking.track("Ada#NA1")
        match = site.tracking.world.start("Ada#NA1").match_id
        await site.tracking.turn()
        late = hours(9).total_seconds()
        site.tracking.world.end(match, result_seconds=late, listed_seconds=late)
        await site.tracking.passes(hours(2), step=minutes(2))
        page = await site.page("/")
        assert "No such account" in page
        assert "Nobody" in page
        assert "No result so far" in page
        game = await site.page(f"/games/{player}/{match}")
        assert "It is asked for ever more seldom" in game
        assert "Riot has no result" in game


async def test_a_server_in_the_shadow_of_another_says_so() -> None:
    async with a_site(emits_events=False, tracks=False) as site:
        page = await site.page("/")
        assert "EMIT_EVENTS" in page
        assert "TENURE_GAMES_TRACKS" in page


async def test_lists_go_on_page_by_page_and_by_state() -> None:
    async with a_site() as site:
        names = [f"P{number}#NA1" for number in range(ON_A_PAGE + 3)]
        await site.tracking.track(*names)
        await site.tracking.service.players.pause((await site.tracking.service.players.list())[0].id)
        for path, expected in (("/players", ON_A_PAGE + 3), ("/players?state=tracked", ON_A_PAGE + 2)):
            found, at = list[str](), path
            while at:
                page = await site.page(at)
                found += re.findall(r'<a class="title" href="/console/players/([^"]+)"', page)
                following = re.search(r'rel="next" href="/console([^"]+)"', page)
                at = following[1].replace("&amp;", "&") if following else ""
            assert len(found) == len(set(found)) == expected
        assert (await site.get("/players?state=moon")).status == 422
        assert (await site.get("/games?after=gone/NA1_1")).status == 422


async def test_the_plan_is_empty_until_riot_has_told_the_keys_limits() -> None:
    async with a_site() as site:
        page = await site.page("/plan")
        assert "Nothing is known yet" in page
        (advice,) = re.findall(r"<pre>tenure (games [^<]+)", page)
        command, _, _ = app.parse_args(advice, exit_on_error=False, print_error=False)
        assert command.__module__ == "tenure.cli.games.planning"
        await site.tracking.track("Ada#NA1", "Bo#NA1")
        pacer = Pacer(site.tracking.store)
        await pacer.learn("riot/ab12/na1", parse_rates("500:10,30000:600"))
        await pacer.learn("riot/ab12/na1/spectator-v5", parse_rates("20000:10"))
        await pacer.block("riot/ab12/na1/spectator-v5", 60)
        page = re.sub("</?b>", "", await site.page("/plan"))
        assert "2 players tracked, each looked at every 30 s" in page
        assert "500:10,30000:600" in page
        assert "nobody asks again before" in page
        assert "evenly over NA1" in page
    async with a_site(stand_in=True) as site:
        await Pacer(site.tracking.store).learn("riot/ab12/na1", parse_rates("500:10"))
        assert "limits of the stand-in" in await site.page("/plan")


async def test_what_players_call_themselves_is_text() -> None:
    async with a_site() as site:
        player = await site.tracking.service.players.add(f"{MARKUP}#<i>", "na1")
        for path in ("/players", f"/players/{player.id}"):
            page = await site.page(path)
            assert MARKUP not in page
            assert "&lt;b&gt;{{7*7}}&lt;/b&gt;" in page


# ------------------------------------------------------------------------------------ what is done


async def test_a_player_is_added_paused_and_removed_by_forms() -> None:
    async with a_site() as site:
        assert "is tracked" in await site.done("/players", riot_id="Ada#NA1", platform="na1", lol="1", tft="1")
        (player,) = await site.tracking.service.players.list()
        assert player.titles == ("lol", "tft")
        path = f"/players/{player.id}"
        assert "paused" in await site.done(f"{path}/pause")
        assert "tracked again" in await site.done(f"{path}/unpause")
        assert "these titles" in await site.done(f"{path}/titles", tft="1")
        assert "no more" in await site.done(f"{path}/remove")
        found = await site.tracking.player(player.id)
        assert (found.state, found.titles) == (TrackedPlayer.removed, ("tft",))
        events = await site.tracking.store.history(TrackedPlayer, player.id)
        assert {event.by for event in events} == {"console"}


async def test_a_players_own_page_is_given_shown_and_revoked_by_forms() -> None:
    async with a_site(base_url="https://games.example") as site:
        player = await site.tracking.service.players.add("Ada#NA1", "na1")
        path = f"/players/{player.id}"
        assert "They have none" in await site.page(path)
        assert "give them its link" in await site.done(f"{path}/link")
        found = re.search(r'href="https://games.example(/page/[^"]+)"', await site.page(path))
        assert found
        async with site.client.get(site.address + found[1]) as answer:
            assert answer.status == 200
        assert "opens nothing any more" in await site.done(f"{path}/unlink")
        async with site.client.get(site.address + found[1]) as answer:
            assert answer.status == 404
        assert "They have none" in await site.page(path)


async def test_what_is_wrong_in_a_form_is_said_on_its_page() -> None:
    async with a_site() as site:
        player = await site.tracking.service.players.add("Ada#NA1", "na1")
        assert (await site.refused("/players", riot_id="Ada", platform="na1", lol="1"))[0] == 422
        status, said = await site.refused("/players", riot_id="Ada#NA1", platform="na1")
        assert (status, "`titles` must name" in said) == (422, True)
        status, said = await site.refused(f"/players/{player.id}/titles")
        assert (status, "`titles` must name" in said) == (422, True)
        token = await site.form_token()
        assert (await site.send(f"/players/{player.id}/explode", {"form_token": token})).status == 404
        assert (await site.send("/players/nobody/pause", {"form_token": token})).status == 404


async def test_an_id_or_a_riot_id_leads_to_what_it_is_of() -> None:
    async with a_site() as site:
        player, match = await over(site, "Ada#NA1")
        for text, place in (
            (player, f"/players/{player}"),
            ("ada%23na1", f"/players/{player}"),
            (f"{player}/{match}", f"/games/{player}/{match}"),
        ):
            answer = await site.get(f"/go?id={text}")
            assert answer.headers["Location"] == f"/console{place}"
        assert (await site.get("/go?id=nothing")).status == 404


def test_each_state_and_event_has_words() -> None:
    for kind, here in ((TrackedPlayer, words.PLAYER_IS_HERE), (TrackedGame, words.GAME_IS_HERE)):
        declared = kind._declared
        assert set(here) == set(declared.states)
        assert set(declared.states) <= set(words.STATES)
        assert {"create", *declared.edges} <= set(words.EVENTS)
