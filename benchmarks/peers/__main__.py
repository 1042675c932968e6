"""Measures each peer in turn with `move` on the peer's own store, in alternating rounds. Run by `make bench`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from benchmarks.report import Result, save

from tenure.benchmarks.machine import folder_on_disk
from tenure.servers import start_postgres, start_valkey

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LONGEST_SECONDS = 120
NODE = "bullmq"
HOW = """Each in the best configuration that its documentation gives or that was found here, and on this machine; a step
is what comes nearest to one durable transition. `move` ran on the peer's own store (or in memory, where the peer keeps
nothing), in the same minute, by 512 callers; stores wait for the disk as above. They are other things than Tenure,
made for other ends: the ratio says what a step costs there, not what they are worth. For queues, one job counts once,
though it is added, taken and completed: three changes of a state."""


@dataclass(frozen=True)
class Peer:
    """What is compared: its program, its store, what its step is, and the ratio that is wanted."""

    name: str
    program: str
    store: str
    step: str
    goal: str = ""


PEERS = (
    Peer("DBOS, PostgreSQL", "dbos", "postgres", "a workflow of one step, 64 at once, a pool of 20", "≥ 50"),
    Peer("DBOS, SQLite", "dbos", "sqlite", "a workflow of one step, 64 at once, a pool of 20", "≥ 50"),
    Peer(
        "SQLAlchemy, PostgreSQL",
        "sqlalchemy",
        "postgres",
        "a row read and changed under `version_id_col`, and a row for the event, in one transaction; a pool of 16",
        "≥ 20",
    ),
    Peer("SQLAlchemy, SQLite", "sqlalchemy", "sqlite", "the same, on one connection (aiosqlite)", "≥ 20"),
    Peer("procrastinate", "procrastinate", "postgres", "a job, deferred 500 at a time, 16 run at once by one worker"),
    Peer("pgqueuer", "pgqueuer", "postgres", "a job, added 1,000 at a time, taken and completed 500 at a time", "≥ 3"),
    Peer("BullMQ", NODE, "valkey", "a job, added 1,000 at a time, 512 at once by one worker (Node.js)", "≥ 5"),
    Peer("python-statemachine", "statemachine", "memory", "a transition in memory, nothing is kept"),
    Peer("transitions", "transitions", "memory", "a transition in memory, nothing is kept"),
)
PACKAGES = ("dbos", "sqlalchemy", "procrastinate", "pgqueuer", "python-statemachine", "transitions")


class Stores:
    """Where peers and Tenure keep what they do: of each kind of store one, where each has a part of its own."""

    def __init__(self, folder: Path, postgres: str, valkey: str) -> None:
        self._folder, self._postgres, self._valkey = folder, postgres.rpartition("/")[0], valkey

    def url(self, store: str, program: str, number: int) -> str:
        """Give the URL of a program's part."""
        match store:
            case "postgres":
                return f"{self._postgres}/{program}"
            case "valkey":
                return f"{self._valkey}/{number}"
            case "sqlite":
                return f"sqlite://{self._folder}/{program}.db"
            case _:
                return "sqlite:"

    async def make_databases(self, names: Sequence[str]) -> None:
        """Make a database of PostgreSQL for each."""
        connection = await asyncpg.connect(f"{self._postgres}/postgres")
        for name in names:
            await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()


@contextlib.contextmanager
def stores() -> Iterator[Stores]:
    """Start the servers."""
    folder = Path(tempfile.mkdtemp(prefix="tenure-peers-", dir=folder_on_disk()))
    folder.chmod(0o711)
    try:
        with start_postgres(folder / "postgres") as postgres, start_valkey(folder / "valkey") as valkey:
            yield Stores(folder, postgres.url, valkey.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class CannotRun(Exception):  # noqa: N818  it says what is the case
    """A peer can't be measured here."""


@contextlib.contextmanager
def node_folder() -> Iterator[Path]:
    """Install what runs on Node.js into a scratch folder. Raises `CannotRun`."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        raise CannotRun("it needs node and npm, which are not here")
    with tempfile.TemporaryDirectory(prefix="tenure-node-") as folder:
        for name in ("package.json", f"{NODE}.mjs"):
            shutil.copy(HERE / name, folder)
        options = ["--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        done = subprocess.run([npm, "install", *options], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotRun(f"npm could not install it: {done.stderr.strip()[-200:]}")
        yield Path(folder)


def rate_of(command: Sequence[str], folder: Path) -> float:
    """Run a program, and give the steps a second that it tells in its last line."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise CannotRun(f"{' '.join(command[:3])} ended with code {done.returncode}: {done.stderr.strip()[-500:]}")
    return float(json.loads(lines[-1])["per_s"])


def one_round(peer: Peer, places: Stores, folder: Path, seconds: float) -> dict[str, float]:
    """Run a peer and Tenure, one after the other."""
    own, ours = places.url(peer.store, peer.program, 1), places.url(peer.store, "ours", 0)
    python = [sys.executable, "-m"]
    program = ["node", f"{NODE}.mjs"] if peer.program == NODE else [*python, f"benchmarks.peers.{peer.program}"]
    step = rate_of([*program, own, str(seconds)], folder)
    move = rate_of([*python, "benchmarks.peers.ours", ours, str(seconds)], ROOT)
    return {f"peer {peer.name}": step, f"ours {peer.name}": move, f"ratio {peer.name}": move / step}


def measure(peers: Sequence[Peer], rounds: int, seconds: float) -> None:
    """Measure peers, and write the results."""
    said = {name: importlib.metadata.version(name) for name in PACKAGES}
    said |= json.loads((HERE / "package.json").read_text())["dependencies"]
    result = Result.plain("peers", "Beside others", {**said, "how": HOW})
    found: list[dict[str, float]] = [{} for _ in range(rounds)]
    with stores() as places, contextlib.ExitStack() as stack:
        asyncio.run(places.make_databases(["ours", *{peer.program for peer in peers if peer.store == "postgres"}]))
        for peer in peers:
            result.said[peer.name] = peer.step
            try:
                folder = stack.enter_context(node_folder()) if peer.program == NODE else ROOT
                all_rounds = [one_round(peer, places, folder, seconds) for _ in found]
            except CannotRun as error:
                print(f"{peer.name} is skipped: {error}", flush=True)
                result.said[f"skipped {peer.name}"] = f"{peer.name}: {error}"
            else:
                for figures, its in zip(found, all_rounds, strict=True):
                    figures.update(its)
    measured = {f"ratio {peer.name}": peer.goal for peer in peers if peer.goal and f"ratio {peer.name}" in found[0]}
    save(result, found, measured)


def main() -> None:
    """Measure the peers that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join({peer.program for peer in PEERS}))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    chosen = [peer for peer in PEERS if not options.programs or peer.program in options.programs]
    measure(chosen, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
