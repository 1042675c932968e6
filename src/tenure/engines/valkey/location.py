"""What a URL says: where the servers are, who we are to them, and what an acknowledged write must have outlived."""

from __future__ import annotations

import ssl
from typing import Literal, NamedTuple, get_args
from urllib.parse import parse_qs, unquote, urlsplit

from tenure.core.errors import InvalidChange

Durability = Literal["memory", "everysec", "always"]
Address = tuple[str, int]

PORT = 6379
SENTINEL_PORT = 26379
OPTIONS = "durability=, replicas=, prefix=, timeout=, tls= and ca="


class Login(NamedTuple):
    """Who we are to a server, and how we reach it."""

    user: str
    password: str
    database: int
    tls: ssl.SSLContext | None
    timeout: float


class Location:
    """One store: a server, a cluster, or a primary that sentinels name."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        scheme, _, self.layout = parts.scheme.partition("+")
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        port = SENTINEL_PORT if self.layout == "sentinel" else PORT
        self.addresses = [_address(host, port) for host in (hosts or "localhost").split(",")]
        path = [unquote(part) for part in parts.path.split("/") if part]
        self.service = path.pop(0) if self.layout == "sentinel" and path else ""
        if self.layout == "sentinel" and not self.service:
            raise InvalidChange("valkey+sentinel://host:26379/NAME needs the name under which the sentinels know it")
        database = _number("the database", path[0] if path else "0")
        if self.layout == "cluster" and database:
            raise InvalidChange("a cluster has only database 0")
        tls = scheme in ("valkeys", "rediss") or options.pop("tls", "no") in ("yes", "1", "true")
        context = ssl.create_default_context(cafile=options.pop("ca", None)) if tls else None
        timeout = float(options.pop("timeout", 10))
        self.login = Login(unquote(user), unquote(password), database, context, timeout)
        self.prefix = options.pop("prefix", "tenure")
        self.replicas = _number("replicas=", options.pop("replicas", "0"))
        self.durability: Durability = _durability(options.pop("durability", "everysec"))
        if options:
            raise InvalidChange(f"a valkey URL knows {OPTIONS}, not {', '.join(options)}")
        if not self.prefix or set("{}") & set(self.prefix):
            raise InvalidChange("prefix= must be some text without { and }")

    def key(self, space: str, name: str) -> str:
        """Name a key of a space: all of one space share what stands in braces, so they lie on one node."""
        tag = space.replace("%", "%25").replace("{", "%7B").replace("}", "%7D") or "%"
        return f"{self.prefix}:{{{tag}}}:{name}"

    def registry(self, name: str) -> str:
        """Name a key that is one for the whole store."""
        return f"{{{self.prefix}}}:{name}"


def _durability(text: str) -> Durability:
    levels: dict[str, Durability] = {level: level for level in get_args(Durability)}
    if text in levels:
        return levels[text]
    raise InvalidChange(
        "durability= is `everysec` (a crash of the server's machine may cost about a second), `always` (an answer "
        "waits for the disk) or `memory` (nothing is asked of the server's disk)"
    )


def _address(text: str, port: int) -> Address:
    host, colon, after = text.rpartition(":")
    if not colon or "]" in after:  # no port, or the inside of an IPv6 address
        return text.strip("[]"), port
    return host.strip("[]") or "localhost", _number("the port", after)


def _number(what: str, text: str) -> int:
    if not text.isdecimal():
        raise InvalidChange(f"{what} must be a number, not {text!r}")
    return int(text)
