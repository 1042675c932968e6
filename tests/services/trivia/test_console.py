"""The page of those who run trivia as it is sent: who may look, what it shows, what its forms do, what it escapes."""

import json
import re
from typing import Any

import pytest
from starlette.routing import Route
from tests.services.trivia.closings import a_question
from tests.services.trivia.operating import ADMIN_KEY, REFUSED, Site, a_site

from tenure import minutes, seconds
from tenure.cli.application import app
from tenure.pages.desk import MOST_STREAMS
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import ChatRefused
from tenure.services.trivia.console import one, words
from tenure.services.trivia.console.acting import DONE
from tenure.services.trivia.console.http import Console
from tenure.services.trivia.console.reading import ON_A_PAGE
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration
from tenure.services.trivia.registrations import Terms

MARKUP = "<script>alert(1)\"'&`{{7*7}}"
PATHS = (
    "/", "/guilds/home", "/guilds/home/board", "/registrations", "/registrations/r", "/games", "/games/g", "/packs",
    "/chats", "/go?id=home",
)  # fmt: skip
FORMS = ("/registrations/r/post", "/registrations/r/delete", "/games/g/close", "/games/g/extend", "/guilds/home/retry")


def questions(page: str) -> list[str]:
    """Give the games that a list shows."""
    return re.findall(r'<a href="/console/games/([^"?]+)">', page)


async def many_games(site: Site, registration: str, number: int, *, begin: int = 0) -> None:
    """Let so many games wait for their posting."""
    now = await site.store.now()
    for first in range(begin, begin + number, 500):
        made = [
            Game.create(
                f"{registration}.s{each}.1", guild="home", registration=registration, channel="general", slot=now,
                question=a_question(each), window=minutes(10), closes_at=now + minutes(10),
            )
            for each in range(first, min(first + 500, begin + number))
        ]  # fmt: skip
        await site.store.submit([[each] for each in made])


# ------------------------------------------------------------------------------------ who may look


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_key_every_page_asks_for_it(path: str) -> None:
    async with a_site(logged_in=False) as site:
        answer = await site.get(path)
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/console/login")


async def test_every_route_but_the_way_in_wants_a_session() -> None:
    async with a_site(logged_in=False) as site:
        routes = [route for route in Console(site.service).routes() if isinstance(route, Route)]
        assert {route.path for route in routes} >= {
            "/",
            "/live",
            "/live/answers",
            "/games/{id}",
            "/{what}/{id}/{action}",
        }
        for route in routes:
            path, method = re.sub(r"\{[^}]+\}", "x", route.path), "POST" if "POST" in (route.methods or ()) else "GET"
            answer = await site.send(path, {}) if method == "POST" else await site.get(path)
            if route.path not in {"/login", "/assets/{name}"}:
                assert answer.status in {303, 401}, path
                assert answer.status == 401 or answer.headers["Location"].startswith("/console/login"), path


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
        for form in ({}, {"form_token": "0" * 64}, {"form_token": "é"}):
            assert (await site.send(path, form)).status in {403, 422}
        token = {"form_token": await site.form_token()}
        assert (await site.send(path, token, **{"Sec-Fetch-Site": "cross-site"})).status == 403
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


# ------------------------------------------------------------------------------------ empty pages


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("/guilds/home", "tenure trivia register home quiz"),
        ("/guilds/home", "or by its button <b>Ask now</b>"),
        ("/guilds/home", "they are given when a question has closed"),
        ("/guilds/home/board", "Points are given when a question has closed"),
        ("/registrations", "types <code>/register</code>"),
        ("/games", "a game is made at each slot"),
        ("/games?state=held_up", "Nothing is held up."),
        ("/games?state=open", "Show all that are under way"),
        ("/packs", "TENURE_TRIVIA_PACKS"),
        ("/chats", "TENURE_TRIVIA_DISCORD_TOKEN"),
    ],
)
async def test_an_empty_page_says_what_to_do(path: str, advice: str) -> None:
    async with a_site() as site:
        assert advice in await site.page(path)


async def test_what_pages_advise_is_what_the_command_line_takes() -> None:
    async with a_site() as site:
        await site.service.guilds.forget("home")
        pages = [await site.page("/")]
        await site.service.guilds.meet("club", chat="web", name="The club")
        pages.append(await site.page("/guilds/club"))
        await Channels(site.store).create("club", "general")
        await Channels(site.store).close("club", "general")
        terms = Terms(channel="general", schedule="daily 18:00")
        registration = await site.service.registrations.create("club", "quiz", terms)
        pages += [await site.page(path) for path in ("/guilds/club", f"/registrations/{registration.id}", "/packs")]
    advice = [re.sub(r"&#39;", "'", found) for page in pages for found in re.findall(r"tenure (trivia [^<]+)", page)]
    called = {app.parse_args(command, exit_on_error=False, print_error=False)[0].__module__ for command in advice}
    assert {name.rpartition(".")[2] for name in called} == {"guilds", "channels", "registrations", "questions"}


