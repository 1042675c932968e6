"""`tenure up --engine`: a store of the data folder's own on each engine, its server beside it, and what is told."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Tenure
from tests.cli.serving import SECONDS_TO_END, Start, until
from tests.places import KEPT, SQLITE, reachable_folder

from tenure.servers import running_url

ENGINES = ["sqlite" if engine == SQLITE else engine for engine in KEPT]
OF_SERVERS = [engine for engine in ENGINES if engine != "sqlite"]
TITLES = {"sqlite": "SQLite", "valkey": "Valkey", "postgres": "PostgreSQL"}
LAMPS = """
from tenure import Lifecycle, State, End

class Lamp(Lifecycle):
    on = State(initial=True)
    off = End()
    switch = on.to(off)
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder where also the server of an unprivileged user can be."""
    (tmp_path / "lamps.py").write_text(LAMPS)
    with reachable_folder() as folder:
        yield folder / "data"


def call(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "tenure.cli", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_a_store_of_each_engine_lies_in_the_data_folder_and_is_found_again(
    up: Start, data: Path, tmp_path: Path, engine: str
) -> None:
    own = ("--data", str(data), "--module", "lamps")
    server = up("--engine", engine, *own)
    place = data / ("tenure.sqlite3" if engine == "sqlite" else engine)
    assert f"store         {TITLES[engine]}, in {place}\n" in server.printed
    assert place.exists()
    call(tmp_path, "create", "Lamp", "l", *own)
    assert server.call("/api/records/Lamp/l", X_Admin_API_Key=server.key)[1]["state"] == "on"
    assert server.end() < SECONDS_TO_END
    assert server.process.returncode == 0
    assert running_url(place) is None
    again = up(*own)
    assert TITLES[engine] in again.printed, "the engine that was chosen last"
    assert again.call("/api/records/Lamp/l", X_Admin_API_Key=again.key)[1]["state"] == "on"


@pytest.mark.parametrize("engine", OF_SERVERS)
def test_after_a_kill_the_next_one_starts_on_the_same_data(up: Start, data: Path, tmp_path: Path, engine: str) -> None:
    own = ("--data", str(data), "--module", "lamps")
    server = up("--engine", engine, *own)
    call(tmp_path, "create", "Lamp", "l", *own)
    server.end(signal.SIGKILL)
    again = up(*own)
    assert again.call("/api/records/Lamp/l", X_Admin_API_Key=again.key)[1]["state"] == "on"


@pytest.mark.parametrize("engine", OF_SERVERS)
def test_what_is_printed_and_logged_holds_no_password(up: Start, data: Path, engine: str) -> None:
    server = up("--engine", engine, "--data", str(data), "--log-level", "debug")
    password = (data / engine / "password").read_text()
    until(lambda: server.call("/health")[0] == 200)
    server.end()
    assert password not in server.printed
    assert password not in server.log.read_text()


@pytest.mark.parametrize("engine", ["valkey", "postgres"])
def test_a_store_whose_server_does_not_run_is_told(bare: Tenure, folder: Path, engine: str) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "engine").write_text(f"{engine}\n")
    result = bare("list", "Bot", "--data", str(folder / "data"))
    assert result.code == 4
    assert f"is kept by a {TITLES[engine]} of its own, which does not run: start `tenure up`" in result.err


@pytest.mark.parametrize("place", ["option", "environment"])
def test_an_engine_beside_a_store_of_another_is_wrong_usage(
    bare: Tenure, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    url = "postgresql://me:secret@localhost/database"
    if place == "environment":
        monkeypatch.setenv("TENURE_STORE", url)
    result = bare("up", "--engine", "valkey", *(("--store", url) if place == "option" else ()))
    assert result.code == 2
    assert "--engine valkey starts a store in the data folder, but --store or TENURE_STORE names one of" in result.err
    assert "secret" not in result.err


def test_an_engine_beside_its_own_store_goes_with_it(up: Start, tmp_path: Path) -> None:
    server = up("--engine", "sqlite", "--store", f"sqlite://{tmp_path}/own.db")
    assert f"store         SQLite, in sqlite://{tmp_path}/own.db\n" in server.printed
    assert not (tmp_path / "tenure-data" / "engine").exists()


def test_an_unknown_engine_is_wrong_usage(bare: Tenure) -> None:
    assert bare("up", "--engine", "oracle").code == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a PostgreSQL as another user")
def test_as_root_the_data_folder_lets_in_the_servers_user_alone(up: Start, data: Path) -> None:
    up("--engine", "postgres", "--data", str(data)).end()
    assert data.stat().st_mode & 0o777 == 0o710


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a PostgreSQL as another user")
def test_as_root_a_folder_that_is_closed_to_others_is_told(bare: Tenure) -> None:
    with tempfile.TemporaryDirectory() as closed:
        result = bare("up", "--engine", "postgres", "--data", f"{closed}/data", "--port", "0")
    assert result.code == 4
    assert f"may not enter {closed}" in result.err
