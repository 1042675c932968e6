"""The bots page as it is sent: who may look, what it shows, what its forms do, what it escapes."""

import json
import re
from typing import Any

import pytest
from tests.desks import paths_of
from tests.services.bots.browsing import a_site

from tenure import seconds
from tenure.cli.application import app
from tenure.pages.desk import MOST_STREAMS
from tenure.pages.paging import ON_A_PAGE
from tenure.services.bots.console import reading, words
from tenure.services.bots.console.acting import DONE
from tenure.services.bots.console.http import Console
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Rating, Ticket

MARKUP = "<script>alert(1)\"'&`{{7*7}}"
PATHS = ("/", "/bots", "/tickets", "/matches", "/players", "/pools/duels", "/players/ada", "/go?id=ada")
FORMS = ("/pools/duels/drain", "/pools/duels/edit", "/bots/b/retire", "/matches/m/break_off")


def links(page: str, kind: str) -> list[str]:
    return re.findall(rf'<a class="id" href="/console/{kind}/([^"]+)"', page)


# ------------------------------------------------------------------------------------ who may look


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_key_every_page_asks_for_it(path: str) -> None:
    async with a_site(logged_in=False) as site:
        answer = await site.get(path)
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/console/login")


async def test_every_route_but_the_way_in_wants_a_session() -> None:
    async with a_site(logged_in=False) as site:
        routes = Console(site.world.service).routes()
        assert paths_of(routes) >= {"/", "/live", "/bots/{id}", "/{what}/{id}/{action}"}
        assert await site.refused_to_strangers(routes) == paths_of(routes)


async def test_the_key_gives_a_cookie_that_scripts_and_other_sites_do_not_get() -> None:
    async with a_site(logged_in=False) as site:
        assert await site.log_in("wrong") == 401
        answer = await site.send("/login", {"key": "the-admins-key", "next": "/bots?state=idle"})
        assert answer.headers["Location"] == "/console/bots?state=idle"
        for part in ("HttpOnly", "SameSite=strict", "Path=/console"):
            assert part in answer.headers["Set-Cookie"]
        assert "the-admins-key" not in answer.headers["Set-Cookie"]


async def test_another_site_can_not_log_a_browser_in() -> None:
    async with a_site(logged_in=False) as site:
        answer = await site.send("/login", {"key": "the-admins-key"}, **{"Sec-Fetch-Site": "cross-site"})
        assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_the_sessions_token_does_nothing(path: str) -> None:
    async with a_site() as site:
        await site.world.a_pool()
        before = await site.world.store.position()
        await site.sends_without_token(path)
        assert await site.world.store.position() == before


async def test_streams_are_for_who_is_logged_in_and_are_bounded() -> None:
    async with a_site(logged_in=False) as site:
        assert (await site.get("/live")).status == 401
        await site.log_in()
        streams = [await site.client.get(f"{site.address}/console/live") for _ in range(MOST_STREAMS)]
        for stream in streams:
            assert await stream.content.readline() == b": here\n"
        assert (await site.get("/live")).status == 503
        for stream in streams:
            stream.close()


# ------------------------------------------------------------------------------------ what is shown


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("/", "tenure bots pool create"),
        ("/bots", "make some on a"),
        ("/tickets", "POST /tickets"),
        ("/matches", "as soon as two who wait"),
        ("/players", "with their first ticket"),
    ],
)
async def test_an_empty_page_says_what_to_do(path: str, advice: str) -> None:
    async with a_site() as site:
        assert advice in await site.page(path)


async def test_what_an_empty_page_advises_is_what_the_command_line_takes() -> None:
    async with a_site() as site:
        page = await site.page("/")
    advice = re.findall(r"tenure (bots [^<]+)", page)
    assert len(advice) == 2
    for command in advice:
        found, *_ = app.parse_args(command.split(), exit_on_error=False, print_error=False)
        assert found.__name__ in {"create", "create_pool", "runner"}


async def test_a_pool_shows_its_bots_against_its_target_and_who_manages() -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=3)
        await site.world.queued_bots(4)
        await site.world.match()
        page = await site.page("/")
        assert "3 of 3" in page
        assert 'fleet managed by <b class="id">' in page
        assert "nobody</b> manages" not in page
        assert '<span class="id">matcher@' in page
        page = await site.page("/pools/duels")
        assert "in the queue <b>3</b>" in page
        assert "resting <b>1</b>" in page


