"""Becomes a server: `python -I -S launcher.py JSON`. Runs by itself, between fork and exec, where no thread is.

Invariant: the process that this becomes never outlives its parent where the system can see to that, and its number
is in the folder before it does anything. The tempting wrong order asks for the parent's death signal first: a change
of user clears it.
"""

import ctypes
import json
import os
import sys
from pathlib import Path

TELL_WHEN_PARENT_ENDS = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
UNREACHABLE = 77
"""The exit code that says: the user of the server may not enter a folder, whose name is printed."""


def become(user: tuple[int, int] | None, parent: int, signal: int, number_file: str, command: list[str]) -> None:
    """Write the process's number, take the user's rights, ask to be told when the parent ends, and be the server."""
    Path(number_file).write_text(f"{os.getpid()}\n")
    if user is not None:
        os.setgroups([])
        os.setgid(user[1])
        os.setuid(user[0])
    for place in (command[0], number_file):
        closed = next((str(p) for p in reversed(Path(place).parents) if not os.access(p, os.X_OK)), None)
        if closed is not None:
            sys.stdout.write(f"{closed}\n")
            sys.exit(UNREACHABLE)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(TELL_WHEN_PARENT_ENDS, signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(0)  # it ended before it could be asked for
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606  this is what a launcher does


if __name__ == "__main__":
    become(**json.loads(sys.argv[1]))
