"""The service put together: a round from its slot to history, its loops, what it says of itself, and its settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.places import SQLITE, Place
from tests.services.trivia.closings import START

from tenure import Store, minutes, seconds, testing
from tenure.http.environment import WrongSetting
from tenure.services.trivia import chats
from tenure.services.trivia.chat.channels import GENERAL, HOME, Channels
from tenure.services.trivia.chat.contract import Answered, Asked, Post
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMessage
from tenure.services.trivia.lifecycle import Game, Registration
from tenure.services.trivia.questions.packs import WrongPacks
from tenure.services.trivia.registrations import Terms
from tenure.services.trivia.service import TriviaService, kinds
from tenure.services.trivia.settings import DISCORD_API, OPEN_TRIVIA_DB, Settings
from tenure.store.timing import ManualClock

HERE = Settings(admin_key="the-admins-key", open_trivia_db="")
TERMS = Terms(channel=GENERAL, schedule="every 1h", window_seconds=60.0, questions=2)


@asynccontextmanager
async def a_service(settings: Settings = HERE) -> AsyncIterator[TriviaService]:
    """Make a service whose time stands still until its store is advanced. At the end its indexes must be right."""
    async with testing.store(*kinds, space="trivia", at=START) as store:
        yield TriviaService(store, settings)
        assert list(await store.engine.audit("trivia", repair=False)) == []


async def until(store: Store, so: Callable[[], Awaitable[object]]) -> Any:
    """Let time pass until something is so, and give it; the test's time limit is the limit."""
    while not (found := await so()):
        await store.advance(seconds(5))
        await asyncio.sleep(0.001)
    return found


async def a_place_to_play(store: Store) -> None:
    """Wait until the chat that comes along has made its channel."""
    await until(store, lambda: store.find(ChatChannel.open))


async def posts(store: Store) -> list[Post | None]:
    """Give what people see at home."""
    general = await Channels(store).get(HOME, GENERAL)
    return [message.post for message in await store.find(ChatMessage.said, under=general)]


async def test_a_round_is_asked_answered_scored_and_goes_to_history_by_itself() -> None:
    async with a_service() as service, service.running():
        store = service.store
        await a_place_to_play(store)
        registration = await service.registrations.create(HOME, "hourly", TERMS)
        await store.advance(minutes(59))
        for number in (1, 2):
            (game,) = await until(store, lambda: store.find(Game.open))
            assert (game.number, game.registration) == (number, registration.id)
            assert (await service.answering.submit(game.id, "ada", "Ada", game.question.right)).taken
            await until(store, lambda: found(store, number))  # noqa: B023  awaited here
        seen = await posts(store)
        assert [type(post) for post in seen] == [Asked, Answered, Asked, Answered]
        assert [post.right is not None for post in seen if isinstance(post, Asked)] == [True, True]
        (place,) = await service.boards.places(HOME)
        assert (place.member, place.correct) == ("ada", 2)
        assert service.trouble == ""


async def test_who_acts_stands_in_history() -> None:
    async with a_service() as service:
        await Channels(service.store).settle()
        made = await service.acting("discord:7").registrations.create(HOME, "hourly", TERMS)
        (created,) = await service.store.history(Registration, made.id)
        assert created.by == "discord:7"


async def test_two_services_on_one_store_ask_and_close_each_question_once(place_of: Callable[[str], Place]) -> None:
    url, clock = place_of(SQLITE).fresh(), ManualClock(round(START.timestamp() * 1e6))
    async with (
        testing.store(*kinds, url=url, space="trivia", clock=clock, actor="one") as one,
        testing.store(*kinds, url=url, space="trivia", clock=clock, actor="two", every_change_applied=False) as two,
    ):
        services = [TriviaService(store, HERE) for store in (one, two)]
        async with services[0].running(), services[1].running():
            await a_place_to_play(one)
            for number in range(5):
                await services[number % 2].registrations.create(HOME, f"n{number}", TERMS)
            await one.advance(minutes(59))
            await until(one, lambda: found(one, 10))
        seen = await posts(one)
        assert len([post for post in seen if isinstance(post, Asked)]) == 10
        assert len({post.game for post in seen if isinstance(post, Answered)}) == 10
        assert len([post for post in seen if isinstance(post, Answered)]) == 10
        assert list(await one.engine.audit("trivia", repair=False)) == []


