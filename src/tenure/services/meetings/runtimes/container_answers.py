"""What container engines answer: only what Docker and Podman both say is read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Container(msgspec.Struct, frozen=True):
    """One container, as a look at all of them or at it alone shows it; only the latter tells how it ended."""

    name: str
    state: str
    labels: Mapping[str, str]
    exit_code: int | None = None
    out_of_memory: bool = False

    @property
    def was_started(self) -> bool:
        """Tell whether it ever ran. Podman says `initialized` between the two steps of a start."""
        return self.state not in ("created", "configured", "initialized")

    @property
    def has_ended(self) -> bool:
        """Tell whether its process is gone."""
        return self.state in ("exited", "stopped", "dead")


class Part(msgspec.Struct, rename="pascal"):
    """A component, in the answer to `version`."""

    name: str = ""


class Version(msgspec.Struct):
    """The answer to `version`."""

    api_version: str = msgspec.field(name="ApiVersion")
    components: list[Part] | None = msgspec.field(name="Components", default=None)


class Listed(msgspec.Struct, rename="pascal"):
    """A container, in the answer to `containers/json`."""

    names: list[str]
    state: str
    labels: dict[str, str] | None = None


class State(msgspec.Struct, rename="pascal"):
    """How a container is, in the answer to a look at it."""

    status: str
    exit_code: int
    out_of_memory: bool = msgspec.field(name="OOMKilled", default=False)


class Config(msgspec.Struct, rename="pascal"):
    """What a container was made with, in the answer to a look at it."""

    labels: dict[str, str] | None = None


class Inspected(msgspec.Struct, rename="pascal"):
    """The answer to a look at one container."""

    name: str
    state: State
    config: Config


class Actor(msgspec.Struct, rename="pascal"):
    """What an event is about: a container's attributes hold its name and labels."""

    attributes: dict[str, str] = {}


class Event(msgspec.Struct):
    """One line of the answer to `events`."""

    actor: Actor = msgspec.field(name="Actor", default_factory=Actor)
