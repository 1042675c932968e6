"""The commands that serve: up and serve."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import uvloop
from cyclopts import App, Parameter

from tenure.cli import own_store
from tenure.cli.looking import Flag, InSession
from tenure.cli.own_store import TITLES, without_password
from tenure.cli.session import UsageError, load_kinds
from tenure.opening import EngineName, engine_of
from tenure.web import garbage, hosting, logs
from tenure.web.services import SERVICES, ServiceName
from tenure.web.settings import admin_key

PORT = 8420


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The options of every command that serves.

    Parameters
    ----------
    engine
        Keep the data folder's own store with this engine; else with the one chosen last, at first sqlite.
    host
        The address to listen at; else HOST, else 127.0.0.1.
    port
        The port to listen at; else PORT, else 8420; 0 takes a free one.
    keep
        On SIGTERM let the bots live on; they report to the next server.
    json_logs
        Write log lines as JSON.
    log_level
        The least important lines to write: debug, info, warning or error.
    """

    engine: EngineName | None = None
    host: str | None = None
    port: int | None = None
    keep: Annotated[bool, Flag] = False
    json_logs: Annotated[bool, Flag] = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def up(*, serving: Serving = Serving(), session: InSession) -> None:
    """Run everything in one process: store, services, sweeper, HTTP API, dashboard.

    Ctrl-C ends it within 5 seconds, and the bots too: they are told to leave, and ended after 4 seconds.
    """
    _host(serving, session)


def serve(service: ServiceName, /, *, serving: Serving = Serving(), session: InSession) -> None:
    """Run one service in one process, with its routes at /, beside health, metrics and dashboard.

    Parameters
    ----------
    service
        The service.
    """
    _host(serving, session, service)


serve_app = App(
    name="serve",
    help="Run one service in one process, with its routes at /; or a stand-in.",
    help_format="plaintext",
    usage="Usage: tenure serve SERVICE [OPTIONS]",
)
serve_app.default(serve)
serve_app.command(
    "tenure.cli.riot_stand_in:riot_stand_in",
    name="riot-stand-in",
    help="Run a Riot API of our own on this machine, with a page.",
)


def _host(serving: Serving, session: InSession, only: ServiceName | None = None) -> None:
    port = _port() if serving.port is None else serving.port
    if not 0 <= port <= 65535:  # noqa: PLR2004
        raise UsageError(f"{port} is no port: it must be from 0 to 65535")
    kinds = tuple(load_kinds(session.modules))
    key, key_file = admin_key(session.data, os.environ)
    with _store(serving.engine, session) as (url, about):
        logs.set_up(as_json=serving.json_logs, level=serving.log_level, secrets=[key])
        hosted = hosting.Hosted(
            url=url,
            space=session.space,
            data=session.data,
            host=serving.host or os.environ.get("HOST") or "127.0.0.1",
            port=port,
            admin_key=key,
            own_kinds=kinds,
            keep=serving.keep,
            only=only,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(hosting.host(hosted, os.environ, _announcer(session, about, key, key_file)))
    # The process is about to end: to look through all of its modules for cycles once more took 0.3 s.
    gc.freeze()


@dataclass(frozen=True, slots=True)
class About:
    """Which engine keeps the store, and where: its file or folder, or the URL that was given, without its password."""

    engine: EngineName
    place: str


@contextmanager
def _store(engine: EngineName | None, session: InSession) -> Iterator[tuple[str, About]]:
    """Give the URL of the store; the server that keeps it in the data folder runs while the body does."""
    given = session.given_url
    if given is not None:
        of_url = engine_of(given)
        if engine not in (None, of_url):
            raise UsageError(
                f"--engine {engine} starts a store in the data folder, but --store or TENURE_STORE names one of "
                f"{TITLES[of_url]}: leave one of the two out"
            )
        yield given, About(of_url, without_password(given))
        return
    with own_store.chosen(engine, session.data) as url:
        engine = own_store.engine_of(session.data)
        yield url, About(engine, _short(own_store.place_of(engine, session.data)))


def _port() -> int:
    text = os.environ.get("PORT") or str(PORT)
    if not text.isdecimal():
        raise UsageError(f"PORT={text!r} is no port: it must be a number from 0 to 65535")
    return int(text)


def _announcer(session: InSession, about: About, key: str, key_file: Path | None) -> hosting.Announce:
    def announce(served: hosting.Served) -> None:
        garbage.settle()
        if session.output.as_json:
            told = {"address": served.address, "key_file": key_file and str(key_file), "data": str(session.data)}
            session.output.json({**told, "engine": about.engine, "store": about.place, "services": served.paths})
        else:
            print(welcome(served, about, key, key_file), flush=True)

    return announce


def welcome(served: hosting.Served, about: About, key: str, key_file: Path | None) -> str:
    """Say where everything is, and what to try first. A key of the environment is not printed."""
    admin = f'-H "X-Admin-API-Key: {f"$(cat {_short(key_file)})" if key_file else "$TENURE_ADMIN_KEY"}"'
    rows = {"dashboard": f"{served.address}/"}
    for name, path in served.paths.items():
        rows |= {title: page.format(url=served.address + path) for title, page in SERVICES[name].pages.items()}
    rows["admin key"] = f"{key}  (kept in {_short(key_file)})" if key_file else "the one in TENURE_ADMIN_KEY"
    rows["store"] = f"{TITLES[about.engine]}, in {about.place}"
    rows |= {f"without {name}": why for name, why in served.left_out.items()}
    width = max(map(len, rows)) + 2
    tries = [
        t.format(url=served.address, admin=admin) for n, p in served.paths.items() if not p for t in SERVICES[n].tries
    ]
    return "\n".join(
        (
            f"\nTenure is up at {served.address}\n",
            *(f"  {title:{width}}{text}" for title, text in rows.items()),
            *(("\nTry, in another terminal:\n", *(f"  {line}" for line in tries)) if tries else ()),
            "\nCtrl-C ends it.\n",
        )
    )


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
