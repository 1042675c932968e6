"""A real server of meetings alone, for tests: `server.py FOLDER PORT URL`. It prints its address when it serves.

SIGINT ends all bots, SIGTERM leaves them alone, as the real composition does.
"""

import asyncio
import contextlib
import functools
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

import tenure
from tenure.services.meetings.api.http import create_app
from tenure.services.meetings.runtimes.choosing import open_runtime
from tenure.services.meetings.service import MeetingsService, kinds
from tenure.services.meetings.settings import Settings


async def serve(folder: Path, port: int, url: str) -> None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings.read(os.environ, base_url=base_url, admin_key="the-admins-key", folder=folder)
    async with (
        tenure.open(url, *kinds, space="meetings") as store,
        store.sweeping(),
    ):
        service = MeetingsService(store, open_runtime(settings.runtime, folder / "bots"), settings)
        async with service.running():
            server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="warning"))
            server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
            stops: list[asyncio.Task[None]] = []

            async def stop(*, keep: bool) -> None:
                await service.shut_down(keep=keep)
                server.should_exit = True

            def stop_later(*, keep: bool) -> None:
                stops.append(asyncio.create_task(stop(keep=keep)))

            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGINT, functools.partial(stop_later, keep=False))
            loop.add_signal_handler(signal.SIGTERM, functools.partial(stop_later, keep=True))
            print(base_url, flush=True)  # noqa: T201
            await server.serve(sockets=[listener])
            await asyncio.gather(*stops)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
