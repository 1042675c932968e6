"""How a bot's container is made: with its limits, and with no right that a bot does not need."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tenure.services.meetings.runtimes.settings import Made

HOST = "host.docker.internal"
MOST_PROCESSES = 1000
SHARED_MEMORY = 512 * 1024 * 1024
TEMPORARY = "/tmp"  # noqa: S108  # nosec B108  the container's own, and the only place where it may write


def settings_of(
    made: Made, environment: Mapping[str, str], labels: Mapping[str, str], *, podman: bool
) -> dict[str, object]:
    """Give the body of the call that creates a container."""
    everything = {**made.environment, **environment, "HOME": TEMPORARY}
    return {
        "Image": made.image,
        "Env": [f"{name}={value}" for name, value in everything.items()],
        "WorkingDir": TEMPORARY,
        "Labels": dict(labels),
        "HostConfig": {
            **_limits(made),
            **_network(made, podman=podman),
            "Init": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": True,
            "Tmpfs": {TEMPORARY: "rw,nosuid,nodev,mode=1777,size=1g"},
            # Written by the engine itself, whatever else it is set to, so that it can be read again; and bounded.
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m"}},
        },
    }


def _limits(made: Made) -> dict[str, object]:
    limits: dict[str, object] = {"PidsLimit": MOST_PROCESSES, "ShmSize": SHARED_MEMORY}
    if made.memory is not None:
        limits |= {"Memory": made.memory, "MemorySwap": made.memory}  # the same: no swap beyond it
    if made.cpus is not None:
        limits["NanoCpus"] = math.ceil(made.cpus * 1e9)
    return limits


def _network(made: Made, *, podman: bool) -> dict[str, object]:
    network: dict[str, object] = {"NetworkMode": made.network} if made.network else {}
    if made.network != "host" and not podman:
        network["ExtraHosts"] = [f"{HOST}:host-gateway"]  # Podman writes that name by itself
    return network
