"""`tenure up` as a real process: what it prints, what it serves, and that it ends."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from tests.cli.serving import PATIENCE_SECONDS, PATIENT, SECONDS_TO_END, SECONDS_TO_START, Start, until
from tests.services.battles.serving import Socket, a_battle
from websockets.asyncio.client import connect

from tenure.services.meetings.runtimes import proc


def test_it_says_where_it_is_and_serves_at_once(up: Start, tmp_path: Path) -> None:
    server = up()
    # What the store does not answer within two seconds is no good health, and a slow machine has such seconds.
    health = until(lambda: (found := server.call("/health"))[0] == 200 and found[1])
    assert (health["status"], health["reasons"]) == ("ok", [])
    assert list(health["services"]) == ["bots", "trivia", "battles", "games"]
    assert server.printed.count("curl ") == 3
    assert f"dashboard     {server.address}/" in server.printed
    key_file = tmp_path / "tenure-data" / "admin.key"
    assert key_file.read_text().strip() == server.key
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    assert server.end() < SECONDS_TO_END
    assert server.process.returncode == 0


def test_what_it_prints_to_try_works(up: Start) -> None:
    server = up()
    commands = [line.strip() for line in server.printed.splitlines() if line.strip().startswith("curl")]
    assert "/admin/users" in commands[0]
    assert "/admin/users/1/tokens" in commands[1]
    assert "/bots" in commands[2]
    assert '-H "X-Admin-API-Key: $(cat tenure-data/admin.key)"' in commands[0]
    server.ask_for_a_bot()


def test_ctrl_c_ends_it_and_its_bots(up: Start) -> None:
    server = up()
    bot = server.ask_for_a_bot()
    assert server.end() < SECONDS_TO_END
    assert server.process.returncode == 0
    assert server.bots() == []
    assert proc.started(bot) is None


def test_a_bot_that_hangs_does_not_hold_up_the_end(up: Start) -> None:
    server = up()
    bot = server.ask_for_a_bot()
    os.kill(bot, signal.SIGSTOP)
    assert server.end() < SECONDS_TO_END
    assert server.bots() == []


def test_a_second_ctrl_c_ends_it_at_once(up: Start) -> None:
    server = up(program=PATIENT)
    os.kill(server.ask_for_a_bot(), signal.SIGSTOP)
    server.process.send_signal(signal.SIGINT)
    until(lambda: "stopping" in server.log.read_text())
    assert server.end() < SECONDS_TO_END
    assert server.process.returncode == -signal.SIGINT
    assert "Traceback" not in server.log.read_text()


def test_open_streams_do_not_hold_up_the_end(up: Start) -> None:
    server = up()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(f"{server.address}/dashboard/login", f"key={server.key}".encode()):
        pass
    with opener.open(f"{server.address}/dashboard/live", timeout=PATIENCE_SECONDS) as stream:
        assert stream.readline() == b"event: counts\n"
        assert server.end() < SECONDS_TO_END


def test_sigterm_with_keep_leaves_the_bots_alive(up: Start) -> None:
    server = up("--keep")
    bot = server.ask_for_a_bot()
    assert server.end(signal.SIGTERM) < SECONDS_TO_END
    assert server.bots() == [bot]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["sigterm", "closed-terminal"])
def test_sigterm_without_keep_and_a_closed_terminal_end_the_bots(up: Start, number: signal.Signals) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have no terminal
    try:
        server = up()
    finally:
        signal.signal(signal.SIGHUP, before)
    server.ask_for_a_bot()
    assert server.end(number) < SECONDS_TO_END
    assert server.bots() == []


def test_the_key_outlives_the_server(up: Start) -> None:
    first = up()
    first.end()
    assert up().key == first.key


def test_the_key_of_the_environment_is_neither_printed_nor_kept(up: Start, tmp_path: Path) -> None:
    server = up(TENURE_ADMIN_KEY="a-key-of-the-environment")
    assert "a-key-of-the-environment" not in server.printed
    assert server.call("/api/kinds", X_Admin_API_Key="a-key-of-the-environment")[0] == 200
    assert server.call("/api/kinds", X_Admin_API_Key="another")[0] == 401
    assert not (tmp_path / "tenure-data" / "admin.key").exists()


def test_log_lines_are_json_and_hold_no_key(up: Start) -> None:
    server = up("--json-logs", "--log-level", "debug")
    server.call(f"/api/kinds?key={server.key}", X_Admin_API_Key=server.key)
    server.call("/bots", {"key": server.key}, X_API_Key=server.key)
    server.end()
    lines = server.log.read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines if "stopping" in line] == ["stopping"]
    assert server.key not in server.log.read_text()


def test_host_port_store_and_data_are_honoured(up: Start, tmp_path: Path) -> None:
    with a_free_port() as port:
        server = up("--data", "here", HOST="127.0.0.1", PORT=str(port), TENURE_STORE=f"sqlite://{tmp_path}/own.db")
        assert server.address == f"http://127.0.0.1:{port}"
    assert (tmp_path / "own.db").exists()
    assert (tmp_path / "here" / "admin.key").exists()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "tenure.cli", "up", "--data", str(tmp_path / "data"), "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_TO_START)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"tenure: port {port} of 127.0.0.1 is taken by another program: end that one, "
        f"or take another port with --port or PORT\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "code"), [("PORT", "http", 2), ("PORT", "70000", 2), ("HOST", "no.such.host.invalid", 1)]
)
def test_a_wrong_address_is_told(tmp_path: Path, name: str, value: str, code: int) -> None:
    settings = {**os.environ, name: value}
    command = [sys.executable, "-m", "tenure.cli", "up", "--data", str(tmp_path / "data")]
    ended = subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=SECONDS_TO_START)
    assert ended.returncode == code
    assert ended.stderr.count("\n") == 1


def test_own_kinds_are_served_beside_the_services(up: Start, tmp_path: Path) -> None:
    (tmp_path / "lamps.py").write_text(
        "from tenure import End, Lifecycle, State, seconds\n"
        "class Lamp(Lifecycle):\n    on = State(initial=True)\n    off = End()\n"
        "    dim = on.to(off, after=seconds(0.3))\n"
    )
    server = up("--module", "lamps")
    create = [sys.executable, "-m", "tenure.cli", "create", "Lamp", "l", "--module", "lamps"]
    subprocess.run(create, cwd=tmp_path, check=True, capture_output=True)
    until(lambda: server.call("/api/records/Lamp/l", X_Admin_API_Key=server.key)[1]["state"] == "off")


KINDS = """
from tenure import Lifecycle, State, End
class {name}(Lifecycle):
    colour: str = "red"
    on = State(initial=True)
    off = End()
    dim = on.to(off)
