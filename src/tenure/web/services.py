"""The services that one process may host, in one table, and what each brings along."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from starlette.types import ASGIApp

from tenure.core.comparing import is_another
from tenure.core.errors import TenureError
from tenure.core.lifecycle import Lifecycle, table_of
from tenure.http.environment import WrongSetting
from tenure.services.battles import service as battles
from tenure.services.battles.api import http as battles_http
from tenure.services.battles.api.metrics import collect as collect_battles
from tenure.services.battles.console.http import CONSOLE_PATH as BATTLES_CONSOLE
from tenure.services.battles.page.http import PAGE_PATH as BATTLES_PAGE
from tenure.services.battles.settings import Settings as BattlesSettings
from tenure.services.battles.watching import Watching as BattlesWatching
from tenure.services.bots import service as bots
from tenure.services.bots.api import http as bots_http
from tenure.services.bots.api.metrics import collect
from tenure.services.bots.console.http import CONSOLE_PATH as BOTS_CONSOLE
from tenure.services.bots.settings import Settings as BotsSettings
from tenure.services.bots.watching import Watching
from tenure.services.games import kinds as games
from tenure.services.games.api import http as games_http
from tenure.services.games.api.metrics import collect as collect_games
from tenure.services.games.console.http import CONSOLE_PATH as GAMES_CONSOLE
from tenure.services.games.hosting import HostedGames
from tenure.services.games.settings import Settings as GamesSettings
from tenure.services.games.watching import Watching as GamesWatching
from tenure.services.meetings import service as meetings
from tenure.services.meetings.api import http as meetings_http
from tenure.services.meetings.console.http import CONSOLE_PATH as MEETINGS_CONSOLE
from tenure.services.meetings.runtimes.choosing import open_runtime
from tenure.services.meetings.settings import PAGE_PATH
from tenure.services.meetings.settings import Settings as MeetingsSettings
from tenure.services.trivia import service as trivia
from tenure.services.trivia.api import http as trivia_http
from tenure.services.trivia.api.metrics import collect as collect_trivia
from tenure.services.trivia.chat.page.http import PAGE_PATH as PLAY_PATH
from tenure.services.trivia.console.http import CONSOLE_PATH as TRIVIA_CONSOLE
from tenure.services.trivia.questions.packs import WrongPacks
from tenure.services.trivia.settings import Settings as TriviaSettings
from tenure.services.trivia.watching import Watching as TriviaWatching
from tenure.store.store import Store
from tenure.web.health import Detail, Said
from tenure.web.metrics import Collect

ServiceName = Literal["meetings", "bots", "trivia", "battles", "games"]
Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a service runs: on which store, at which address, whose key is the admin's, where files may lie."""

    store: Store
    address: str
    base_url: str
    admin_key: str
    folder: Path


