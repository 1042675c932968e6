"""What the pages of those who run trivia show, however many games there are."""

import re
from typing import Any

import pytest
from tests.services.trivia.operating import a_site, many_games, questions

from tenure import minutes, seconds
from tenure.cli.application import app
from tenure.pages.paging import ON_A_PAGE
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.console import one
from tenure.services.trivia.lifecycle import Game, Guild
from tenure.services.trivia.registrations import Terms

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
        await site.caller.call("POST", "/guilds/home/channels", {"name": "staff"})
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


async def test_games_are_listed_by_state_by_guild_and_by_whether_they_are_held_up() -> None:
    async with a_site() as site:
        over, held = await site.over(ada="A"), await site.held(await site.caller.register(name="other"))
        asked = await site.asked(await site.caller.register(name="third"))
        expected = {
            "": [asked, held], "?guild=home": [asked, held], "?state=held_up": [held], "?state=held": [held],
            "?state=withheld": [], "?state=open": [asked], "?state=archived": [over],
            "?guild=home&state=archived": [over],
        }  # fmt: skip
        assert {query: questions(await site.page(f"/games{query}")) for query in expected} == expected


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