"""


def test_a_service_whose_kinds_are_taken_is_left_out_and_the_others_run(up: Start, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(KINDS.format(name="Bot"))
    server = up("--module", "mine")
    assert re.search(r"without bots +--module has a kind Bot of its own\n", server.printed)
    assert "bots" not in server.services()
    assert server.call("/services/bots/ready")[0] == 404
    assert server.call("/bots/status", X_API_Key="x")[0] == 401


def test_a_store_of_another_program_is_left_as_it_is(up: Start, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(KINDS.format(name="Bot"))
    store = f"sqlite://{tmp_path}/mine.db"
    create = [sys.executable, "-m", "tenure.cli", "create", "Bot", "b", "--module", "mine", "--store", store]
    subprocess.run(create, cwd=tmp_path, check=True, capture_output=True)
    server = up("--store", store)
    assert re.search(r"without bots +the store has another kind Bot\n", server.printed)
    assert server.call("/api/records/Bot/b", X_Admin_API_Key=server.key)[1]["state"] == "on"
    server.end()
    serve = [sys.executable, "-m", "tenure.cli", "serve", "bots", "--port", "0", "--store", store]
    ended = subprocess.run(serve, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=SECONDS_TO_START)
    assert ended.returncode == 1
    assert ended.stderr == "tenure: bots can't be served here: the store has another kind Bot: give it another store\n"


def test_services_have_their_places_and_one_alone_is_at_the_root(up: Start) -> None:
    together, alone = up(), up("--data", "other", command=("serve", "bots"))
    for server, path in ((together, "/services/bots"), (alone, "")):
        admin = {"X_Admin_API_Key": server.key}
        assert server.call(f"{path}/ready") == (200, {"ready": True, "reasons": []})
        assert server.call(f"{path}/pools", **admin) == (200, {"pools": [], "next": None})
        assert server.call(f"{path}/pools")[0] == 401
        assert f"{server.address}{path}/console/" in server.printed
        assert server.services()["bots"]["manager"]["here"] in (True, False)
    assert together.call("/bots/status")[0] == 401  # meetings
    assert alone.call("/bots/status", X_Admin_API_Key=alone.key)[0] == 404
    assert alone.call("/meetings")[0] == 404
    commands = [line.strip() for line in alone.printed.splitlines() if line.strip().startswith(("curl", "tenure "))]
    assert len(commands) == 4
    assert alone.end() < SECONDS_TO_END
    assert together.end() < SECONDS_TO_END


def test_a_question_is_asked_answered_and_counted_by_a_server_that_has_only_trivia(up: Start, tmp_path: Path) -> None:
    server = up(command=("serve", "trivia"))
    admin = {"X_Admin_API_Key": server.key}
    assert f"{server.address}/play/" in server.printed
    until(lambda: server.call("/guilds/home/channels", **admin)[0] == 200)
    quiz = {"name": "quiz", "channel": "general", "schedule": "0 0 29 2 *"}
    status, made = server.call("/guilds/home/registrations", quiz, **admin)
    assert status == 201
    game = server.call(f"/registrations/{made['id']}/post", {}, **admin)[1]["id"]
    until(lambda: server.call(f"/games/{game}", **admin)[1]["state"] == "open")
    key = (tmp_path / "tenure-data" / "trivia.key").read_text().strip()
    answer = {"member": "7", "name": "Ada", "choice": "A"}
    assert server.call(f"/games/{game}/answers", answer, X_API_Key=key)[1]["code"] == "SUBMITTED"
    assert server.call(f"/games/{game}/close", {}, **admin)[0] == 200
    until(lambda: server.call(f"/games/{game}", **admin)[1]["state"] == "archived")
    assert server.call("/guilds/home/leaderboard", X_API_Key=key)[1]["places"][0]["answered"] == 1
    assert server.services()["trivia"]["chats"] == {"web": {"trouble": ""}}
    assert server.end() < SECONDS_TO_END
    assert key not in server.log.read_text()


async def test_a_battle_is_played_on_a_server_that_has_only_battles(up: Start, tmp_path: Path) -> None:
    server = up(command=("serve", "battles"))
    key = (tmp_path / "tenure-data" / "battles.key").read_text().strip()
    until(lambda: server.call("/ready")[0] == 200)
    async with AsyncExitStack() as stack:
        sockets = []
        for player in ("ada", "bob"):
            status, made = server.call("/tokens", {"player": player}, X_API_Key=key)
            assert status == 201
            url = f"{server.address.replace('http', 'ws')}/socket?token={made['token']}"
            sockets.append(Socket(await stack.enter_async_context(connect(url, ping_interval=None))))
            assert (await sockets[-1].hear())["type"] == "welcome"
        battle = await a_battle(sockets[0], sockets[1])
        until(lambda: server.call(f"/battles/{battle.id}", X_API_Key=key)[1]["state"] == "running")
        await battle.to_its_end()
        end = await sockets[0].hear("end")
        # Whether it hears is tried now and then.
        health = until(lambda: (found := server.call("/health")[1]).get("hears") and found)
        assert (health["redis"], health["details"]["activeSocketMappings"]) == (True, 2)
    shown = server.call(f"/battles/{battle.id}", X_API_Key=key)[1]
    assert (shown["state"], shown["players"], shown["places"]) == ("over", end["players"], end["places"])
    assert server.end() < SECONDS_TO_END
    assert server.process.returncode == 0
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "token=" not in log
    assert key not in log


async def test_a_server_that_stops_sends_its_players_to_another_one(up: Start, tmp_path: Path) -> None:
    server = up()
    at = f"{server.address}/services/battles"
    until(lambda: server.call("/services/battles/ready")[0] == 200)
    key = (tmp_path / "tenure-data" / "battles.key").read_text().strip()
    token = server.call("/services/battles/tokens", {"player": "ada"}, X_API_Key=key)[1]["token"]
    async with connect(f"{at.replace('http', 'ws')}/socket?token={token}", ping_interval=None) as connection:
        socket = Socket(connection)
        assert (await socket.hear())["type"] == "welcome"
        assert "tenure_battles_players 1.0" in server.read("/metrics")
        assert "Battles</h1>" in server.read("/services/battles/console/")
        server.process.send_signal(signal.SIGTERM)
        assert (await socket.closed())[0] == 1012
    assert server.end() < SECONDS_TO_END
    assert "Traceback" not in server.log.read_text()


def test_a_server_with_wrong_packs_does_not_start_and_says_where_they_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "cheese.yaml").write_text("category: cheese\nquestions:\n- {question: Which?}\n")
    settings = {**os.environ, "TENURE_TRIVIA_PACKS": str(tmp_path), "TENURE_DATA": str(tmp_path / "data")}
    ended = subprocess.run(
        [sys.executable, "-m", "tenure.cli", "serve", "trivia", "--port", "0"],
        cwd=tmp_path, env=settings, capture_output=True, text=True, check=False, timeout=SECONDS_TO_START,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "wrong in the packs of TENURE_TRIVIA_PACKS, at first cheese.yaml:3: " in ended.stderr


@contextmanager
def a_free_port() -> Iterator[int]:
    """Give a port that nobody else is given meanwhile: it is bound, and who wants it by number may listen on it."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
