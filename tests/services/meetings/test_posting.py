"""One POST: whom it reaches, and how little a receiver can do to us. Real sockets throughout."""

import asyncio
import socket
import time

import pytest
from aiohttp import ClientResponse, web
from tests.services.meetings.receiving import Receiver, a_receiver

from tenure.webhooks.addresses import Guard, Resolve
from tenure.webhooks.posting import Outcome, Poster

PUBLIC = "93.184.215.14"
PATIENCE_SECONDS = 50
"""A machine may be slow where a test is of something else."""
INSIDE = "the URL leads to a private, local or reserved address"


def answering(*answers: list[str]) -> tuple[Resolve, list[str]]:
    """Make a name server that changes its answer; gives also the names that it was asked for."""
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


async def posted(receiver: Receiver, **given: object) -> Outcome:
    """Post to a receiver on this machine, as in a closed network."""
    given = {"seconds": PATIENCE_SECONDS, "answer_seconds": PATIENCE_SECONDS, **given}
    return await Poster(Guard(private=True), **given).post(receiver.url, b"{}", {})  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------ whom it reaches


async def test_a_name_that_was_public_when_it_was_set_and_then_leads_inside_is_not_called() -> None:
    resolve, asked = answering([PUBLIC], ["127.0.0.1"])
    guard = Guard(resolve=resolve)
    async with a_receiver() as receiver:
        url = f"http://hooks.example.org:{receiver.port}/"
        await guard.check_resolved(url)
        outcome = await Poster(guard).post(url, b"{}", {})
        assert (outcome.status, outcome.error) == (None, INSIDE)
        assert asked == ["hooks.example.org"] * 2
        assert receiver.received == []


async def test_the_address_that_was_vetted_is_the_one_that_is_connected_to() -> None:
    resolve, asked = answering(["127.0.0.1"], ["127.0.0.9"])
    async with a_receiver() as receiver:  # it listens at 127.0.0.1 alone
        url = f"http://hooks.example.org:{receiver.port}/"
        outcome = await Poster(Guard(resolve=resolve, private=True)).post(url, b"{}", {})
        assert outcome.taken
        assert asked == ["hooks.example.org"]  # nobody asks once more between the look and the call
        assert receiver.received[0].headers["Host"] == f"hooks.example.org:{receiver.port}"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1%lo", "::ffff:7f00:1"])
async def test_one_private_address_among_public_ones_is_enough_to_refuse(address: str) -> None:
    resolve, _ = answering([PUBLIC, address])
    outcome = await Poster(Guard(resolve=resolve)).post("https://hooks.example.org/", b"{}", {})
    assert outcome.error == INSIDE


async def test_the_socket_itself_is_refused_whatever_came_before() -> None:
    class Fooled(Guard):
        def check_url(self, url: str) -> str:
            return url

        async def addresses(self, host: str) -> list[str]:  # noqa: ARG002
            return ["127.0.0.1"]

    async with a_receiver() as receiver:
        for host in ("127.0.0.1", "hooks.example.org"):
            outcome = await Poster(Fooled()).post(f"http://{host}:{receiver.port}/", b"{}", {})
            assert outcome.error == INSIDE
        assert receiver.received == []


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/", INSIDE),
        ("http://0x7f.1:1/", INSIDE),
        ("http://[::1]:1/", INSIDE),
        ("http://localhost:1/", "the URL's host must be a public name or address"),
        ("http://a:b@127.0.0.1:1/", "the URL must not hold a user name, a password or a #fragment"),
    ],
)
async def test_a_url_is_checked_at_the_try_too(url: str, error: str) -> None:
    assert (await Poster(Guard()).post(url, b"{}", {})).error == error


async def test_a_redirect_is_not_followed() -> None:
    async with a_receiver() as inside, a_receiver(status=307, headers={"Location": inside.url}) as receiver:
        outcome = await posted(receiver)
        assert (outcome.status, outcome.taken) == (307, False)
        assert inside.received == []


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_receiver() as proxy, a_receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await posted(receiver)).taken
        assert (len(proxy.received), len(receiver.received)) == (0, 1)


