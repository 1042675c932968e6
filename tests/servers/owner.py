"""A process that starts a server and then waits to be killed: `owner.py valkey|postgres FOLDER`."""

import signal
import sys
from pathlib import Path

from tests.places import postgres_programs, valkey_program

from tenure.servers import start_postgres, start_valkey

if __name__ == "__main__":
    place = Path(sys.argv[2])
    if sys.argv[1] == "valkey":
        server = start_valkey(place, program=valkey_program())
    else:
        server = start_postgres(place, programs=postgres_programs())
    sys.stdout.write(f"{server.process.pid}\n")
    sys.stdout.flush()
    signal.pause()
