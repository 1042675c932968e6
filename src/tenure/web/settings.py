"""Where things are: the data folder, and the admin's key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tenure.http.environment import read_key

DATA_FOLDER = "tenure-data"
KEY, KEY_FILE = "TENURE_ADMIN_KEY", "admin.key"


def data_folder(option: Path | None, environment: Mapping[str, str]) -> Path:
    """Give the data folder, as an absolute path."""
    return (option or Path(environment.get("TENURE_DATA") or DATA_FOLDER)).absolute()


def admin_key(data: Path, environment: Mapping[str, str]) -> tuple[str, Path | None]:
    """Give the admin's key and the file that it lies in: that of TENURE_ADMIN_KEY lies in none.

    The file is made once, and only its owner may read it. Raises `WrongSetting` for a key that is easily guessed.
    """
    path = data / KEY_FILE
    return read_key(environment, KEY, path, "tnr_admin_"), None if environment.get(KEY) else path
