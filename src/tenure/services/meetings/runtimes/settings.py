"""Which runtime bots run in, chosen by a URL: `process`, `docker`, `docker+unix:///PATH`, `docker+tcp://HOST:PORT`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tenure import TenureError

SETTING = "TENURE_MEETINGS_RUNTIME"
IMAGE = "tenure-meetings-bot"
SOCKETS = (Path("/var/run/docker.sock"), Path("/run/podman/podman.sock"))
FORWARDED = ("TENURE_MEETINGS_BOT", "TZ")
UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
LEAST_MEMORY = 6 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a container engine listens: a socket's path, or a URL."""

    socket: Path | None = None
    url: str = "http://localhost"
    certificates: Path | None = None

    def __str__(self) -> str:
        """Give what people are told."""
        return str(self.socket or self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How bots' containers are made. `network` is one of the engine's; no `memory` (bytes) or `cpus` is no limit.

    `environment` is what each bot gets besides its own settings.
    """

    image: str
    network: str = ""
    memory: int | None = None
    cpus: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtimes:
    """What was chosen: bots are processes if there is no address of a container engine."""

    address: Address | None = None
    made: Made = Made(image=IMAGE)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Runtimes:
        """Read the settings; raises `TenureError` with what is wrong and what may stand there."""
        chosen = environment.get(SETTING) or "process"
        if chosen == "process":
            return cls()
        made = Made(
            image=environment.get("BOT_IMAGE_NAME") or IMAGE,
            network=environment.get("DOCKER_NETWORK", ""),
            memory=_memory(environment.get("TENURE_MEETINGS_BOT_MEMORY", "2g")),
            cpus=_cpus(environment.get("TENURE_MEETINGS_BOT_CPUS", "2")),
            environment={name: environment[name] for name in FORWARDED if name in environment},
        )
        return cls(address=_address(chosen, environment), made=made)

    def check_reachable(self, url: str) -> None:
        """Refuse a server's address that no container reaches, since no bot of it could ever report."""
        if self.address is not None and self.made.network != "host" and _is_loopback(url):
            raise TenureError(
                f"bots in containers can't reach this server at {url}: let it listen on an address that they reach "
                "and name it, such as TENURE_MEETINGS_CALLBACK_URL=http://host.docker.internal:PORT with "
                "`--host 0.0.0.0`; or let bots share this machine's network with DOCKER_NETWORK=host"
            )


def _address(chosen: str, environment: Mapping[str, str]) -> Address:
    if chosen == "docker":
        default = next((path for path in SOCKETS if path.exists()), SOCKETS[0])
        chosen = f"docker+{environment.get('DOCKER_HOST') or f'unix://{default}'}"
    parts = urlsplit(chosen)
    if parts.scheme == "docker+unix" and parts.path.startswith("/") and not parts.netloc:
        return Address(socket=Path(parts.path))
    if parts.scheme == "docker+tcp" and parts.hostname and not parts.path.strip("/"):
        certificates = environment.get("DOCKER_CERT_PATH") or Path.home() / ".docker"
        if environment.get("DOCKER_TLS_VERIFY"):
            return Address(url=f"https://{parts.netloc}", certificates=Path(certificates))
        return Address(url=f"http://{parts.netloc}")
    raise TenureError(
        f"{SETTING} is {chosen!r}: it may be `process`, `docker` (DOCKER_HOST, unix:// or tcp://, or the default "
        "socket), `docker+unix:///PATH` or `docker+tcp://HOST:PORT`"
    )


def _memory(text: str) -> int | None:
    found = re.fullmatch(r"(\d{1,12})([bkmg]?)", text.lower())
    bytes_ = int(found[1]) * UNITS[found[2]] if found else -1
    if bytes_ and bytes_ < LEAST_MEMORY:
        raise TenureError(f"TENURE_MEETINGS_BOT_MEMORY is {text!r}: it may be 6m or more, such as `512m`; 0: no limit")
    return bytes_ or None


def _cpus(text: str) -> float | None:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text):
        raise TenureError(f"TENURE_MEETINGS_BOT_CPUS is {text!r}: it may be a number such as `1.5`; 0: no limit")
    return float(text) or None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
