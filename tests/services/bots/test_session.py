"""A whole session with `tenure serve bots` and a runner, each a process of its own, over real HTTP."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from tests.cli.serving import Start, Up, up

__all__ = ["up"]

Json = dict[str, Any]
PATIENCE_SECONDS = 60


class Game:
    """A game's backend, which lets people join, and what these see of the local game."""

    def __init__(self, server: Up, folder: Path) -> None:
        self.url, self._http = server.address, requests.Session()
        self._admin = {"X-Admin-API-Key": server.key}
        self._backend = {"X-API-Key": (folder / "tenure-data" / "bots.key").read_text().strip()}

    def close(self) -> None:
        self._http.close()

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(method, self.url + path, body, self._admin)

    def backend(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(method, self.url + path, body, self._backend)

    def _call(self, method: str, url: str, body: Any, headers: dict[str, str]) -> Any:
        answer = self._http.request(method, url, json=body, headers=headers, timeout=PATIENCE_SECONDS)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def news(self, ticket: Json, state: str, *, room: bool = False) -> Json:
        """Poll a ticket until it has come to a state, and its match has a room if that is wanted."""
        while ticket["state"] != state or (room and not ticket["match"]["room"]):
            ticket = self.backend("GET", f"/tickets/{ticket['id']}?wait=20&seen={ticket['cursor']}")
        return ticket

    def join_and_accept(self, *players: str) -> list[Json]:
        tickets = [self.backend("POST", "/tickets", {"pool": "duel-eu", "players": [p]}) for p in players]
        for ticket in [self.news(ticket, "matched") for ticket in tickets]:
            self.backend("POST", f"/tickets/{ticket['id']}/accept", {"match": ticket["match"]["id"]})
        return [self.news(ticket, "playing", room=True) for ticket in tickets]

    def play(self, ticket: Json, number: int) -> None:
        """Choose the same number in every round, until the duel is over."""
        room, key = ticket["match"]["room"], {"Authorization": f"Bearer {ticket['seat_key']}"}
        table = self._call("GET", room, None, key)
        for turn in range(1, table["rounds"] + 1):
            move = {"seat": ticket["seat"], "round": turn, "number": number}
            table = self._call("POST", f"{room}/moves", move, key)
            while table["state"] == "playing" and len(table["played"]) < turn:
                table = self._call("GET", f"{room}?seen={table['version']}", None, key)


@contextmanager
def a_runner(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tenure.cli", "bots", "runner", "--log-level", "error"]
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            yield
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()


def test_people_join_accept_play_and_are_rated_and_a_bot_fills_in(up: Start, tmp_path: Path) -> None:
    server = up(command=("serve", "bots"), TENURE_BOTS_PLAYS="0")
    game = Game(server, tmp_path)
    rules = {"tolerance": 400, "stand_ins_after_seconds": 0}
    pool = {"id": "duel-eu", "mode": "duel", "region": "eu", "max_deployed": 1, "rules": rules}
    game.admin("POST", "/pools", pool)
    game.admin("POST", "/bots", {"pool": "duel-eu", "ids": ["rex"]})

    ada, bob = game.join_and_accept("ada", "bob")
    assert ada["match"]["id"] == bob["match"]["id"]
    for number in range(1, 6):
        for ticket, chosen in ((ada, 9), (bob, 5)):
            move = {"seat": ticket["seat"], "round": number, "number": chosen}
            key = {"Authorization": f"Bearer {ticket['seat_key']}"}
            game._call("POST", f"{ticket['match']['room']}/moves", move, key)
    over = game.news(ada, "played")
    assert sorted(over["match"]["places"]) == [1, 2]

    with a_runner(tmp_path):
        (eve,) = game.join_and_accept("eve")
        assert ["rex"] in [team[0]["players"] for team in eve["match"]["teams"]]
        game.play(eve, 9)
        game.news(eve, "played")

    best = game.backend("GET", "/leaderboard?mode=duel")["players"]
    assert {p["player"] for p in best} == {"ada", "bob", "eve", "rex"}
    ratings = {p["player"]: p for p in best}
    assert ratings["ada"]["rating"] > 1500 > ratings["bob"]["rating"]
    assert {p: ratings[p]["played"] for p in ratings} == dict.fromkeys(ratings, 1)
    quality = game.backend("GET", "/quality?pool=duel-eu")
    assert (quality["matches"], quality["stand_ins"], quality["settled"]) == (2, 1, 2)
    assert game.backend("GET", "/pools/duel-eu")["counts"].get("matches", {}) == {}
    game.close()
    data = tmp_path / "tenure-data"
    keys = [(data / name).read_text().strip() for name in ("admin.key", "bots.key", "game.key")]
    log = server.log.read_text()
    assert not [key for key in [*keys, ada["seat_key"]] if key in log]
