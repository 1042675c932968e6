"""`tenure battles …` directly on a store: what each command prints, and its exit code where it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.services.battles.making import Node
from tests.services.battles.operating import SEED

import tenure
from tenure import Store, hours, seconds, testing
from tenure.cli.application import run
from tenure.services.battles.kinds import kinds
from tenure.services.battles.lifecycle import Battle, Instance
from tenure.services.battles.rules.known import ALL_RULES
from tenure.services.battles.sockets.tokens import Tokens

HAPPENED = ["create", "confirm", "start", "take", "say"]
"""What happens in the battle of these tests."""

OK, FAILED, USAGE, REFUSED, UNAVAILABLE = 0, 1, 2, 3, 4


class Battles:
    """Calls commands with --json on a store of its own; gives the exit code, what was printed, and the error."""

    def __init__(self, folder: Path, printed: pytest.CaptureFixture[str]) -> None:
        self.url, self._printed = f"sqlite://{folder}/battles.db", printed

    def __call__(self, *arguments: str, json: bool = True) -> tuple[int, Any, str]:
        self._printed.readouterr()
        code = run(["battles", *arguments, "--store", self.url, *(["--json"] if json else [])])
        out, err = self._printed.readouterr()
        return code, [msgspec.json.decode(line) for line in out.splitlines()] if json else out, err

    def on_store(self, work: Callable[[Store], Awaitable[Any]]) -> Any:
        """Let something happen in the store, as servers would."""

        async def act() -> Any:
            async with tenure.open(self.url, *kinds) as store:
                return await work(store)

        return asyncio.run(act())


@pytest.fixture
def battles(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Battles:
    monkeypatch.chdir(tmp_path)
    for name in ("TENURE_STORE", "TENURE_DATA", "TENURE_BATTLES_TOKEN_KEY"):
        monkeypatch.delenv(name, raising=False)
    return Battles(tmp_path, capsys)


async def furnish(store: Store) -> str:
    """Let two play at an instance, and a third one wait; give the battle's id."""
    node = Node(store.acting("node 1"), ALL_RULES, host="here.example", pid=7)
    node.service.offers._new_seed = lambda: SEED
    made = await store.apply(Instance.create("i1", host="here.example", pid=7))
    node.presence._claim = made.claim
    for player in ("ann", "bob"):
        await node.waiting(player)
    matcher = node.service.matchmaking.matchers["wizards"]
    await matcher.once()
    (battle,) = await store.find(Battle.offered)
    for player in battle.players:
        await node.queue.confirm(player, battle.id)
    await node.waiting("kim", level=4)
    await store.apply(Battle.take(battle.id, instance="i1"))
    await node.playing.say(battle.id, "ann", "good luck", number="n1")
    return battle.id


def test_no_command_makes_a_store(battles: Battles) -> None:
    for command in (["list"], ["instances"], ["queue"], ["health"], ["cleanup"], ["show", "b"], ["drain", "i"]):
        code, _, err = battles(*command)
        assert (code, "there is no store at" in err) == (UNAVAILABLE, True), command


def test_a_battle_is_shown_with_its_seats_and_timeline_but_never_its_board(battles: Battles) -> None:
    id = battles.on_store(furnish)
    code, (listed,), _ = battles("list")
    assert (code, listed["id"], listed["state"], listed["players"]) == (OK, id, "running", ["ann", "bob"])
    assert [b["id"] for b in battles("list", "--state", "running", "--limit", "1")[1]] == [id]
    assert battles("list", "--state", "over")[1] == []
    assert battles("list", "--state", "lost")[0] == USAGE
    (shown,) = battles("show", id)[1]
    assert [(seat["player"], seat["state"]) for seat in shown["seats"]] == [("ann", "present"), ("bob", "present")]
    names = [one["name"] for one in shown["timeline"]]
    assert names == HAPPENED
    assert shown["timeline"][-2]["instance"] == "i1"
    assert shown["timeline"][-1]["fields"] == {"player": "ann", "text": "good luck", "number": "n1"}
    for form in (battles("show", id)[1], battles("show", id, json=False)[1], battles("list")[1]):
        assert str(SEED) not in str(form)
        assert "seed" not in str(form)
    assert [one["version"] for one in battles("show", id, "--limit", "1")[1][0]["timeline"]] == [len(HAPPENED)]
    assert battles("show", "none")[0] == USAGE