async def test_the_queue_is_drawn_by_rating_with_waits_as_height() -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=1)
        await site.world.queued_bots(1)
        await site.world.join("ada")
        await site.world.store.advance(seconds(3))
        await site.figures()
        page = await site.page("/pools/duels")
        assert "1 person and 1 bot wait" in page
        assert "ada: rating 1,500, waits for 3 s" in page
        assert 'href="/console/tickets/t-ada"' in page
        assert page.count('<circle class="person"') == page.count('<path class="bot"') == 1


async def test_the_figures_say_how_well_it_matches() -> None:
    async with a_site() as site:
        await site.world.a_pool()
        await site.world.join("ada")
        await site.world.store.advance(seconds(5))
        match = await site.world.a_playing_match("bob")
        await site.figures()
        page = await site.page("/pools/duels")
        for text in ("1 offered, 1 started", "5.0 s", "|P(win) − 0.5|", "0.000", "1,500 to 1,525"):
            assert text in page
        assert f"Match/{match.id}" not in page
        assert "gap 0, waited 5 s" in page


async def test_a_match_shows_its_seats_and_what_it_did_to_the_ratings() -> None:
    async with a_site() as site:
        await site.world.a_pool()
        for player in ("ada", "bob"):
            await site.world.join(player)
        (match,) = await site.world.match()
        await site.world.service.offers.accept("t-ada", match.id)
        page = await site.page(f"/matches/{match.id}")
        assert "has accepted" in page
        assert "has an offer" in page
        await site.world.accept(match, but=["t-ada"])
        await site.world.service.settling.settle(match.id, (1, 2))
        page = await site.page(f"/matches/{match.id}")
        rating = await site.world.store.get(Rating, f"{match.teams[0][0].id.removeprefix('t-')}/duel")
        assert f"1,500 → <b>{rating.value:,.0f}</b>" in page
        assert "expected 50 %" in page
        assert "The result is in" in page


async def test_a_bot_says_why_it_is_here() -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=1)
        (bot,) = await site.world.queued_bots(1)
        await site.world.store.advance(seconds(20))  # its runner is not heard of any more
        page = await site.page(f"/bots/{bot.id}")
        assert "It is deployed and waits for a runner" in page
        assert "Its runner was not heard of any more" in page
        assert "by the server, by itself" in page
        assert "keeps 1 bots out" in page  # why it was deployed


async def test_who_waits_is_told_whom_they_may_meet_and_when() -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=1)
        (bot,) = await site.world.queued_bots(1)
        await site.figures()
        assert "Nobody else waits." in await site.page(f"/bots/{bot.id}")
        await site.world.join("ada")
        await site.world.store.advance(seconds(3))
        await site.figures()
        assert "Of those who wait ada (rating 1,500) fits first, in 4.0 s." in await site.page(f"/bots/{bot.id}")
        assert f"Of those who wait {bot.id} (rating 1,500) fits first" in await site.page("/tickets/t-ada")


async def test_a_player_shows_how_the_rating_came_about() -> None:
    async with a_site() as site:
        await site.world.a_pool()
        match = await site.world.a_playing_match("ada", "bob")
        await site.world.service.settling.settle(match.id, (1, 2))
        page = await site.page("/players/ada")
        assert "The rating over the last 1 matches: from 1,500" in page
        assert links(await site.page("/players"), "players")[:2] in (["ada", "bob"], ["bob", "ada"])


async def test_lists_follow_one_another_without_a_gap_or_a_double() -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=0)
        made = await site.world.service.crew.create("duels", number=ON_A_PAGE + 5)
        for query in ("", "state=idle", "pool=duels", "pool=duels&state=idle"):
            first = await site.page(f"/bots?{query}")
            following = re.search(r'rel="next" href="/console([^"]+)"', first)
            assert following is not None
            rest = await site.page(following[1].replace("&amp;", "&"))
            assert sorted(links(first, "bots") + links(rest, "bots")) == sorted(bot.id for bot in made), query
            assert 'rel="next"' not in rest


