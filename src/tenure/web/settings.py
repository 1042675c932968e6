"""Where things are: the data folder, and the admin's key."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

DATA_FOLDER = "tenure-data"
KEY_FILE = "admin.key"


def data_folder(option: Path | None, environment: Mapping[str, str]) -> Path:
    """Give the data folder, as an absolute path."""
    return (option or Path(environment.get("TENURE_DATA") or DATA_FOLDER)).absolute()


def admin_key(data: Path, environment: Mapping[str, str]) -> tuple[str, Path | None]:
    """Give the admin's key and the file that it lies in: that of TENURE_ADMIN_KEY lies in none.

    The file is made once, and only its owner may read it.
    """
    given = environment.get("TENURE_ADMIN_KEY", "").strip()
    if given:
        return given, None
    path = data / KEY_FILE
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _write_once(path, "tnr_admin_" + secrets.token_urlsafe(32))
    path.chmod(0o600)
    return path.read_text().strip(), path


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