# ------------------------------------------------------------------------------------ what is shown


async def test_the_first_page_says_how_much_is_open_what_comes_next_and_what_is_held_up() -> None:
    async with a_site() as site:
        registration = await site.caller.register()
        await site.asked(registration)
        held = await site.held(registration)
        page = await site.page("/")
        assert "<b>1</b> open" in page
        assert "<b>1</b> held up" in page
        assert "1 of 1 enabled" in page
        assert 'datetime="2100-01-04T18:00:00Z"' in page
        assert held in questions(page)
        assert "grant `Send Messages`" in page
        assert 'tried again <time datetime="2100-01-04T12:00:30Z"' in page


async def test_what_is_wrong_with_a_chat_is_said_on_the_first_page_and_on_the_chats_page() -> None:
    async with a_site() as site:
        site.caller.chat.trouble = "the token was revoked: give it another"
        for path in ("/", "/chats"):
            assert "the token was revoked: give it another" in await site.page(path)


async def test_a_slot_that_can_not_be_asked_says_why() -> None:
    async with a_site() as site:
        registration = await site.caller.register()
        await site.service.guilds.leave("home")
        await site.caller.advance(minutes(6 * 60))
        for path in ("/", "/guilds/home", "/registrations", f"/registrations/{registration}"):
            assert "it is asked again once we are let in" in await site.page(path), path
        page = await site.page("/")
        assert "has sent us away" in page
        assert '<b class="trouble">1</b>' in page


async def test_a_guild_leads_to_its_chat_and_says_whom_it_tells_of_trouble() -> None:
    async with a_site() as site:
        page = await site.page("/guilds/home")
        assert 'href="/play/home"' in page
        assert 'href="/play/home/general"' in page
        assert "--operators CHANNEL" in page
        await site.caller.call("PATCH", "/guilds/home", {"operators": "staff"})
        assert "Trouble is told in staff" in await site.page("/guilds/home")
        await site.store.apply(Guild.create("7", chat="discord", name="There"))
        assert "/play/7" not in await site.page("/guilds/7")


async def test_a_game_hides_the_right_choice_as_long_as_anybody_can_answer() -> None:
    async with a_site() as site:
        game = await site.asked()
        right = (await site.store.get(Game, game)).question
        await site.answered(game, ada=right.right)
        page = await site.page(f"/games/{game}")
        assert right.text in re.sub(r"&#39;", "'", page).replace("&#34;", '"')
        assert 'state right">right' not in page
        assert not right.explanation or right.explanation not in page
        await site.service.games.close(game)
        await site.caller.work()
        page = await site.page(f"/games/{game}")
        assert page.count('state right">right') == 1
        assert "1 of 1, the first ones" in page
        assert "The results are posted" in page


async def test_a_game_is_replayed_answer_by_answer_with_what_was_revised() -> None:
    async with a_site() as site:
        registration = await site.caller.register(counts="last")
        game = await site.asked(registration)
        await site.answered(game, ada="A", bob="B")
        await site.store.advance(seconds(3.25))
        await site.answered(game, ada="C")
        page = await site.page(f"/games/{game}")
        assert "<s>A</s> <b>C</b>" in page
        assert "2100-01-04 12:00:03.250" in page
        assert page.index("Ada") < page.index("Bob")
        assert re.search(r'<meter[^>]*value="100">1</meter>', page)
        for event in ("Made", "The question is posted"):
            assert event in page


async def test_answers_follow_one_another_without_a_gap_or_a_double(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one, "ANSWERS_ON_A_PAGE", 3)
    monkeypatch.setattr(one, "MOST_ANSWERS", 5)
    async with a_site() as site:
        game = await site.asked()
        members = [f"m{number}" for number in range(8)]
        await site.answered(game, **dict.fromkeys(members, "A"))
        seen, path = list[str](), f"/games/{game}"
        for _ in range(3):
            page = await site.page(path)
            assert ">5 or more, as" in page
            seen += re.findall(r'<span class="dim small">(m\d)</span>', page)
            following = re.search(r'rel="next" href="/console([^"]+)"', page)
            path = following[1] if following else ""
        assert (seen, path) == (members, "")
        await site.service.games.close(game)
        await site.caller.work()
        assert ">8, as" in await site.page(f"/games/{game}")


async def test_a_round_leads_from_one_of_its_games_to_the_next() -> None:
    async with a_site() as site:
        first = await site.asked(await site.caller.register(questions=2))
        await site.service.games.close(first)
        await site.caller.work()
        second = first[:-1] + "2"
        assert f'href="/console/games/{second}"' in await site.page(f"/games/{first}")
        assert "<b>2</b> of 2" in await site.page(f"/games/{second}")