async def test_a_pools_own_are_picked_out_of_what_others_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PART", 4)
    monkeypatch.setattr(reading, "MOST_PARTS", 2)
    async with a_site() as site:
        for pool in ("duels", "others"):
            await site.world.a_pool(pool, max_deployed=0)
        for number in range(6):
            await site.world.join(f"a{number}", pool="duels")
            await site.world.service.queue.leave(f"t-a{number}")
            await site.world.join(f"b{number}", pool="others")
        seen, path = list[str](), "/tickets?pool=duels"
        for _ in range(4):
            page = await site.page(path)
            seen += links(page, "tickets")
            following = re.search(r'rel="next" href="/console([^"]+)"', page)
            if following is None:
                break
            path = following[1].replace("&amp;", "&")
        assert seen == [f"t-a{number}" for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize("id", ["duels", "t-ada", "ada", "BOT", "MATCH"])
async def test_an_id_leads_to_whatever_it_is_of(id: str) -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=1)
        (bot,) = await site.world.queued_bots(1)
        match = await site.world.a_playing_match("ada", "bob")
        wanted = {"BOT": bot.id, "MATCH": match.id}.get(id, id)
        answer = await site.get(f"/go?id={wanted}")
        assert (await site.get(answer.headers["Location"].removeprefix("/console"))).status == 200
        assert (await site.get("/go?id=nobody")).status == 404


@pytest.mark.parametrize("path", ["/bots?state=x", "/bots?pool=" + "x" * 400, "/tickets?after=gone&state=queued"])
async def test_a_question_that_makes_no_sense_is_refused_with_what_does(path: str) -> None:
    async with a_site() as site:
        assert 400 <= (await site.get(path)).status < 500


@pytest.mark.parametrize("path", ["/pools/x", "/bots/x", "/tickets/x", "/matches/x", "/players/x/y", "/bots?pool=x"])
async def test_what_is_not_there_is_said_so(path: str) -> None:
    async with a_site() as site:
        answer = await site.get(path)
        assert (answer.status, "there is no such" in await answer.text()) == (404, True)


# ------------------------------------------------------------------------------------ what is done


async def test_an_operator_changes_drains_and_opens_a_pool() -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=3)
        assert await site.done("/pools/duels/edit", max_deployed="5") == DONE["edited"]
        assert (await site.world.store.get(Pool, "duels")).max_deployed == 5
        assert await site.done("/pools/duels/drain") == DONE["drained"]
        assert await site.done("/pools/duels/reopen") == DONE["reopened"]
        assert (await site.world.store.get(Pool, "duels")).max_deployed == 5
        assert await site.done("/pools/duels/make", number="2") == DONE["made"]
        assert await site.world.states(Bot) == {"idle": 2}
        last = (await site.world.store.history(Pool, "duels"))[-1]
        assert (last.name, last.by) == ("reopen", "console")


@pytest.mark.parametrize("number", ["", "x", "-1", "1e3", "9" * 12, "100001"])
async def test_a_number_that_makes_no_sense_is_refused_on_the_page_itself(number: str) -> None:
    async with a_site() as site:
        await site.world.a_pool()
        status, said = await site.refused("/pools/duels/edit", max_deployed=number)
        assert (status, "max_deployed" in said) == (422, True)


async def test_an_operator_deploys_calls_back_and_retires_a_bot() -> None:
    async with a_site() as site:
        await site.world.a_pool(max_deployed=1)
        first, second = await site.world.service.crew.create("duels", number=2)
        assert await site.done(f"/bots/{first.id}/deploy") == DONE["deployed"]
        status, said = await site.refused(f"/bots/{second.id}/deploy")
        assert (status, said.startswith("all 1 bots that may be out are out")) == (409, True)
        assert await site.done(f"/bots/{first.id}/recall") == DONE["recalled"]
        assert await site.done(f"/bots/{first.id}/retire") == DONE["retired"]
        status, said = await site.refused(f"/bots/{first.id}/recall")
        assert status == 409
        (*_, last) = await site.world.store.history(Bot, first.id)
        assert (last.name, (await site.world.bot(first.id)).state) == ("retire", Bot.retired)


async def test_an_operator_breaks_a_match_off() -> None:
    async with a_site() as site:
        await site.world.a_pool()
        match = await site.world.a_playing_match("ada", "bob")
        assert await site.done(f"/matches/{match.id}/break_off", reason="the map was broken") == DONE["broken_off"]
        ended = await site.world.store.get(Match, match.id)
        assert (ended.state, ended.reason) == (Match.void, "the map was broken")
        await site.world.store.advance(seconds(1))
        assert await site.world.states(Ticket) == {"played": 2}


