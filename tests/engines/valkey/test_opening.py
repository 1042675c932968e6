"""What a server must be like: each wrong one is refused at the opening, with what to do about it.

Only for Valkey, because these are settings and layouts of its servers.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from tests.engine_contract.kinds import KINDS, Bot
from tests.engines.valkey.asking import ask, listening_port, password_of, program, until
from tests.engines.valkey.conftest import Start

import tenure
from tenure import InvalidChange, Unavailable
from tenure.engines.valkey import checks
from tenure.engines.valkey.location import Location
from tenure.opening import open_engine
from tenure.servers import Server


async def opened(url: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))


async def refused(url: str, match: str) -> None:
    with pytest.raises(Unavailable, match=match):
        await open_engine(url, KINDS)


async def test_a_server_as_it_ought_to_be_is_taken(server: Server) -> None:
    await opened(server.url)


async def test_an_address_where_nobody_answers_is_told() -> None:
    await refused(f"valkey://127.0.0.1:{listening_port()}", "can't be reached .*: check the address")


async def test_a_server_that_takes_connections_and_says_nothing_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as dumb:
        port = dumb.getsockname()[1]
        await refused(f"valkey://127.0.0.1:{port}?timeout=0.2", "takes the connection and does not answer")


async def test_a_wrong_password_and_a_missing_one_are_told(server: Server) -> None:
    password = password_of(server.url)
    await refused(server.url.replace(password, "wrong"), "does not take the user or the password")
    await refused(server.url.replace(f":{password}@", ""), "needs a password|does not take the user")


async def test_the_password_is_in_no_message(server: Server) -> None:
    with pytest.raises(Unavailable) as error:
        await open_engine(server.url.replace(password_of(server.url), "hunter2"), KINDS)
    assert "hunter2" not in str(error.value)


async def test_a_user_without_functions_is_told_what_it_needs(server: Server) -> None:
    ask(server.url, "ACL", "SETUSER", "eve", "on", ">pw", "~*", "&*", "+@all", "-fcall", "-fcall_ro", "-function")
    await refused(as_user(server.url, "eve"), r"allow it \+function")


async def test_a_user_that_may_not_do_all_that_a_write_does_is_told_before_it_writes(server: Server) -> None:
    ask(server.url, "ACL", "SETUSER", "eve", "on", ">pw", "~tenure:*", "~{tenure}:*", "&*", "+@all", "-zadd")
    await refused(as_user(server.url, "eve"), "does not let the user do ZADD on ~tenure:")
    ask(server.url, "ACL", "SETUSER", "eve", "+zadd", "resetkeys", "~other:*")
    await refused(as_user(server.url, "eve"), r"HGET, .* on ~tenure:\* and ~{tenure}:\*: allow it that")


async def test_a_user_that_may_not_tell_others_is_told_before_it_writes(server: Server) -> None:
    ask(server.url, "ACL", "SETUSER", "eve", "on", ">pw", "~*", "resetchannels", "+@all")
    await refused(as_user(server.url, "eve"), "does not let the user do SPUBLISH")


def test_a_missing_driver_is_told() -> None:
    program = "import sys; sys.modules['hiredis'] = None; import tenure.engines.valkey.engine"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "Unavailable: Valkey and Redis need their driver: pip install '/path/to/tenure[valkey]'" in made.stderr


async def test_the_rights_that_the_page_names_are_enough(server: Server) -> None:
    rights = (
        "~tenure:* ~{tenure}:* &tenure:* +@read +@write +@connection +@pubsub +@scripting "
        "+time +info +function +config|get +cluster|slots +wait"
    )
    ask(server.url, "ACL", "SETUSER", "app", "on", ">pw", *rights.split())
    await opened(as_user(server.url, "app"))


async def test_a_server_that_may_drop_keys_is_refused(start: Start) -> None:
    await refused(start(maxmemory_policy="allkeys-lru").url, "set maxmemory-policy noeviction")


async def test_a_replica_is_refused(start: Start) -> None:
    first = start("first")
    password = password_of(first.url)
    second = start("second", replicaof=f"127.0.0.1 {first.port}", masterauth=password)
    await refused(second.url, "is a replica, which may only be read: name its primary")


async def test_a_node_of_a_cluster_is_no_single_server(start: Start) -> None:
    await refused(
        start(cluster_enabled="yes", cluster_port=str(listening_port())).url,
        r"is a node of a cluster: write valkey\+cluster://",
    )


async def test_a_single_server_is_no_cluster(server: Server) -> None:
    await refused(server.url.replace("valkey:", "valkey+cluster:"), "no node of the cluster answers")


@pytest.mark.parametrize(
    ("asked", "appendonly", "appendfsync", "given"),
    [
        ("everysec", "yes", "everysec", ""),
        ("everysec", "yes", "always", ""),
        ("always", "yes", "always", ""),
        ("memory", "no", "everysec", ""),
        ("memory", "yes", "no", ""),
        ("everysec", "no", "everysec", "set appendonly yes"),
        ("always", "no", "always", "set appendonly yes"),
        ("always", "yes", "everysec", "set appendfsync always"),
        ("everysec", "yes", "no", "set appendfsync everysec"),
        ("always", "yes", "no", "set appendfsync always"),
    ],
)
async def test_a_server_must_keep_what_is_asked_of_it(
    start: Start, asked: str, appendonly: str, appendfsync: str, given: str
) -> None:
    url = f"{start(appendonly=appendonly, appendfsync=appendfsync).url}?durability={asked}"
    if given:
        await refused(url, given)
    else:
        await opened(url)


async def test_without_a_level_a_second_is_what_is_asked(start: Start) -> None:
    await refused(start(appendonly="no").url, "set appendonly yes there, or ask for less with .durability=memory")


async def test_a_server_that_does_not_tell_its_settings_is_not_guessed_about(server: Server) -> None:
    ask(server.url, "ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-config")
    await refused(as_user(server.url, "app"), "allow the user CONFIG GET, or ask for less")
    await opened(f"{as_user(server.url, 'app')}?durability=memory")


async def test_a_server_that_reads_its_data_is_waited_for_and_then_told(start: Start) -> None:
    server = start()
    ask(server.url, "MSET", *(part for number in range(3000) for part in (f"k{number}", f"{number}" * 20)))
    ask(server.url, "BGREWRITEAOF")
    until(lambda: ask(server.url, "INFO", "persistence")["aof_rewrite_in_progress"] == 0)
    server.stop()
    slowly = [program(), str(server.folder / "valkey.conf"), "--key-load-delay", "20000"]
    slowly += ["--loading-process-events-interval-bytes", "1024"]
    with running(slowly, server.folder):
        until(lambda: answers(server.url))
        await refused(f"{server.url}?timeout=2", "is reading its data; open the store again in a while")
        ask(server.url, "CONFIG", "SET", "key-load-delay", "0")
        await opened(server.url)


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    """Run a server that answers while it reads its data."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as server:
        try:
            yield
        finally:
            server.kill()


