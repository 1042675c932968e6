"""Who may look: nobody without the key, and a browser only in its own session."""

import time
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tenure.pages.sessions import SESSION_SECONDS
from tenure.web.access import ADMIN, COOKIE, Access

LATER = f"admin.9999999999.{'a' * 32}"
PAGES = [
    "/",
    "/dashboard/kinds/Club",
    "/dashboard/records/Club/c",
    "/dashboard/due",
    "/dashboard/limits",
    "/dashboard/messages",
]
API = [
    "/api/spaces", "/api/kinds", "/api/kinds/Club", "/api/records/Club", "/api/records/Club/c", "/api/history/Club/c",
    "/api/explain/Club/c", "/api/due", "/api/limits/Guest", "/api/messages",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_leads_to_the_form_first(site: Any, path: str) -> None:
    async with site() as s:
        answer = await s.get(path)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/dashboard/login?next=")


@pytest.mark.parametrize("path", API)
@pytest.mark.parametrize("headers", [{}, {"X-Admin-API-Key": "wrong"}, {"X-Admin-API-Key": ""}])
async def test_the_api_needs_the_key(site: Any, path: str, headers: dict[str, str]) -> None:
    async with site() as s:
        assert (await s.get(path, headers=headers)).status == 401


async def test_a_session_does_not_open_the_api_nor_a_key_the_pages(site: Any) -> None:
    async with site() as s:
        assert (await s.get("/", headers={"X-Admin-API-Key": "the-key-of-the-admin"})).status == 303
        await s.log_in()
        assert (await s.get("/api/kinds")).status == 401
        assert (await s.post("/api/apply", json={})).status == 401


async def test_the_form_sets_a_cookie_that_scripts_and_other_sites_do_not_get(site: Any) -> None:
    async with site() as s:
        answer = await s.post("/dashboard/login", data={"key": "the-key-of-the-admin", "next": "/dashboard/due"})
        assert answer.headers["Location"] == "/dashboard/due"
        cookie = answer.headers["Set-Cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await s.get("/")).status == 200


async def test_a_wrong_key_gets_the_form_again(site: Any) -> None:
    async with site() as s:
        answer = await s.post("/dashboard/login", data={"key": "wrong"})
        assert answer.status == 401
        assert "That is not the key." in await answer.text()
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_logging_in_leads_to_our_own_pages_only(site: Any, target: str) -> None:
    async with site() as s:
        answer = await s.post("/dashboard/login", data={"key": "the-key-of-the-admin", "next": target})
        assert answer.headers["Location"] == "/"


def request_with(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())], "scheme": "http"})


def cookie_of(access: Access) -> str:
    response = Response()
    request = Request({"type": "http", "headers": [], "scheme": "http", "path": "/", "server": ("a", 1)})
    access.sessions.begin(request, response, ADMIN)
    return response.headers["set-cookie"].split(";")[0].split("=", 1)[1]


def test_a_session_ends_with_its_time_and_with_its_key() -> None:
    now = time.time()
    cookie = cookie_of(Access("key", lambda: now))
    assert Access("key", lambda: now + SESSION_SECONDS - 2).sessions.find(request_with(cookie)) is not None
    assert Access("key", lambda: now + SESSION_SECONDS + 1).sessions.find(request_with(cookie)) is None
    assert Access("another", lambda: now).sessions.find(request_with(cookie)) is None


@pytest.mark.parametrize("forged", ["", "x", "...", f"{LATER}.bb", f"{LATER}.é", LATER, f"x.{LATER}"])
def test_a_forged_cookie_is_no_session(forged: str) -> None:
    request = Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={forged}".encode("latin-1"))]})
    assert Access("key").sessions.find(request) is None


def test_a_longer_life_can_not_be_written_into_a_cookie() -> None:
    who, until, nonce, signature = cookie_of(Access("key")).split(".")
    assert Access("key").sessions.find(request_with(f"{who}.{int(until) + 9}.{nonce}.{signature}")) is None


async def test_logging_out_needs_the_token_of_the_form(site: Any) -> None:
    async with site() as s:
        await s.log_in()
        assert (await s.post("/dashboard/logout", data={})).status == 403
        token = (await s.page("/")).split('name="form_token" value="')[1].split('"')[0]
        assert (await s.post("/dashboard/logout", data={"form_token": token})).status == 303
        assert (await s.get("/")).status == 303