@pytest.mark.parametrize("body", [b"\xff", b"%ff=1", b"&".join([b"a=1"] * 200), b"x" * 70_000])
@pytest.mark.parametrize("path", ["/login", "/pools/duels/edit"])
async def test_a_form_that_is_none_is_refused(path: str, body: bytes) -> None:
    async with a_site() as site:
        url, headers = f"{site.address}/console{path}", {"Content-Type": "application/x-www-form-urlencoded"}
        async with site.client.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            assert answer.status in {401, 403, 413, 422}


async def test_a_step_that_there_is_not_is_none() -> None:
    async with a_site() as site:
        await site.world.a_pool()
        token = {"form_token": await site.form_token()}
        for path in ("/pools/duels/explode", "/players/ada/forget", "/tickets/t/leave"):
            assert (await site.send(path, token)).status == 404


# ------------------------------------------------------------------------------------ live


async def test_a_page_hears_that_something_has_changed() -> None:
    async with a_site() as site:
        async with site.client.get(f"{site.address}/console/live") as stream:
            assert await stream.content.readline() == b": here\n"
            await site.world.a_pool()
            lines = [(await stream.content.readline()).strip() for _ in range(3)]
            assert lines[1] == b"event: change"
            assert json.loads(lines[2].removeprefix(b"data: ")) == {}
            site.world.service.closing.set()
            assert await stream.content.read() == b"\n"


async def test_a_page_hears_also_of_what_has_changed_before_its_stream_began() -> None:
    async with a_site() as site:
        await site.world.a_pool()
        found = re.search(r'data-stream="/console([^"]+)"', await site.page("/"))
        assert found is not None
        for expected in (b": here\n", b"event: change\n"):
            async with site.client.get(f"{site.address}/console{found[1]}") as stream:
                assert await stream.content.readline() == expected
            await site.world.join("ada")
        for after, status in (("x", 422), ("9" * 17, 200)):
            async with site.client.get(f"{site.address}/console/live?after={after}") as stream:
                assert stream.status == status


# ------------------------------------------------------------------------------------ nobody's words become markup


async def test_everything_is_escaped() -> None:
    async with a_site() as site:
        await site.world.a_pool()
        await site.world.join(MARKUP, request="t")
        await site.world.service.queue.leave("t", reason=MARKUP)
        await site.figures()
        player = "/players/%3Cscript%3Ealert%281%29%22%27%26%60%7B%7B7%2A7%7D%7D"
        for path in (
            "/tickets",
            "/tickets/t",
            "/players",
            player,
            "/pools/duels?done=%3Cscript%3E",
            "/bots/%3Cscript%3E",
        ):
            answer = await site.get(path)
            page = await answer.text()
            assert "<script>" not in page
            assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", page)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
        assert "&lt;script&gt;alert(1)" in await site.page(player)


async def test_the_page_loads_nothing_from_elsewhere() -> None:
    async with a_site() as site:
        assets = re.findall(r'(?:src|href)="/console(/assets/[^"]+)"', await site.page("/"))
        assert len(assets) == 2
        for path in assets:
            answer = await site.get(path)
            assert "immutable" in answer.headers["Cache-Control"]
            assert not re.search(rb"https?://", await answer.read())
        assert (await site.get("/assets/http.py")).status == 404


# ------------------------------------------------------------------------------------ words


def test_each_state_and_each_transition_has_its_words() -> None:
    kinds: tuple[Any, ...] = (Pool, Match, Bot, Ticket, Player, Rating)
    states = {name for kind in kinds for name in kind._declared.states} - {"kept", "forgotten"}
    assert states <= set(words.STATES)
    edges = {name for kind in kinds for name in kind._declared.edges}
    assert edges <= set(words.EVENTS)
    assert set(Bot._declared.states) == set(words.BOT_IS_HERE)
    assert set(Ticket._declared.states) == set(words.TICKET_IS_HERE)
    assert set(Match._declared.states) == set(words.MATCH_IS_HERE)


def test_waits_are_told_as_people_say_them() -> None:
    assert [words.wait(value) for value in (None, 0.04, 59.9, 60, 90, 3600, 3661, 90_000)] == [
        "–", "0.0 s", "59.9 s", "1 min", "1 min 30 s", "1 h", "1 h 1 min", "1 d 1 h",
    ]  # fmt: skip
