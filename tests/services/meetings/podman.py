"""Podman's service with a storage and a socket of its own, for tests of bots in containers: never the machine's own."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
NEEDED = ("podman", "runc", "catatonit", "conmon")
NEEDS = f"needs root and the programs {', '.join(NEEDED)}: install the packages podman, runc and catatonit"
SHARED = ("/usr", "/lib", "/lib64", "/bin", "/etc/alternatives", "/etc/chromium.d", "/etc/fonts", "/etc/ssl")
BOT_IMAGE, SCRIPT_IMAGE, BROKEN_IMAGE = "localhost/bot", "localhost/script", "localhost/broken"

# It says that it is ready, and ends with 7 on SIGTERM unless it is told to be stubborn.
SCRIPT = r"""
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN if os.environ.get("STUBBORN") else lambda *a: sys.exit(7))
print("hello from", os.environ["TENURE_BOT_NAME"], flush=True)
exec(os.environ.get("DO", ""))
if "EXIT" in os.environ:
    sys.exit(int(os.environ["EXIT"]))
print("ready", flush=True)
while True:
    signal.pause()
"""


def missing() -> bool:
    """Tell whether tests of containers can't run here. Where CI is set they run, and fail for what is missing."""
    there = os.geteuid() == 0 and all(map(shutil.which, NEEDED))
    return not there and not os.environ.get("CI")


class Podman:
    """The service on a socket, and the command for the same storage. All of it lies in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "podman.sock"
        self._service: subprocess.Popen[bytes] | None = None
        self._environment = {**os.environ, **self._configuration()}

    @property
    def url(self) -> str:
        """Where it listens, as the setting of the runtime says it."""
        return f"docker+unix://{self.socket}"

    def start(self) -> None:
        """Start the service, and return when it listens."""
        self.socket.unlink(missing_ok=True)
        with (self.folder / "service.log").open("ab") as log:
            self._service = subprocess.Popen(
                ["podman", "system", "service", "--time", "0", f"unix://{self.socket}"],
                env=self._environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        while not self._listens():
            assert self._service.poll() is None, (self.folder / "service.log").read_text()
            time.sleep(0.005)

    def _listens(self) -> bool:
        """Tell whether somebody can connect: the socket's file is there a moment before that."""
        with socket.socket(socket.AF_UNIX) as asking:
            return asking.connect_ex(str(self.socket)) == 0

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the service; containers run on."""
        if self._service is not None:
            self._service.send_signal(number)
            self._service.wait()
        self._service = None

    def run(self, *command: str, given: bytes | None = None) -> str:
        """Run `podman …`, and give what it printed."""
        done = subprocess.run(
            ["podman", *command],
            env=self._environment,
            cwd=self.folder,
            input=given,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"podman {' '.join(command)}: {done.stderr.decode()}"
        return done.stdout.decode()

    def inspect(self, name: str) -> Any:
        """Give all that is known of a container."""
        return json.loads(self.run("container", "inspect", name))[0]

    def containers(self, state: str = "") -> set[str]:
        """Give the names of all containers, or of those in a state, as the service tells them."""
        connection = http.client.HTTPConnection("localhost")
        with socket.socket(socket.AF_UNIX) as connection.sock:
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/containers/json?all=true")
            found = json.loads(connection.getresponse().read())
        return {one["Names"][0].lstrip("/") for one in found if not state or one["State"] == state}

    def make_image(
        self, name: str, *entrypoint: str, files: dict[str, str] | None = None, user: str = "65534:65534"
    ) -> None:
        """Make an image of these files; programs and libraries are this machine's, mounted read-only."""
        archive = BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for folder in ("tmp", "etc", "proc", "sys", "dev", "run", "var"):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
                tar.addfile(entry)
            for path, text in (files or {}).items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(text.encode()), 0o644
                tar.addfile(entry, BytesIO(text.encode()))
        settings = (f"PYTHONPATH={ROOT / 'src'}", *_settings_of_the_image())
        changes = (f"ENTRYPOINT {json.dumps(entrypoint)}", *(f"ENV {setting}" for setting in settings), f"USER {user}")
        self.run("import", *(f"--change={change}" for change in changes), "-", name, given=archive.getvalue())

    def remove_everything(self) -> None:
        """End all containers and the service."""
        self.run("rm", "--all", "--force", "--time", "0")
        self.stop()
        while any(str(self.folder) in line for line in _command_lines()):
            time.sleep(0.02)  # each container's monitor still cleans up after it

    def _configuration(self) -> dict[str, str]:
        """Write the settings, and give the variables that name them."""
        shared = {Path(path) for path in (*SHARED, sys.base_prefix, sys.prefix, ROOT)}
        mounts = [f"{path}:{path}:ro" for path in sorted(shared) if path.exists()]
        containers, storage = self.folder / "containers.conf", self.folder / "storage.conf"
        containers.write_text(
            f"""
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=500:500"]
volumes = {json.dumps(mounts)}
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{self.folder}/now"
volume_path = "{self.folder}/volumes"
"""
        )
        storage.write_text(
            f"""
[storage]
driver = "vfs"
graphroot = "{self.folder}/storage"
runroot = "{self.folder}/running"
"""
        )
        return {"CONTAINERS_CONF": str(containers), "CONTAINERS_STORAGE_CONF": str(storage)}


def _command_lines() -> Iterator[str]:
    """Give what each process of this machine was started as."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")


def _settings_of_the_image() -> list[str]:
    """Give the settings that the bot's real image has."""
    lines = (ROOT / "images/meetings-bot/Containerfile").read_text().replace("\\\n", " ").splitlines()
    return [setting for line in lines if line.startswith("ENV ") for setting in line.split()[1:]]


@contextmanager
def a_podman(folder: Path | None = None) -> Iterator[Podman]:
    """Run a service with images of the bot, of a script, and of one that can't start; nothing of it is left."""
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="podman-"))  # a short path: sockets are in it
    folder.mkdir(exist_ok=True)
    podman = Podman(folder)
    try:
        podman.start()
        podman.make_image(BOT_IMAGE, sys.executable, "-m", "tenure.services.meetings.bot")
        podman.make_image(SCRIPT_IMAGE, sys.executable, "/script.py", files={"script.py": SCRIPT})
        podman.make_image(BROKEN_IMAGE, sys.executable, user="nobody-knows-him")
        yield podman
    finally:
        podman.remove_everything()
        shutil.rmtree(folder)