async def test_no_cookie_comes_back() -> None:
    async with a_receiver(headers={"Set-Cookie": "a=b"}) as receiver:
        poster = Poster(Guard(private=True))
        for _ in range(2):
            await poster.post(receiver.url, b"{}", {})
        assert ["Cookie" in request.headers for request in receiver.received] == [False, False]


# ------------------------------------------------------------------------------------ what a receiver can do


@pytest.mark.parametrize(("status", "taken"), [(200, True), (204, True), (299, True), (304, False), (404, False)])
async def test_what_counts_as_taken(status: int, taken: bool) -> None:  # noqa: FBT001
    async with a_receiver(status=status) as receiver:
        outcome = await posted(receiver)
        assert (outcome.status, outcome.taken) == (status, taken)


async def test_an_answer_without_end_is_read_a_little() -> None:
    async def pour(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b"x" * 65_536)
        except ConnectionError:
            return answer

    async with a_receiver(answer=pour) as receiver:
        outcome = await posted(receiver)
        assert outcome.taken
        assert outcome.answer == "x" * 2048


async def test_an_answer_that_breaks_off_does_not_undo_its_status() -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return answer

    async with a_receiver(answer=break_off) as receiver:
        outcome = await posted(receiver)
        assert (outcome.taken, outcome.answer) == (True, "half")


async def test_an_answer_in_time_counts_however_slowly_the_rest_of_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    never, begun, loop, beginning = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop(), b"wait for it"

    async def dawdle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(beginning)
        await never.wait()
        return answer

    class Watched(Poster):
        async def _beginning(self, answer: ClientResponse) -> str:
            while answer.content.total_bytes < len(beginning):
                await asyncio.sleep(0)
            begun.set()
            return await super()._beginning(answer)

    async with a_receiver(answer=dawdle) as receiver:
        poster = Watched(Guard(private=True), seconds=100, answer_seconds=200)
        posting = asyncio.create_task(poster.post(receiver.url, b"{}", {}))
        await begun.wait()
        monkeypatch.setattr(loop, "time", lambda later=time.monotonic: later() + 300)  # and so long nothing more comes
        outcome = await posting
        assert (outcome.taken, outcome.answer) == (True, beginning.decode())
        never.set()


async def test_a_receiver_that_does_not_answer_is_left_in_time() -> None:
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
        await never.wait()
        return web.Response()

    async with a_receiver(answer=hang) as receiver:
        outcome = await posted(receiver, seconds=0.05)
        assert outcome.error == "no answer within 0.05 seconds"
        never.set()


async def test_an_answer_that_is_no_http_or_no_text_is_told_in_words() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")  # all of it: to end a connection with something unread is to reset it
        writer.write(words)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    poster = Poster(Guard(private=True), seconds=PATIENCE_SECONDS, answer_seconds=PATIENCE_SECONDS)
    async with server:
        words = b"SSH-2.0-OpenSSH\r\n"
        assert (await poster.post(url, b"{}", {})).error is not None
        words = b""
        assert (await poster.post(url, b"{}", {})).error == "the connection was closed without an answer"
        words = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\x00ok"
        assert (await poster.post(url, b"{}", {})).answer == "\ufffd\ufffdok"
        words = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n"
        assert (await poster.post(url, b"{}", {})).status is None


async def test_a_port_at_which_nobody_listens_and_a_name_without_address_are_told_in_words() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        refused = await Poster(Guard(private=True)).post(url, b"{}", {})
    assert refused.error == "the connection was refused or could not be made"
    resolve, _ = answering([])
    absent = await Poster(Guard(resolve=resolve)).post("https://hooks.example.org/", b"{}", {})
    assert absent.error == "the host has no address"


async def test_a_receiver_without_tls_is_told_as_such() -> None:
    async with a_receiver() as receiver:
        outcome = await Poster(Guard(private=True)).post(f"https://127.0.0.1:{receiver.port}/", b"{}", {})
        assert outcome.error == "no TLS connection could be made"