class Work(Protocol):
    """What a service does in the background, and how it ends."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Run the background loops while the body runs."""
        ...

    @property
    def trouble(self) -> str:
        """What is wrong with them; empty if nothing is."""
        ...

    async def shut_down(self, *, keep: bool) -> None:
        """Prepare for the server's end, while it still serves. With `keep`, workers are left alone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service as this process runs it. `links` are its pages by title, below its address."""

    work: Work
    app: ASGIApp
    links: Mapping[str, str] = field(default_factory=dict)
    health: Detail | None = None
    metrics: Collect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: where `tenure up` has it, its kinds, how it is opened, and what to say of it at the start.

    In `pages` and `tries`, `{url}` is its address and `{admin}` the header with the admin's key.
    """

    path: str
    kinds: Sequence[type[Lifecycle]]
    open: Callable[[Place, Environment], Running]
    pages: Mapping[str, str]
    tries: Sequence[str]


def _open_meetings(place: Place, environment: Environment) -> Running:
    settings = MeetingsSettings.read(
        environment, base_url=place.base_url, admin_key=place.admin_key, folder=place.folder
    )
    service = meetings.MeetingsService(place.store, open_runtime(settings.runtime, place.folder / "bots"), settings)
    links = {"Meetings": f"{MEETINGS_CONSOLE}/", "Meeting page": f"{PAGE_PATH}/"}
    return Running(work=service, app=meetings_http.create_app(service), links=links)


def _open_bots(place: Place, environment: Environment) -> Running:
    settings = BotsSettings.read(environment, base_url=place.base_url, admin_key=place.admin_key, folder=place.folder)
    service = bots.BotsService(place.store, settings)
    watching = Watching(service)

    async def health() -> Said:
        seen = await watching.look()
        return Said(seen, seen.reasons)

    return Running(
        work=service,
        app=bots_http.create_app(service),
        links={"Bots": f"{BOTS_CONSOLE}/"},
        health=health,
        metrics=lambda: collect(service),
    )


def _open_trivia(place: Place, environment: Environment) -> Running:
    settings = TriviaSettings.read(environment, admin_key=place.admin_key, folder=place.folder)
    try:
        service = trivia.TriviaService(place.store, settings)
    except WrongPacks as wrong:
        raise WrongSetting(wrong.summary) from None
    watching = TriviaWatching(service)

    async def health() -> Said:
        seen = await watching.look()
        return Said(seen, seen.reasons)

    return Running(
        work=service,
        app=trivia_http.create_app(service),
        links={"Trivia": f"{TRIVIA_CONSOLE}/", "Trivia chat": f"{PLAY_PATH}/"},
        health=health,
        metrics=lambda: collect_trivia(service),
    )


def _open_battles(place: Place, environment: Environment) -> Running:
    settings = BattlesSettings.read(
        environment,
        base_url=place.base_url,
        admin_key=place.admin_key,
        folder=place.folder,
        host=socket.gethostname(),
        pid=os.getpid(),
    )
    service = battles.BattlesService(place.store, settings)
    watching = BattlesWatching(service)

    async def health() -> Said:
        seen = await watching.look()
        return Said(seen, seen.reasons)

    return Running(
        work=service,
        app=battles_http.create_app(service, watching),
        links={"Battles": f"{BATTLES_CONSOLE}/", **({"Battle game": f"{BATTLES_PAGE}/"} if settings.page else {})},
        health=health,
        metrics=lambda: collect_battles(service),
    )


def _open_games(place: Place, environment: Environment) -> Running:
    settings = GamesSettings.read(environment, base_url=place.base_url, admin_key=place.admin_key, folder=place.folder)
    hosted = HostedGames(place.store, settings)
    watching = GamesWatching(hosted.service)

    async def health() -> Said:
        seen = await watching.look()
        return Said(seen, seen.reasons)

    return Running(
        work=hosted,
        app=games_http.create_app(hosted.service),
        links={"Games": f"{GAMES_CONSOLE}/"},
        health=health,
        metrics=lambda: collect_games(hosted.service),
    )


SERVICES: dict[ServiceName, Service] = {
    "meetings": Service(
        path="",
        kinds=meetings.kinds,
        open=_open_meetings,
        pages={"meeting page": f"{{url}}{PAGE_PATH}/demo"},
        tries=(
            'curl {admin} {url}/admin/users -d \'{{"email": "me@example.org"}}\'',
            "curl {admin} -X POST {url}/admin/users/1/tokens",
            'curl -H "X-API-Key: TOKEN" {url}/bots -d \'{{"platform": "local", "native_meeting_id": "demo"}}\'',
        ),
    ),
    "bots": Service(
        path="/services/bots",
        kinds=bots.kinds,
        open=_open_bots,
        pages={"bots": f"{{url}}{BOTS_CONSOLE}/"},
        tries=(
            'curl {admin} {url}/pools -d \'{{"id": "duel-eu", "mode": "duel", "region": "eu", "max_deployed": 4}}\'',
            'curl {admin} {url}/bots -d \'{{"pool": "duel-eu", "number": 8}}\'',
            'curl {admin} {url}/tickets -d \'{{"pool": "duel-eu", "players": ["ada"], "id": "ada-1"}}\'',
            'curl {admin} "{url}/tickets/ada-1?wait=20"',
        ),
    ),
    "trivia": Service(
        path="/services/trivia",
        kinds=trivia.kinds,
        open=_open_trivia,
        pages={"trivia": f"{{url}}{TRIVIA_CONSOLE}/", "trivia chat": f"{{url}}{PLAY_PATH}/"},
        tries=(
            "tenure trivia register home quiz 'every 30m' --channel general",
            "tenure trivia post home/quiz",
            "tenure trivia status",
            "curl {admin} {url}/games",
        ),
    ),
    "battles": Service(
        path="/services/battles",
        kinds=battles.kinds,
        open=_open_battles,
        pages={"battles": f"{{url}}{BATTLES_CONSOLE}/", "battle game": f"{{url}}{BATTLES_PAGE}/"},
        tries=(
            'curl {admin} {url}/tokens -d \'{{"player": "ada"}}\'',
            "curl {admin} {url}/battles",
            "tenure battles instances",
            "tenure battles watch",
        ),
    ),
    "games": Service(
        path="/services/games",
        kinds=games.kinds,
        open=_open_games,
        pages={"games": f"{{url}}{GAMES_CONSOLE}/"},
        tries=(
            "tenure games add 'Ada#NA1' na1",
            "tenure games status",
            "tenure games results --follow",
            "curl {admin} {url}/players",
        ),
    ),
}


class NotHosted(TenureError):  # noqa: N818
    """The service can't run on this store."""


def kinds_of_services() -> tuple[type[Lifecycle], ...]:
    """Give the kinds of all services."""
    return kinds_of(SERVICES)


def kinds_of(names: Iterable[ServiceName]) -> tuple[type[Lifecycle], ...]:
    """Give the kinds of some services, each once: that of matchmakers is of several."""
    return tuple(dict.fromkeys(kind for name in names for kind in SERVICES[name].kinds))


def obstacles(name: ServiceName, own: Sequence[type[Lifecycle]], declared: Mapping[str, bytes]) -> Iterator[str]:
    """Say what keeps a service from a store: other kinds that go by the names of its own."""
    named = {kind.__name__ for kind in own}
    for kind in SERVICES[name].kinds:
        if kind.__name__ in named:
            yield f"--module has a kind {kind.__name__} of its own"
        elif kind.__name__ in declared and is_another(declared[kind.__name__], table_of(kind)):
            yield f"the store has another kind {kind.__name__}"
