"""Servers of a test's own, and what only a Valkey can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.places import reachable_folder, valkey_program

from tenure.servers import Server, start_valkey

Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Give a function that starts a server in a folder of this name, with these settings, until the test is over."""
    with reachable_folder() as folder, ExitStack() as running:

        def started(name: str = "server", *, port: int = 0, **settings: str) -> Server:
            lines = {setting.replace("_", "-"): value for setting, value in settings.items()}
            server = start_valkey(folder / name, program=valkey_program(), port=port, settings=lines)
            return running.enter_context(server)

        yield started


@pytest.fixture
def server(start: Start) -> Server:
    """Give one server."""
    return start()
