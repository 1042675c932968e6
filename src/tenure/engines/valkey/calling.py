"""The one place through which every call of a function goes: `Caller.call`.

What may be concluded when it fails: a server that was not reached, or that answered with an error from before the
first write, has changed nothing (`Unavailable`). A reply that did not come says nothing (`OutcomeUnknown`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tenure.core.errors import OutcomeUnknown, StoreReplaced, TenureError, Unavailable
from tenure.engines.valkey.library import NAMES, READS, SOURCE
from tenure.engines.valkey.link import Link, Lost, NotReached, ServerError
from tenure.engines.valkey.location import Location
from tenure.engines.valkey.nodes import Node, Nodes
from tenure.engines.valkey.tables import Build

MOST_TRIES = 5
FEW_ACKNOWLEDGED = (
    "the change is made, but only {got} of {wanted} replicas have it in time: a failover now could undo it; read "
    "before you conclude anything, or retry with the same op id"
)
REPLACED = (
    "{} while this store was open, by a flush, a lost disk or a restore; nothing was changed. Open the store again if "
    "it shall go on with what is there now"
)
SURE = frozenset(
    [
        "ASK", "BUSY", "CLUSTERDOWN", "CROSSSLOT", "DENIED", "LOADING", "MASTERDOWN", "MISCONF", "MOVED", "NOAUTH",
        "NOPERM", "NOREPLICAS", "OOM", "READONLY", "TRYAGAIN", "UNLEARNED", "WRONGPASS",
    ]
)  # fmt: skip
"""Errors from before the first write of a call."""

OURS = {"INCOMPLETE": "{}", "NEWER": "{}: upgrade this program", "SEALED": "this space is sealed: {}"}
"""Errors of our own library, and what they say."""

ADVICE = {
    "ASK": "the slot of this space is being moved; try again when it is there",
    "TRYAGAIN": "the slot of this space is being moved; try again when it is there",
    "BUSY": "another script runs on the server for too long; see FUNCTION STATS there",
    "LOADING": "the server is reading its data; try again in a while",
    "OOM": "the server's memory is full; raise maxmemory there",
    "MISCONF": "the server can't write to its disk",
    "NOPERM": "the user lacks a right; see the page on Valkey for those that are needed",
    "READONLY": "it is a replica now; try again when the new primary is known",
}


class Caller:
    """Calls functions on the node that has a space, and makes sure that they are there."""

    def __init__(self, location: Location, nodes: Nodes, build: Build) -> None:
        self._location, self._nodes, self._build = location, nodes, build
        self.log: Callable[[tuple[bytes | str | int, ...], Any], None] | None = None
        """Told of each call and its reply: what a benchmark captures."""

    async def call(self, operation: str, key: str, *values: bytes | str | int) -> bytes:
        """Call a function whose first key is `key`; give its reply.

        Raises `Unavailable`, where nothing changed, `StoreReplaced`, and, for one that writes, `OutcomeUnknown`.
        """
        read = operation in READS
        command = ("FCALL_RO" if read else "FCALL", NAMES[operation], 1, key, *values)
        for _ in range(MOST_TRIES):
            try:
                reply: bytes = await self._once(key, command, read=read)
            except ServerError as error:
                await self._make_way(error, key)
            except NotReached as error:
                await self._look_elsewhere()
                raise Unavailable(f"{error}; nothing was changed, try again") from None
            else:
                if self.log is not None:
                    self.log(command, reply)
                return reply
        raise Unavailable("the servers send us from one to another; nothing was changed, try again")

    async def ask(self, key: str, *parts: bytes | str | int) -> Any:
        """Send one plain command that may be repeated without harm. Raises `Unavailable`."""
        for _ in range(MOST_TRIES):
            try:
                node = await self._nodes.find(key)
                return await node.ask(*parts)
            except ServerError as error:
                await self._make_way(error, key)
            except (NotReached, Lost, TimeoutError) as error:
                await self._look_elsewhere()
                raise Unavailable(f"{_said(error)}; nothing was changed, try again") from None
        raise Unavailable("the servers send us from one to another; nothing was changed, try again")

    # -------------------------------------------------------------------------------------- one try

    async def _once(self, key: str, command: tuple[bytes | str | int, ...], *, read: bool) -> Any:
        node = await self._nodes.find(key)
        link = await node.link("read" if read else "write")
        waits = () if read else self._waits()
        futures = link.send_all([command, *waits])
        try:
            async with asyncio.timeout(self._location.login.timeout):
                reply = await futures[0]
                acknowledged = [await future for future in futures[1:]]
        except (Lost, TimeoutError) as error:
            link.abort()  # whatever still comes on it is nobody's
            await self._look_elsewhere()
            if read:
                raise Unavailable(f"{_said(error)}; nothing was read, try again") from None
            raise OutcomeUnknown(f"{_said(error)}: read before you retry, or use an op id") from None
        if acknowledged:
            self._check_acknowledged(acknowledged[0])
        return reply

    def _waits(self) -> tuple[tuple[str | int, ...], ...]:
        """Give the command that waits until enough replicas have what was written."""
        replicas, milliseconds = self._location.replicas, int(self._location.login.timeout * 500)
        if not replicas:
            return ()
        if self._location.durability == "always":
            return (("WAITAOF", 1, replicas, milliseconds),)
        return (("WAIT", replicas, milliseconds),)

    def _check_acknowledged(self, reply: Any) -> None:
        got, wanted = reply[1] if isinstance(reply, list) else reply, self._location.replicas
        if got < wanted:
            raise OutcomeUnknown(FEW_ACKNOWLEDGED.format(got=got, wanted=wanted))

    # ------------------------------------------------------------------------------- what to do about errors

    async def _make_way(self, error: ServerError, key: str) -> None:
        """Do what lets the same call succeed, which has changed nothing yet; else raise what is to be concluded."""
        code, text = error.code, str(error)
        if code == "MOVED":
            await self._refresh()
        elif "unction not found" in text:
            await self._on_node(key, load)
        elif code == "UNLEARNED":
            await self._on_node(key, self._teach)
        else:
            if code in ("READONLY", "CLUSTERDOWN", "MASTERDOWN"):
                await self._look_elsewhere()
            raise concluded(error) from None

    async def _on_node(self, key: str, step: Callable[[Link], Any]) -> None:
        try:
            async with asyncio.timeout(self._location.login.timeout):
                node = await self._nodes.find(key)
                await step(await node.link("write"))
        except ServerError as error:
            if error.code != "MOVED":
                raise concluded(error) from None
            await self._refresh()
        except (NotReached, Lost, TimeoutError) as error:
            raise Unavailable(f"{_said(error)}; nothing was changed, try again") from None

    async def _teach(self, link: Link) -> None:
        await link.send("FCALL", NAMES["learn"], 0, self._build.hash, self._build.packed)

    async def _refresh(self) -> None:
        try:
            await self._nodes.refresh()
        except NotReached as error:
            raise Unavailable(f"{error}; nothing was changed, try again") from None

    async def _look_elsewhere(self) -> None:
        """Learn before the next call who is where; this call fails in any case."""
        with suppress(NotReached):
            await self._nodes.refresh()


async def load(link: Link) -> None:
    """Load the function library, if it is not there."""
    try:
        await link.send("FUNCTION", "LOAD", SOURCE)
    except ServerError as error:
        if "already exists" not in str(error):
            raise


async def load_everywhere(nodes: list[Node]) -> None:
    """Load the function library on each node."""
    for node in nodes:
        await load(await node.link("write"))


def concluded(error: ServerError) -> TenureError:
    """Give what a caller may conclude from a server's error."""
    code, text = error.code, str(error)
    if code == "REPLACED":
        return StoreReplaced(REPLACED.format(text.partition(" ")[2]))
    if code in OURS:
        return Unavailable(OURS[code].format(text.partition(" ")[2]))
    moving = "non local key" in text  # the library looks for every key before its first write
    if moving or code in SURE or "Script killed" in text or "unknown command" in text:
        advice = ADVICE.get("ASK" if moving else code, "nothing was changed")
        return Unavailable(f"the server refused ({text}): {advice}")
    return OutcomeUnknown(f"the server failed ({text}): read before you retry, or use an op id")


def _said(error: BaseException) -> str:
    return str(error) or "the server does not answer in time"