def answers(url: str) -> bool:
    try:
        return "loading" in ask(url, "INFO", "persistence")
    except redis.ConnectionError:
        return False


async def test_a_store_that_a_newer_build_changed_is_refused(server: Server) -> None:
    await opened(server.url)
    ask(server.url, "HSET", "{tenure}:store", "format", "99")
    await refused(server.url, "format 99, and this build knows 1: upgrade this program")


async def test_a_space_that_a_newer_build_changed_is_refused(server: Server) -> None:
    await opened(server.url)
    ask(server.url, "HSET", "tenure:{main}:meta", "format", "99")
    async with tenure.open(server.url, *KINDS) as store:
        for call in (store.get(Bot, "ada"), store.apply(Bot.enqueue("ada"))):
            with pytest.raises(Unavailable, match="format 99, and this build knows 1: upgrade this program"):
                await call


@pytest.mark.parametrize(
    ("info", "options", "match"),
    [
        ({"redis_version": "6.2.14"}, "", "Redis 6.2.14, which has no functions: it takes Redis 7.0 or Valkey"),
        ({"redis_version": "7.0.15"}, "?durability=always&replicas=1", "can't wait for its replicas' disks"),
    ],
)
def test_a_server_that_is_too_old_is_refused(info: dict[str, str], options: str, match: str) -> None:
    with pytest.raises(Unavailable, match=match):
        checks.check_version(info, "here", Location(f"valkey://here{options}"))


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("valkey://host?durability=never", "durability= is"),
        ("valkey://host?replicas=many", "replicas= must be a number"),
        ("valkey://host?colour=red", "knows durability="),
        ("valkey://host/one", "the database must be a number"),
        ("valkey+cluster://host/3", "only database 0"),
        ("valkey+sentinel://host:26379", "the name under which the sentinels know it"),
        ("valkey://host?prefix={a}", "prefix= must be some text without"),
    ],
)
def test_a_wrong_url_is_told(url: str, match: str) -> None:
    with pytest.raises(InvalidChange, match=match):
        Location(url)


def test_a_url_says_where_and_who() -> None:
    location = Location("valkeys://us%40er:p%2Fw@[::1]:7000/3?timeout=2&prefix=app&durability=always&replicas=2")
    assert location.addresses == [("::1", 7000)]
    assert location.login[:3] == ("us@er", "p/w", 3)
    assert location.login.tls is not None
    assert (location.prefix, location.durability, location.replicas) == ("app", "always", 2)
    assert Location("redis://").addresses == [("localhost", 6379)]
    assert Location("valkey+cluster://a:1,b:2").addresses == [("a", 1), ("b", 2)]
    sentinel = Location("valkey+sentinel://a,b:27000/main/2")
    assert (sentinel.addresses, sentinel.service) == ([("a", 26379), ("b", 27000)], "main")
    assert sentinel.login.database == 2


@pytest.mark.parametrize("space", ["main", "{", "}", "a}b{c", "%", "", "ü", "tenure"])
async def test_a_space_may_have_any_name(server: Server, space: str) -> None:
    async with tenure.open(server.url, *KINDS, space=space) as store, tenure.open(server.url, *KINDS) as other:
        await store.apply(Bot.create("ada", pool="eu"))
        assert await store.engine.spaces() == [space]
        if space != "main":
            assert await other.find(Bot.idle) == []


async def test_two_stores_of_one_server_are_apart_by_their_prefix(server: Server) -> None:
    async with tenure.open(server.url, *KINDS) as one, tenure.open(f"{server.url}?prefix=other", *KINDS) as other:
        await one.apply(Bot.create("ada", pool="eu"))
        assert await other.engine.spaces() == []
        assert await other.find(Bot.idle) == []


def as_user(url: str, user: str) -> str:
    return url.replace(f":{password_of(url)}@", f"{user}:pw@")
