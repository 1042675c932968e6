"""One server of battles in a process of its own: `server.py FOLDER`. It prints its port, and ends with SIGTERM."""

import asyncio
import signal
import sys
from pathlib import Path

from tests.services.battles.serving import servers


async def main(folder: Path) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with servers(folder) as (server,):
        print(server.port, flush=True)  # noqa: T201  whoever started us waits for it
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
