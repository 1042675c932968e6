"""The page of the protocol says what the code says."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest

from tenure.services.battles.sockets import events, protocol, requests
from tenure.services.battles.sockets.mistakes import TYPES
from tenure.services.battles.sockets.protocol import Code

PAGE = (Path(__file__).parents[3] / "docs" / "services" / "battles-protocol.md").read_text()
CELLS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("|")]


def named(column: int) -> set[str]:
    return {word for cells in CELLS if len(cells) > column for word in re.findall(r"`([\w]+)`", cells[column])}


@pytest.mark.parametrize("message", typing.get_args(protocol.Message) + typing.get_args(requests.Request))
def test_each_message_is_on_the_page_with_its_fields(message: type[protocol.Told | requests.Said]) -> None:
    tag = str(message.__struct_config__.tag)
    rows = [cells for cells in CELLS if f"`{tag}`" in cells[0]]
    fields = {word for cells in rows for word in re.findall(r"`(\w+)`", cells[1])}
    assert rows
    assert set(message.__struct_fields__) <= fields


def test_nothing_else_is_on_the_page() -> None:
    assert set(TYPES) <= named(0)
    assert {str(one.__struct_config__.tag) for one in typing.get_args(protocol.Message)} <= named(0)
    codes = {int(cells[0]) for cells in CELLS if cells[0].strip().isdigit()}
    assert codes == {int(code) for code in Code}


def test_each_event_of_socketio_is_on_the_page() -> None:
    assert {*events.SAID, *events.NAMES.values(), *events.SEATS.values()} <= named(0)
