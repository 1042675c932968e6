"""What the service is told by whoever composes it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PAGE_PATH = "/local-meeting"
CALLBACK_PATH = "/bots/internal/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`base_url` is where bots on this machine reach the server; `server_key` derives the secrets of runs."""

    base_url: str
    admin_key: str = field(repr=False)
    server_key: bytes = field(repr=False)
    stand_in: bool = False
    max_concurrent_bots: int = 1
    heartbeat_seconds: float = 30
    join_timeout_seconds: float = 30
    leave_seconds: float = 10
    log_days: float = 14

    @property
    def page_url(self) -> str:
        """Where the local meeting page is."""
        return self.base_url + PAGE_PATH

    @property
    def callback_url(self) -> str:
        """Where bots report."""
        return self.base_url + CALLBACK_PATH

    @classmethod
    def read(cls, environment: Mapping[str, str], *, base_url: str, admin_key: str, folder: Path) -> Settings:
        """Read the rest from the environment; the server's key is made once, in the data folder."""
        return cls(
            base_url=base_url.rstrip("/"),
            admin_key=admin_key,
            server_key=server_key(folder),
            stand_in=environment.get("TENURE_MEETINGS_STAND_IN", "").lower() in ("1", "true", "yes"),
            max_concurrent_bots=int(environment.get("TENURE_MEETINGS_MAX_CONCURRENT_BOTS", "1")),
            heartbeat_seconds=float(environment.get("TENURE_MEETINGS_HEARTBEAT_SECONDS", "30")),
            join_timeout_seconds=float(environment.get("TENURE_MEETINGS_JOIN_TIMEOUT_SECONDS", "30")),
        )


def server_key(folder: Path) -> bytes:
    """Give the key from which the secrets of runs derive; it outlives the server, as bots do."""
    path = folder / "server.key"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = folder / f"server.key.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(32))
        try:
            # A link fails where the file is there already, so two servers starting at once agree on one key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
