"""The commands that serve: up and serve."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import uvloop

from tenure.cli.looking import Flag, InSession
from tenure.cli.session import UsageError, load_kinds
from tenure.services.meetings.settings import PAGE_PATH
from tenure.web import hosting, logs
from tenure.web.settings import admin_key

PORT = 8420
LOWEST_LEVEL = Literal["debug", "info", "warning", "error"]


def up(
    *,
    host: str | None = None,
    port: int | None = None,
    keep: Annotated[bool, Flag] = False,
    json_logs: Annotated[bool, Flag] = False,
    log_level: LOWEST_LEVEL = "info",
    session: InSession,
) -> None:
    """Run everything in one process: store, services, sweeper, HTTP API, dashboard.

    Ctrl-C ends it within 5 seconds, and the bots too: they are told to leave, and ended after 4 seconds.

    Parameters
    ----------
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
    _host(host, port, session, keep=keep, json_logs=json_logs, log_level=log_level)


def serve(
    service: Literal["meetings"],
    /,
    *,
    host: str | None = None,
    port: int | None = None,
    keep: Annotated[bool, Flag] = False,
    json_logs: Annotated[bool, Flag] = False,
    log_level: LOWEST_LEVEL = "info",
    session: InSession,
) -> None:
    """Run one service in one process, with its routes at /, beside health, metrics and dashboard.

    Parameters
    ----------
    service
        The service: meetings.
    host
        The address to listen at; else HOST, else 127.0.0.1.
    port
        The port to listen at; else PORT, else 8420; 0 takes a free one.
    keep
        On SIGTERM let its workers live on; they report to the next server.
    json_logs
        Write log lines as JSON.
    log_level
        The least important lines to write: debug, info, warning or error.
    """
    del service  # the type allows one, and `up` runs the same so far
    _host(host, port, session, keep=keep, json_logs=json_logs, log_level=log_level)


def _host(
    address: str | None, port: int | None, session: InSession, *, keep: bool, json_logs: bool, log_level: str
) -> None:
    key, key_file = admin_key(session.data, os.environ)
    logs.set_up(as_json=json_logs, level=log_level, secrets=[key])
    hosted = hosting.Hosted(
        url=session.url,
        space=session.space,
        data=session.data,
        host=address or os.environ.get("HOST") or "127.0.0.1",
        port=_port() if port is None else port,
        admin_key=key,
        own_kinds=tuple(load_kinds(session.modules)),
        keep=keep,
    )
    if not 0 <= hosted.port <= 65535:  # noqa: PLR2004
        raise UsageError(f"{hosted.port} is no port: it must be from 0 to 65535")
    announce = _announcer(session, key, key_file)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hosting.host(hosted, os.environ, announce))


def _port() -> int:
    text = os.environ.get("PORT") or str(PORT)
    if not text.isdecimal():
        raise UsageError(f"PORT={text!r} is no port: it must be a number from 0 to 65535")
    return int(text)


def _announcer(session: InSession, key: str, key_file: Path | None) -> Callable[[str], None]:
    def announce(address: str) -> None:
        if session.output.as_json:
            session.output.json({"address": address, "key_file": key_file and str(key_file), "data": str(session.data)})
        else:
            print(welcome(address, key, key_file), flush=True)

    return announce


def welcome(address: str, key: str, key_file: Path | None) -> str:
    """Say where everything is, and what to try first. A key of the environment is not printed."""
    where = f"{key}  (kept in {_short(key_file)})" if key_file else "the one in TENURE_ADMIN_KEY"
    header = f'-H "X-Admin-API-Key: {f"$(cat {_short(key_file)})" if key_file else "$TENURE_ADMIN_KEY"}"'
    return f"""
Tenure is up at {address}

  dashboard     {address}/
  meeting page  {address}{PAGE_PATH}/demo
  admin key     {where}

Try, in another terminal:

  curl {header} {address}/admin/users -d '{{"email": "me@example.org"}}'
  curl {header} -X POST {address}/admin/users/1/tokens
  curl -H "X-API-Key: TOKEN" {address}/bots -d '{{"platform": "local", "native_meeting_id": "demo"}}'

Ctrl-C ends it.
"""


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
