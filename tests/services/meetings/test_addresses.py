"""Which URLs a user may have us call."""

import asyncio
import socket
import threading

import pytest

from tenure.services.meetings.platforms import PLATFORMS, address
from tenure.webhooks import addresses
from tenure.webhooks.addresses import Guard, Names, UnsafeUrl

UNSAFE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[ff02::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[::127.0.0.1]/",
    "http://[fec0::1]/",
    "http://[3fff::1]/",
    "http://192.0.0.8/",
    "http://192.88.99.1/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://printer/",
    "http://db.internal/",
    "http://nas.local/",
    "http://user@8.8.8.8/",
    "http://8.8.8.8@127.0.0.1/",
    "http://8.8.8.8#@127.0.0.1/",
    "http://8.8.8.8\\@127.0.0.1/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "javascript:alert(1)",
    "//example.org/",
    "example.org",
    "http://",
    "http://:80/",
    "http://example.org:0/",
    "http://example.org:99999/",
    "http://exa%6dple.org/",
    "http://[/",
    "http://ⓔxample.org/",
    "http://example.org/\x00",
    "http://-.org/",
    "http://example..org/",
]


@pytest.mark.parametrize("url", UNSAFE)
def test_a_url_that_leads_inside_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(UnsafeUrl) as refused:
        Guard().check_url(url)
    assert url not in str(refused.value)


@pytest.mark.parametrize("url", ["https://", "http://a b.org/", "https://example.org/" + "x" * 2000, ""])
def test_a_url_of_no_form_is_refused(url: str) -> None:
    with pytest.raises(UnsafeUrl):
        Guard().check_url(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/hook?a=1", "example.org"),
        ("http://EXAMPLE.org.:8080/", "example.org"),
        ("https://8.8.8.8/", "8.8.8.8"),
        ("https://[2001:4860:4860::8888]/x", "2001:4860:4860::8888"),
        ("https://xn--bcher-kva.example.com/", "xn--bcher-kva.example.com"),
    ],
)
def test_a_public_url_passes(url: str, host: str) -> None:
    assert Guard().check_url(url) == host


async def test_a_name_that_resolves_to_a_private_address_is_refused() -> None:
    async def inside(host: str) -> list[str]:  # noqa: ARG001
        return ["93.184.215.14", "10.0.0.1"]

    async def outside(host: str) -> list[str]:  # noqa: ARG001
        await asyncio.sleep(0)
        return ["93.184.215.14"]

    with pytest.raises(UnsafeUrl):
        await Guard(resolve=inside).check_resolved("https://example.org/")
    await Guard(resolve=outside).check_resolved("https://example.org/")


async def test_a_silent_name_server_holds_up_only_who_asks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    may, asked = threading.Event(), list[str]()

    def look(host: str, *_: object, **__: object) -> object:
        asked.append(host)
        if host == "silent.example.org":
            may.wait()
        return [(0, 0, 0, "", ("93.184.215.14", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    names, patient = Names(seconds=0.05), Names(seconds=50)
    silent = await asyncio.gather(*(names("silent.example.org") for _ in range(100)))
    assert silent == [[]] * 100
    while not asked:
        await asyncio.sleep(0)  # its thread may not have come to it yet
    assert await patient("example.org") == ["93.184.215.14"]
    assert asked == ["silent.example.org", "example.org"]
    waits = asyncio.gather(*(patient("silent.example.org") for _ in range(3)))
    while len(asked) < 3:
        await asyncio.sleep(0)
    may.set()
    assert await waits == [["93.184.215.14"]] * 3
    assert len(asked) == 3


async def test_no_more_names_are_asked_for_at_once_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    may, asked = threading.Event(), list[str]()

    def look(host: str, *_: object, **__: object) -> object:
        asked.append(host)
        may.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look)
    names = Names(seconds=0.05, most=3)
    assert await asyncio.gather(*(names(f"{number}.example.org") for number in range(10))) == [[]] * 10
    while len(asked) < 3:
        await asyncio.sleep(0)
    may.set()
    assert sorted(asked) == [f"{number}.example.org" for number in range(3)]


async def test_where_nothing_more_can_be_asked_at_once_a_name_has_no_address_and_later_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NoMore(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    names = Names()
    with monkeypatch.context() as full:
        full.setattr(addresses, "Thread", NoMore)
        assert await names("127.0.0.1") == []
    assert await names("127.0.0.1") == ["127.0.0.1"]


async def test_a_name_without_an_address_has_none() -> None:
    assert await Names()("nowhere.invalid") == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_meetings_address_has_a_fixed_host_and_the_id_as_its_last_part(platform: str) -> None:
    url = address(platform, "abc-1", page_url="http://127.0.0.1:1/local-meeting")
    assert url.endswith("/abc-1")
    assert platform == "local" or url.startswith("https://")