def test_what_happens_is_watched_in_one_battle_or_in_all(battles: Battles) -> None:
    id = battles.on_store(furnish)
    for command in (
        ["watch", id, "--after", "0", "--limit", str(len(HAPPENED))],
        ["watch", "--after", "0", "--limit", str(len(HAPPENED))],
    ):
        code, told, _ = battles(*command)
        assert code == OK
        assert [(one["battle"], one["name"]) for one in told] == [(id, name) for name in HAPPENED]
        assert str(SEED) not in str(told)
        assert str(SEED) not in battles(*command, json=False)[1]
    assert battles("watch", "none")[0] == USAGE


def test_instances_and_queues_are_listed(battles: Battles) -> None:
    battles.on_store(furnish)
    (instance,) = battles("instances")[1]
    assert {name: instance[name] for name in ("id", "state", "host", "pid", "sockets", "battles")} == {
        "id": "i1", "state": "up", "host": "here.example", "pid": 7, "sockets": 3, "battles": 1,
    }  # fmt: skip
    assert instance["lease_until"] > instance["beaten_at"]
    (queue,) = battles("queue")[1]
    assert (queue["mode"], queue["waiting"], queue["more"]) == ("wizards", 1, False)
    assert [(level["level"], level["players"]) for level in queue["levels"]] == [(4, 1)]
    assert "wizards: 1 waiting, matched by matcher@node 1" in battles("queue", json=False)[1]
    assert battles("drain", "i1")[1][0]["state"] == "draining"
    assert battles("drain", "i1")[0] == REFUSED
    assert battles("drain", "none")[0] == USAGE


def test_a_battle_is_broken_off_once_with_a_reason(battles: Battles) -> None:
    id = battles.on_store(furnish)
    assert battles("break-off", id, "--reason", "x" * 201)[0] == USAGE
    code, (broken,), _ = battles("break-off", id, "--reason", "power cut")
    assert (code, broken["state"], broken["reason"]) == (OK, "void", "power cut")
    assert battles("break-off", id)[0] == REFUSED
    assert battles("break-off", "none")[0] == USAGE


def test_cleaning_up_only_lists_unless_it_is_told_otherwise(battles: Battles) -> None:
    asyncio.run(die(battles.url))
    code, (found,), _ = battles("cleanup")
    assert (code, found["dry_run"], found["cleaned"]) == (OK, True, 0)
    assert sorted(item["kind"] for item in found["items"]) == ["Battle", *["Connection"] * 3, "Instance"]
    assert all("no sign of life since" in item["reason"] for item in found["items"])
    assert "it was only looked: --no-dry-run cleans up" in battles("cleanup", json=False)[1]
    code, (found,), err = battles("cleanup", "--no-dry-run")
    assert (code, found["dry_run"], found["cleaned"], found["errors"], err) == (OK, False, 5, [], "")
    assert battles("cleanup")[1][0]["items"] == []


async def die(url: str) -> None:
    """Let the instance of a battle have died ten seconds ago, while others swept until a moment ago."""
    async with testing.store(*kinds, url=url, space="main", at=datetime.now(UTC) - timedelta(seconds=10.3)) as store:
        await furnish(store)
        await store.advance(seconds(9.5))
        await store.sweep(hours(1))  # however long the commands take, the time until then is no outage


def test_health_tells_reasons_and_its_exit_code_says_whether_all_is_well(battles: Battles) -> None:
    battles.on_store(furnish)
    code, (seen,), _ = battles("health")
    assert (code, seen["status"], seen["reasons"]) == (OK, "ok", [])
    assert (seen["battles"], seen["tickets"]["waiting"]) == ({"running": 1}, 1)
    battles.on_store(leave_all)
    code, (seen,), err = battles("health")
    assert (code, seen["status"]) == (FAILED, "failing")
    assert seen["reasons"] == ["no instance is up: start a server with this store"]
    assert "no instance is up" in err


async def leave_all(store: Store) -> None:
    await store.apply(Instance.leave((await store.get(Instance, "i1")).claim))


def test_a_token_is_signed_with_the_servers_key_and_no_other_is_made(
    battles: Battles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    battles.on_store(furnish)
    code, _, err = battles("token", "ada")
    assert (code, "there is no key for tokens" in err) == (USAGE, True)
    assert not (tmp_path / "tenure-data").exists()
    (tmp_path / "tenure-data").mkdir()
    (tmp_path / "tenure-data" / "battles-tokens.key").write_text("k" * 32 + "\n")
    made = [battles("token", "ada")[1][0]]
    monkeypatch.setenv("TENURE_BATTLES_TOKEN_KEY", "another-key-with-no-spaces")
    made.append(battles("token", "ada")[1][0])
    now = battles.on_store(lambda store: store.now())
    for key, token in zip(("k" * 32, "another-key-with-no-spaces"), made, strict=True):
        assert Tokens(key.encode()).read(token["token"], now) == "ada"
    assert battles("token", "a b")[0] == USAGE
