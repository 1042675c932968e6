"""The runtime that was chosen, ready to be entered."""

from __future__ import annotations

import sys
from pathlib import Path

from tenure.services.meetings.runtimes.container_engine import ContainerEngine
from tenure.services.meetings.runtimes.containers import Containers
from tenure.services.meetings.runtimes.processes import Processes
from tenure.services.meetings.runtimes.runtime import Runtime
from tenure.services.meetings.runtimes.settings import Runtimes

BOT = (sys.executable, "-m", "tenure.services.meetings.bot")


def open_runtime(chosen: Runtimes, folder: Path) -> Runtime:
    """Give the runtime; logs and state of bots lie in the folder."""
    if chosen.address is None:
        return Processes(folder, BOT)
    return Containers(folder, ContainerEngine(chosen.address), chosen.made)
