"""Keys: made once and kept in a file that only its owner may read, and compared in a time that tells nothing."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def kept_key(path: Path, prefix: str) -> str:
    """Give the key in a file; the first time it is made, with 256 random bits after the prefix."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _write_once(path, prefix + secrets.token_urlsafe(32))
    path.chmod(0o600)
    return path.read_text().strip()


def _write_once(path: Path, key: str) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(key + "\n")
    try:
        # A link fails where the file is there already, so two servers that start at once agree on one key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


class Key:
    """A key that others show. An empty one fits nothing."""

    def __init__(self, key: str) -> None:
        self._digest = _hash(key) if key else b""

    def fits(self, shown: str) -> bool:
        """Tell whether this is the key, in a time that tells nothing about it."""
        return hmac.compare_digest(_hash(shown), self._digest)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
