"""The function library: versions side by side, gone after a flush, the tables unknown after a restart.

Only for Valkey, because only there does the decision live on the server.
"""

from __future__ import annotations

import asyncio
import re

import pytest
import redis
from tests.engine_contract.kinds import KINDS, Bot
from tests.engines.valkey.asking import ask
from tests.engines.valkey.conftest import Start

import tenure
from tenure.engines.valkey import calling, library
from tenure.servers import Server


def libraries(url: str) -> set[str]:
    """Name the libraries that a server has."""
    found = ask(url, "FUNCTION", "LIST")
    return {(one[b"library_name"] if isinstance(one, dict) else one[1]).decode() for one in found}


def renamed(name: str) -> str:
    """Give the library of another build: the same functions under other names."""
    return library.SOURCE.replace(library.LIBRARY, name)


async def test_libraries_of_two_builds_work_side_by_side(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tenure.open(server.url, *KINDS) as old:
        await old.apply(Bot.create("ada", pool="eu"))
        monkeypatch.setattr(calling, "SOURCE", renamed("tenure_newer"))
        names = {name: called.replace(library.LIBRARY, "tenure_newer") for name, called in library.NAMES.items()}
        monkeypatch.setattr(calling, "NAMES", names)
        async with tenure.open(server.url, *KINDS) as new:
            assert (await new.apply(Bot.enqueue("ada"))).version == 2
        monkeypatch.undo()
        assert (await old.apply(Bot.withdraw("ada"))).version == 3
    assert libraries(server.url) == {library.LIBRARY, "tenure_newer"}


async def test_functions_that_were_flushed_are_loaded_again_and_the_call_is_made_once(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        for flush in (("FUNCTION", "FLUSH"), ("FUNCTION", "DELETE", library.LIBRARY)):
            ask(server.url, *flush)
            assert (await store.get(Bot, "ada")).pool == "eu"
            ask(server.url, *flush)
            version = (await store.get(Bot, "ada")).version
            assert (await store.apply(Bot.rate("ada", rating=7))).version == version + 1


async def test_many_callers_find_the_functions_gone_at_once(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        ask(server.url, "FUNCTION", "FLUSH")
        spaces = [store.space(f"s{n}") for n in range(20)]
        made = await asyncio.gather(*(s.apply(Bot.create("bob", pool="eu")) for s in spaces), store.get(Bot, "ada"))
        assert [bot.version for bot in made] == [1] * 21


async def test_a_restarted_server_learns_the_tables_again(start: Start) -> None:
    server = start()
    async with tenure.open(server.url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        server.stop()
        start(port=server.port)
        assert (await eventually(store)).version == 2


async def eventually(store: tenure.Store) -> Bot:
    """Apply once the connection that was lost is noticed."""
    while True:
        try:
            return await store.apply(Bot.enqueue("ada"))
        except (tenure.Unavailable, tenure.OutcomeUnknown):
            await asyncio.sleep(0)


def test_the_name_of_the_library_follows_from_its_content() -> None:
    assert library.LIBRARY in library.SOURCE.partition("\n")[0]
    assert all(name.startswith(library.LIBRARY) for name in library.NAMES.values())


@pytest.mark.parametrize("name", sorted(library.OPERATIONS))
def test_each_operation_opens_with_its_contract(name: str) -> None:
    body = library.OPERATIONS[name]
    assert body.startswith("-- ")
    assert "-- In: " in body
    assert "Out: " in body


async def test_what_only_reads_is_refused_a_write_by_the_server(server: Server) -> None:
    async with tenure.open(server.url, *KINDS):
        for name in library.OPERATIONS:
            if name not in library.READS:
                with pytest.raises(redis.ResponseError, match="write flag"):
                    ask(server.url, "FCALL_RO", library.NAMES[name], 1, "tenure:{main}:meta")


BUILT_IN = frozenset(("error", "function", "ipairs", "next", "pairs", "tonumber", "type", "unpack"))


def unknown_functions(source: str) -> set[str]:
    """Name what a Lua source calls, and what is nowhere in it."""
    code = re.sub(r"'(?:\\.|[^'\\])*'", "''", re.sub(r"--[^\n]*", "", source))
    lists = re.findall(r"\blocal ([\w, ]+)", code) + re.findall(r"\bfunction[\w. ]*\(([\w, ]*)\)", code)
    known = {name.strip() for names in lists for name in names.split(",")}
    known.update(re.findall(r"\bfunction (\w+)\(", code))
    return set(re.findall(r"(?<![.:\w])([a-z_]\w*)\(", code)) - known - BUILT_IN


def test_the_library_calls_no_function_that_is_not_there() -> None:
    # Lua finds that out when it comes to the line, which may be one that only a cluster runs.
    assert unknown_functions(library.SOURCE) == set()
    assert unknown_functions("local function f(a) return a(g(1)) end") == {"g"}
