"""Processes that close games until they are killed: `closer URL SOCKET API` forks one for each line that it reads.

Each says at the socket which step it is about to take, or has taken, and stands still until it is let on: so it can be
killed just there. The bot's token is in the environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import Any

import tenure
from tenure import Retry, Store, seconds
from tenure.services.trivia import closing
from tenure.services.trivia.chat.contract import Chat, Post
from tenure.services.trivia.closing import Closing
from tenure.services.trivia.discord.client import open_chat
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.settings import Settings
from tenure.store import messages

SPACE = "trivia"
WRITES = ("Answer.score", "Game.score", "Game.post", "Game.archive")
CALLS = ("Chat.post", "Chat.edit")
STEPS = tuple(f"{when} {step}" for step in (*WRITES, *CALLS) for when in ("before", "after"))


class Gate:
    """Asks whether a step may be taken."""

    def __init__(self, path: str, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._socket.sendall(f"{name} {os.getpid()}\n".encode())

    def ask(self, step: str, mark: str = "") -> None:
        """Stand still, the whole process, until it is let on; `mark` is of the post that was made."""
        self._socket.sendall(f"{step}|{mark}\n".encode())
        if not self._socket.recv(1):
            os._exit(1)  # nobody is there any more who might let it on


class Gated:
    """A chat that asks before and after each of its calls."""

    name = "discord"
    trouble = ""

    def __init__(self, chat: Chat, gate: Gate) -> None:
        self._chat, self._gate, self.find = chat, gate, chat.find

    async def post(self, guild: str, channel: str, post: Post, mark: str) -> str:
        self._gate.ask("before Chat.post")
        message = await self._chat.post(guild, channel, post, mark)
        self._gate.ask("after Chat.post", mark)
        return message

    async def edit(self, guild: str, channel: str, message: str, post: Post, mark: str) -> None:
        self._gate.ask("before Chat.edit")
        await self._chat.edit(guild, channel, message, post, mark)
        self._gate.ask("after Chat.edit")


def gate_writes(gate: Gate) -> None:
    """Let this process ask before and after each step that it writes."""
    apply: Any = Store.apply

    async def asking(store: Store, *changes: Any, **more: Any) -> Any:
        step = f"{changes[0].kind}.{changes[0].name}"
        if step in WRITES:
            gate.ask(f"before {step}")
        applied = await apply(store, *changes, **more)
        if step in WRITES:
            gate.ask(f"after {step}")
        return applied

    Store.apply = asking  # type: ignore[method-assign]


async def close(name: str, url: str, path: str, api: str) -> None:
    """Close games until the end of this process."""
    # What was taken by somebody who was killed is to come back within the test's time.
    closing.WITHIN, messages.LOOK_AGAIN_SECONDS = seconds(3), 0.1
    # A busy machine may not count all in one try: the next one goes on soon, however many there were.
    closing.RETRY = Retry(first=seconds(0.1), most=seconds(1))
    gate = Gate(path, name)
    gate_writes(gate)
    token = os.environ["DISCORD_TOKEN"]
    settings = Settings(admin_key="none", discord_token=token, discord_api=api)
    async with tenure.open(url, *kinds, space=SPACE, actor=name) as store, store.sweeping():
        choosing = Choosing(store, {})
        chat = open_chat(store, settings, lambda actor: Parts(store.acting(actor), {}, choosing))
        async with asyncio.TaskGroup() as group:
            for loop in Closing(store, {"discord": Gated(chat, gate)}, choosing).loops().values():
                group.create_task(loop(at_once=2))  # type: ignore[arg-type, call-arg]


def main() -> None:
    """Fork, so that a new one is there at once: only the first must import all this."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if not os.fork():
            asyncio.run(close(line.strip(), *sys.argv[1:]))


if __name__ == "__main__":
    main()
