"""The server's socket: taken at once, told if it can't be, and quick to answer."""

import asyncio
import signal
import socket
from typing import Any

import pytest

from tenure.http.serving import AddressTaken, bind
from tenure.web.serving import Stop


def test_an_answer_does_not_wait_for_more_to_send() -> None:
    with bind("127.0.0.1", 0) as listening:
        # asyncio turns Nagle's algorithm off only for a socket that names its protocol.
        assert listening.proto == socket.IPPROTO_TCP


def test_a_taken_port_is_told() -> None:
    with bind("127.0.0.1", 0) as first, pytest.raises(AddressTaken, match="is taken by another program"):
        bind("127.0.0.1", first.getsockname()[1])


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(AddressTaken, match="check HOST and PORT"):
        bind("192.0.2.1", 0)


async def test_many_ask_at_once(site: Any) -> None:
    async with site() as s:
        for _ in range(50):
            assert (await s.get("/health")).status == 200


async def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    before, stop = signal.signal(signal.SIGHUP, signal.SIG_IGN), Stop(keep_on_sigterm=False)
    try:
        with stop.listening():
            signal.raise_signal(signal.SIGHUP)
            for _ in range(10):  # a signal that is taken comes by a pipe of the loop
                await asyncio.sleep(0)
            assert not stop.is_asked
            signal.raise_signal(signal.SIGTERM)
            await stop.asked()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
