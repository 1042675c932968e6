"""What a URL says: the server, the schema, and what its options relax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tenure.core.errors import InvalidChange

LEVELS = ("on", "off", "local", "remote_write", "remote_apply")
LONGEST_NAME = 50  # PostgreSQL cuts names at 63 bytes, and channels have ours before them


@dataclass(frozen=True)
class Location:
    """One schema of one database, and how it is used.

    `url` is what the driver takes: all that is not ours, such as `sslmode` or several hosts, goes to it as it is.
    """

    url: str
    schema: str = "tenure"
    connections: int = 10
    statement_seconds: int = 30
    lock_seconds: int = 10
    synchronous_commit: str = "on"
    pooler: bool = False

    @property
    def place(self) -> str:
        """The server and the database, without any secret, for messages."""
        parts = urlsplit(self.url)
        return f"{parts.netloc.rpartition('@')[2] or 'localhost'}{parts.path}"

    @property
    def settings(self) -> dict[str, str]:
        """What holds in each transaction of ours."""
        return {
            "statement_timeout": f"{self.statement_seconds}s",
            "lock_timeout": f"{self.lock_seconds}s",
            "idle_in_transaction_session_timeout": f"{2 * self.statement_seconds}s",
            "synchronous_commit": self.synchronous_commit,
            "jit": "off",  # our statements are short, and compiling one takes longer than running it
            # So that plans do not depend on what the server knows of the tables' sizes when it makes them: each row
            # is found by an index, along the keys that are given. The statements are written for this: no constant
            # stands in the condition of a join, and no join could be turned around.
            "plan_cache_mode": "force_generic_plan",
            "enable_seqscan": "off",
            "enable_mergejoin": "off",
        }


def read_location(url: str) -> Location:
    """Read a URL. Raises `InvalidChange`, which never shows a password."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = options.pop("schema", "tenure")
    if not re.fullmatch(rf"[a-z_][a-z0-9_]{{0,{LONGEST_NAME}}}", schema) or schema.startswith("pg_"):
        raise InvalidChange(
            f"schema={schema!r}: use small letters, digits and underscores, at most {LONGEST_NAME}, not pg_…"
        )
    level = options.pop("synchronous_commit", "on")
    if level not in LEVELS:
        raise InvalidChange(f"synchronous_commit={level!r}: use one of {', '.join(LEVELS)}")
    pooler = options.pop("pooler", "none")
    if pooler not in ("none", "transaction"):
        raise InvalidChange(f"pooler={pooler!r}: use `transaction` behind a pooler of that mode, or leave it out")
    numbers = {
        "connections": _number(options, "connections", 10, least=2),
        "statement_seconds": _number(options, "statement_seconds", 30, least=1),
        "lock_seconds": _number(options, "lock_seconds", 10, least=1),
    }
    bare = urlunsplit(parts._replace(query=urlencode(options)))
    return Location(bare, schema, synchronous_commit=level, pooler=pooler == "transaction", **numbers)


def _number(options: dict[str, str], name: str, otherwise: int, *, least: int) -> int:
    text = options.pop(name, str(otherwise))
    if not text.isdecimal() or int(text) < least:
        raise InvalidChange(f"{name}={text!r}: use a whole number from {least} on")
    return int(text)