async def found(store: Store, number: int) -> bool:
    """Tell whether so many games are over."""
    return (await store.count(Game)).get("archived", 0) >= number


async def test_a_loop_that_fails_is_begun_again_and_said() -> None:
    async with a_service() as service:
        real, calls = service.posting.loops, 0

        def broken() -> dict[str, Any]:
            async def ask() -> None:
                nonlocal calls
                calls += 1
                if calls == 1:
                    raise ZeroDivisionError
                await real()["ask"]()

            return {**real(), "ask": ask}

        service.posting.loops = broken  # type: ignore[method-assign]
        async with service.running():
            while not service.trouble:
                await asyncio.sleep(0)
            assert service.trouble == "the loop 'ask' ended with ZeroDivisionError"
            while calls < 2:
                await asyncio.sleep(0.01)


async def test_a_chat_that_is_in_trouble_is_the_services_trouble() -> None:
    async with a_service() as service:
        service.chats["far"] = Troubled()  # type: ignore[assignment]
        assert service.trouble == "far: the token was revoked: set another one"


class Troubled:
    """A chat with which something is wrong as a whole."""

    name, trouble = "far", "the token was revoked: set another one"


async def test_a_process_that_does_not_ask_leaves_that_to_others() -> None:
    async with a_service(Settings(admin_key="k", asks=False)) as service:
        assert set(service.loops()) == {"web"}
        async with service.running():
            await a_place_to_play(service.store)
            registration = await service.registrations.create(HOME, "hourly", TERMS)
            game = await service.acting("admin").posting.post_now(registration.id)
            await service.store.advance(seconds(30))
            assert (await service.games.get(game.id)).state == Game.asked
            await service.shut_down(keep=True)
            assert service.closing_down.is_set()


# ------------------------------------------------------------------------------------ settings


async def test_with_a_token_it_is_in_discord_too() -> None:
    async with a_service(Settings(admin_key="k", discord_token="a.token")) as service:
        assert list(service.chats) == ["web", "discord"]
        assert {"ask", "post", "count", "publish", "tidy", "discord", "web"} <= set(service.loops())


async def test_without_discords_library_a_token_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"no module of {name}", name="discord")

    monkeypatch.setattr(chats, "import_module", missing)
    async with testing.store(*kinds) as store:
        with pytest.raises(WrongSetting, match=r"tenure\[trivia\]"):
            TriviaService(store, Settings(admin_key="k", discord_token="a.token"))


async def test_packs_that_make_no_sense_are_told_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("questions:\n  - question: Why?\n")
    async with testing.store(*kinds) as store:
        with pytest.raises(WrongPacks, match=r"mine\.yaml:2"):
            TriviaService(store, Settings(admin_key="k", packs=tmp_path))


def read(**given: str) -> Settings:
    """Read settings from these variables."""
    environment = {f"TENURE_TRIVIA_{name.upper()}": value for name, value in given.items()}
    return Settings.read(environment, admin_key="a-key")


def test_without_settings_the_page_that_comes_along_is_the_only_chat() -> None:
    settings = read()
    assert settings == Settings(admin_key="a-key")
    assert (settings.discord_token, settings.discord_api, settings.asks) == ("", DISCORD_API, True)
    assert settings.open_trivia_db == OPEN_TRIVIA_DB
    assert "a-key" not in repr(settings)


def test_what_is_given_is_read(tmp_path: Path) -> None:
    settings = read(
        discord_token=" Bot abc.def ", discord_api="http://127.0.0.1:9/api/v10/",
        packs=str(tmp_path), open_trivia_db="", asks="no",
    )  # fmt: skip
    assert (settings.discord_token, settings.discord_api) == ("abc.def", "http://127.0.0.1:9/api/v10")
    assert settings.packs == tmp_path
    assert (settings.open_trivia_db, settings.asks) == ("", False)
    assert "abc.def" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("discord_token", "two words"),
        ("discord_token", "töken"),
        ("discord_token", "x" * 201),
        ("discord_api", "https://example.org/?a=b"),
        ("open_trivia_db", "nowhere"),
        ("packs", "/no/such/folder"),
        ("asks", "perhaps"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name_and_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"TENURE_TRIVIA_{name.upper()}") as refusal:
        read(**{name: value})
    assert value not in str(refusal.value)