async def test_boards_are_of_the_week_of_all_time_and_of_a_category() -> None:
    async with a_site() as site:
        game = await site.asked(await site.caller.register(category="space"))
        await site.answered(game, ada=await site.caller.right(game))
        await site.service.games.close(game)
        await site.caller.work()
        for query in ("", "?board=week:2100-01-04", "?board=all", "?category=space"):
            assert "Ada" in await site.page(f"/guilds/home/board{query}"), query
        for query in ("?board=week:2099-12-28", "?category=film"):
            assert "Nobody is on this board" in await site.page(f"/guilds/home/board{query}"), query
        assert "Ada" in await site.page("/guilds/home")
        await site.store.advance(minutes(7 * 24 * 60))
        assert "Nobody is on this board" in await site.page("/guilds/home/board")
        assert "Ada" in await site.page("/guilds/home/board?board=week:2100-01-04")


async def test_packs_show_what_they_have_by_category() -> None:
    async with a_site() as site:
        page = await site.page("/packs")
        (listed,) = site.service.sources.listed()
        assert f"{listed.questions} questions at hand" in page
        for category, number in listed.categories.items():
            assert f"{category} <b>{number}</b>" in page


@pytest.mark.parametrize("id", ["home", "REGISTRATION", "home/quiz", "GAME"])
async def test_an_id_leads_to_whatever_it_is_of(id: str) -> None:
    async with a_site() as site:
        registration = await site.caller.register()
        wanted = {"REGISTRATION": registration, "GAME": await site.asked(registration)}.get(id, id)
        answer = await site.get(f"/go?id={wanted}")
        assert (await site.get(answer.headers["Location"].removeprefix("/console"))).status == 200
        assert [(await site.get(f"/go?id={id}")).status for id in ("nobody", "home/other", "")] == [404, 404, 404]


# ------------------------------------------------------------------------------------ many


async def test_lists_follow_one_another_without_a_gap_or_a_double() -> None:
    async with a_site() as site:
        registration = await site.caller.register()
        await many_games(site, registration, ON_A_PAGE + 5)
        for query in ("", "?state=asked", "?guild=home", "?guild=home&state=asked"):
            first = await site.page(f"/games{query}")
            following = re.search(r'rel="next" href="/console([^"]+)"', first)
            assert following is not None
            rest = await site.page(following[1].replace("&amp;", "&"))
            shown = questions(first) + questions(rest)
            assert shown == [f"{registration}.s{number}.1" for number in reversed(range(ON_A_PAGE + 5))], query
            assert 'rel="next"' not in rest


async def test_ten_thousand_games_are_as_readable_as_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page reads is bounded, so what it costs is too: it reads the same number of records of each kind."""
    async with a_site() as site:
        registration = await site.caller.register()
        seen = dict[str, list[tuple[int, int]]]()
        read, real = [0], site.store.engine.find

        async def find(*given: Any) -> Any:
            rows = await real(*given)
            read[0] += len(rows)
            return rows

        monkeypatch.setattr(site.store.engine, "find", find)
        for begin, end in ((0, 100), (100, 10_000)):
            await many_games(site, registration, end - begin, begin=begin)
            for path in (
                "/games",
                "/games?guild=home",
                "/guilds/home",
                f"/registrations/{registration}",
                "/games?state=held_up",
            ):
                read[0] = 0
                size = len(await site.page(path))
                seen.setdefault(path, []).append((read[0], size))
        for path, ((few_read, few_size), (many_read, many_size)) in seen.items():
            assert many_read <= few_read + 1, path
            assert many_size < few_size * 1.1, path


@pytest.mark.parametrize(
    "path", ["/games?state=x", "/games?guild=" + "x" * 400, "/registrations?state=open", "/guilds/home/board?board=x"]
)
async def test_a_question_that_makes_no_sense_is_refused(path: str) -> None:
    async with a_site() as site:
        assert (await site.get(path)).status == 422


@pytest.mark.parametrize(
    "path", ["/guilds/x", "/guilds/x/board", "/registrations/x", "/games/x", "/games?guild=x", "/registrations?guild=x"]
)
async def test_what_is_not_there_is_said_so(path: str) -> None:
    async with a_site() as site:
        answer = await site.get(path)
        assert (answer.status, "there is no such" in await answer.text()) == (404, True)


async def test_a_page_behind_a_record_that_is_gone_says_to_begin_again() -> None:
    async with a_site() as site:
        for path in ("/games?after=gone", "/?after=gone"):
            answer = await site.get(path)
            assert (answer.status, "begin again" in await answer.text()) == (422, True), path


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
