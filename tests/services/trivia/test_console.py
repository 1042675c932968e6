"""The page of those who run trivia as it is sent: who may look, what it hears of, what it escapes, its words."""

import json
import re
from typing import Any

import pytest
from tests.desks import paths_of
from tests.services.trivia.closings import a_question
from tests.services.trivia.operating import ADMIN_KEY, a_site

from tenure import minutes, seconds
from tenure.pages.desk import MOST_STREAMS
from tenure.services.trivia.console import words
from tenure.services.trivia.console.http import Console
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration

MARKUP = "<script>alert(1)\"'&`{{7*7}}"
PATHS = (
    "/", "/guilds/home", "/guilds/home/board", "/registrations", "/registrations/r", "/games", "/games/g", "/packs",
    "/chats", "/go?id=home",
)  # fmt: skip
FORMS = ("/registrations/r/post", "/registrations/r/delete", "/games/g/close", "/games/g/extend", "/guilds/home/retry")


# ------------------------------------------------------------------------------------ who may look


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_key_every_page_asks_for_it(path: str) -> None:
    async with a_site(logged_in=False) as site:
        answer = await site.get(path)
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/console/login")


async def test_every_route_but_the_way_in_wants_a_session() -> None:
    async with a_site(logged_in=False) as site:
        routes = Console(site.service).routes()
        assert paths_of(routes) >= {"/", "/live", "/live/answers", "/games/{id}", "/{what}/{id}/{action}"}
        assert await site.refused_to_strangers(routes) == paths_of(routes)


async def test_the_key_gives_a_cookie_that_scripts_other_sites_and_other_pages_do_not_get() -> None:
    async with a_site(logged_in=False) as site:
        assert await site.log_in("wrong") == 401
        answer = await site.send("/login", {"key": ADMIN_KEY, "next": "/games?state=open"})
        assert answer.headers["Location"] == "/console/games?state=open"
        for part in ("tenure_trivia=", "HttpOnly", "SameSite=strict", "Path=/console"):
            assert part in answer.headers["Set-Cookie"]
        assert ADMIN_KEY not in answer.headers["Set-Cookie"]
        other = await site.send("/login", {"key": ADMIN_KEY}, **{"Sec-Fetch-Site": "cross-site"})
        assert (other.status, "Set-Cookie" in other.headers) == (403, False)


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_the_sessions_token_does_nothing(path: str) -> None:
    async with a_site() as site:
        before = await site.store.position()
        await site.sends_without_token(path)
        assert await site.store.position() == before


async def test_streams_are_for_who_is_logged_in_and_are_bounded() -> None:
    async with a_site(logged_in=False) as site:
        assert [(await site.get(path)).status for path in ("/live", "/live/answers")] == [401, 401]
        await site.log_in()
        streams = [await site.client.get(site.url("/live")) for _ in range(MOST_STREAMS)]
        for stream in streams:
            assert await stream.content.readline() == b": here\n"
        assert (await site.get("/live/answers")).status == 503
        for stream in streams:
            stream.close()


# ------------------------------------------------------------------------------------ live


async def test_a_page_hears_that_something_has_changed() -> None:
    async with a_site() as site:
        async with site.client.get(site.url("/live")) as stream:
            assert await stream.content.readline() == b": here\n"
            await site.caller.register()
            lines = [(await stream.content.readline()).strip() for _ in range(3)]
            assert lines[1] == b"event: change"
            assert json.loads(lines[2].removeprefix(b"data: ")) == {}
            site.service.closing_down.set()
            assert await stream.content.read() == b"\n"


async def test_only_the_page_of_a_game_hears_of_answers() -> None:
    async with a_site() as site:
        game = await site.asked()
        found = {
            path: re.search(r'data-stream="/console([^"]+)"', await site.page(path)) for path in ("/", f"/games/{game}")
        }
        await site.answered(game, ada="A")
        for (path, stream_of), expected in zip(found.items(), (b": here\n", b"event: change\n"), strict=True):
            assert stream_of is not None
            async with site.client.get(site.url(stream_of[1])) as stream:
                assert await stream.content.readline() == expected, path
        for after, status in (("x", 422), ("9" * 17, 200)):
            async with site.client.get(site.url(f"/live?after={after}")) as stream:
                assert stream.status == status


# ------------------------------------------------------------------------------------ nobody's words become markup


async def test_everything_is_escaped() -> None:
    async with a_site() as site:
        await site.store.apply(Guild.create("g", chat="discord", name=MARKUP, operators=MARKUP))
        now = await site.store.now()
        await site.store.apply(
            Registration.create("r", guild="g", name="quiz", channel=MARKUP, next_at=now, schedule=MARKUP,
                                category=MARKUP, sources=(MARKUP,))
        )  # fmt: skip
        question = a_question(text=MARKUP, choices=(MARKUP, "b", "c", "d"), category=MARKUP, explanation=MARKUP)
        await site.store.apply(
            Game.create("r.s1.1", guild="g", registration="r", channel=MARKUP, slot=now, question=question,
                        window=minutes(10), closes_at=now + minutes(10))
        )  # fmt: skip
        game = await site.store.apply(Game.hold("r.s1.1", trouble=MARKUP, retry_for=seconds(30)))
        await site.store.apply(Game.delete(game))
        paths = ("/", "/guilds/g", "/guilds/g/board?category=%3Cscript%3E", "/registrations", "/registrations/r",
                 "/games?state=deleted", "/games/r.s1.1", "/games/%3Cscript%3E", "/?done=%3Cscript%3E")  # fmt: skip
        for path in paths:
            answer = await site.get(path)
            page = await answer.text()
            assert "<script>" not in page, path
            assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", page), path
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
        assert "&lt;script&gt;alert(1)" in await site.page("/games/r.s1.1")


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
    kinds: tuple[Any, ...] = (Guild, Registration, Game)
    assert {name for kind in kinds for name in kind._declared.states} <= set(words.STATES)
    assert {name for kind in kinds for name in kind._declared.edges} <= set(words.EVENTS)
    assert set(Registration._declared.states) == set(words.REGISTRATION_IS_HERE)
    assert set(Game._declared.states) == set(words.GAME_IS_HERE)
    assert {"given", "void"} <= set(Answer._declared.states)


def test_a_long_text_is_cut_short_with_a_sign() -> None:
    assert words.brief("x" * 90) == "x" * 90
    assert words.brief("x" * 91) == "x" * 89 + "…"
    assert words.brief("one two", 5) == "one…"
