"""How the runtime of bots is chosen: what each setting means, and what is said of one that means nothing."""

import json
import re
from pathlib import Path

import pytest

from tenure import TenureError
from tenure.services.meetings.runtimes.choosing import BOT, open_runtime
from tenure.services.meetings.runtimes.containers import Containers
from tenure.services.meetings.runtimes.processes import Processes
from tenure.services.meetings.runtimes.settings import Address, Runtimes
from tenure.services.meetings.settings import Settings

ROOT = Path(__file__).parents[3]
RUNTIME = "TENURE_MEETINGS_RUNTIME"


@pytest.mark.parametrize("chosen", ["", "process"])
def test_bots_are_processes_unless_something_else_is_chosen(tmp_path: Path, chosen: str) -> None:
    assert isinstance(open_runtime(Runtimes.read({RUNTIME: chosen}), tmp_path), Processes)


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({RUNTIME: "docker+unix:///run/podman/podman.sock"}, Address(socket=Path("/run/podman/podman.sock"))),
        ({RUNTIME: "docker+tcp://10.0.0.1:2375"}, Address(url="http://10.0.0.1:2375")),
        ({RUNTIME: "docker+tcp://[::1]:2375/"}, Address(url="http://[::1]:2375")),
        (
            {RUNTIME: "docker+tcp://engine:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certificates"},
            Address(url="https://engine:2376", certificates=Path("/certificates")),
        ),
        ({RUNTIME: "docker", "DOCKER_HOST": "unix:///a.sock"}, Address(socket=Path("/a.sock"))),
        ({RUNTIME: "docker", "DOCKER_HOST": "tcp://engine:2375"}, Address(url="http://engine:2375")),
    ],
)
def test_an_address_is_read(environment: dict[str, str], address: Address) -> None:
    assert Runtimes.read(environment).address == address


def test_docker_alone_is_a_socket_of_this_machine(tmp_path: Path) -> None:
    chosen = Runtimes.read({RUNTIME: "docker"})
    assert chosen.address is not None
    assert chosen.address.socket in (Path("/var/run/docker.sock"), Path("/run/podman/podman.sock"))
    assert isinstance(open_runtime(chosen, tmp_path), Containers)


@pytest.mark.parametrize(
    "chosen",
    ["podman", "docker+unix://", "docker+unix://host/path", "docker+tcp://", "docker+ssh://engine", "docker+tcp://h/x"],
)
def test_what_names_no_runtime_is_refused_with_what_may_stand_there(chosen: str) -> None:
    with pytest.raises(TenureError, match=rf"{RUNTIME} is '{re.escape(chosen)}': it may be `process`, `docker`"):
        Runtimes.read({RUNTIME: chosen})


def test_a_host_that_is_not_spoken_to_is_refused() -> None:
    with pytest.raises(TenureError, match="docker\\+ssh://engine"):
        Runtimes.read({RUNTIME: "docker", "DOCKER_HOST": "ssh://engine"})


def test_how_containers_are_made_is_read() -> None:
    docker = {RUNTIME: "docker"}
    made = Runtimes.read(docker).made
    assert (made.image, made.network, made.memory, made.cpus) == ("tenure-meetings-bot", "", 2 << 30, 2.0)
    named = {"BOT_IMAGE_NAME": "mine:2", "DOCKER_NETWORK": "bots"}
    limits = {"TENURE_MEETINGS_BOT_MEMORY": "512M", "TENURE_MEETINGS_BOT_CPUS": "0.5", "TENURE_MEETINGS_BOT": "http"}
    made = Runtimes.read({**docker, **named, **limits, "SECRET": "x"}).made
    assert (made.image, made.network, made.memory, made.cpus) == ("mine:2", "bots", 512 << 20, 0.5)
    assert made.environment == {"TENURE_MEETINGS_BOT": "http"}
    none = {"TENURE_MEETINGS_BOT_MEMORY": "0", "TENURE_MEETINGS_BOT_CPUS": "0"}
    made = Runtimes.read({**docker, **none}).made
    assert (made.memory, made.cpus) == (None, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [("MEMORY", "much"), ("MEMORY", "1m"), ("MEMORY", "-1"), ("MEMORY", ""), ("CPUS", "all"), ("CPUS", "-1")],
)
def test_a_limit_that_is_none_is_refused_with_what_may_stand_there(name: str, text: str) -> None:
    with pytest.raises(TenureError, match=rf"TENURE_MEETINGS_BOT_{name} is '{text}': it may be"):
        Runtimes.read({RUNTIME: "docker", f"TENURE_MEETINGS_BOT_{name}": text})


def settings(folder: Path, base_url: str, **environment: str) -> Settings:
    return Settings.read({RUNTIME: "docker", **environment}, base_url=base_url, admin_key="key", folder=folder)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_a_server_that_no_container_reaches_does_not_start(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(TenureError, match=r"TENURE_MEETINGS_CALLBACK_URL=.*DOCKER_NETWORK=host"):
        settings(tmp_path, base_url)
    assert settings(tmp_path, base_url, DOCKER_NETWORK="host").callback_url.startswith(base_url)
    assert settings(tmp_path, "http://10.0.0.1:8000").callback_url.startswith("http://10.0.0.1:8000/")


def test_bots_are_told_where_they_reach_the_server_and_people_where_they_do(tmp_path: Path) -> None:
    found = settings(
        tmp_path, "http://127.0.0.1:8000", TENURE_MEETINGS_CALLBACK_URL="http://host.docker.internal:8000/"
    )
    assert found.callback_url == "http://host.docker.internal:8000/bots/internal/callback"
    assert found.page_url_for_bots == "http://host.docker.internal:8000/local-meeting"
    assert found.page_url == "http://127.0.0.1:8000/local-meeting"


def test_the_image_is_made_of_what_is_there_and_pinned_and_starts_the_bot_without_rights() -> None:
    lines = (ROOT / "images/meetings-bot/Containerfile").read_text().replace("\\\n", " ").splitlines()
    parts = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    steps = [(word, rest) for word, _, rest in parts]
    copied = [path for word, rest in steps if word == "COPY" for path in rest.split()[:-1]]
    assert copied
    assert all((ROOT / path).exists() for path in copied)
    allowed = (ROOT / "images/meetings-bot/Containerfile.dockerignore").read_text()
    assert all(f"!{path.rstrip('/')}\n" in allowed for path in copied)
    installs = [part for word, rest in steps if word == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert all("--require-hashes" in part or "--no-deps ." in part for part in installs)
    said = dict(steps)
    assert tuple(json.loads(said["ENTRYPOINT"]))[1:] == BOT[1:]
    assert said["USER"].split(":")[0] not in ("0", "root")
