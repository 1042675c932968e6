"""Whatever comes to the players' page: an answer below 500, and nothing is changed by what makes no sense."""

from __future__ import annotations

import asyncio
import os
import random
from urllib.parse import quote, urlencode

from tests.calling import call
from tests.services.trivia.browsing import ADMIN_KEY, GENERAL, HOME, parts_of
from tests.services.trivia.closings import START

from tenure import testing
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.members import Members
from tenure.services.trivia.chat.page.entering import COOKIE
from tenure.services.trivia.chat.page.http import create_app
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.kinds import kinds

TIMES = 5_000 if os.environ.get("TENURE_LONG") else 500
STEPS = (
    "join",
    "come-back",
    "logout",
    "key",
    f"{GENERAL}/write",
    f"{GENERAL}/press",
    f"{GENERAL}/live",
    "x/y/z",
    "%ff",
)
NAMES = ("form_token", "op", "line", "press", "name", "key", "admin_key", "")
JUNK = (
    "", "\0", "\ud800", "\ufffe", "\u202e", "/", "/answer", "/register " + "x:" * 200, "a:b:c", "../..", "'\"<>", "%00",
    "9" * 5000, "x" * 70_000, "é" * 600, "🎲", "-1", "NaN", "[]", "{}",
)  # fmt: skip


def a_form(seed: random.Random) -> bytes:
    """Make a form that nobody would send."""
    if seed.random() < 0.2:
        return seed.randbytes(seed.randrange(300))
    fields = [(seed.choice(NAMES), seed.choice(JUNK)) for _ in range(seed.randrange(8))]
    return urlencode(fields, errors="surrogatepass").encode() + seed.choice((b"", b"&", b"=", b"%", b"%f", b"&=&="))


async def test_malformed_requests_are_answered_below_500_and_change_nothing() -> None:
    number = random.SystemRandom().randrange(2**32)
    seed = random.Random(number)  # noqa: S311  it is to be repeated
    async with testing.store(*kinds, space="trivia", at=START) as store:
        await Channels(store).settle()
        _, key = await Members(store).join(HOME, "Ada")
        chat = WebChat(store)
        app = create_app(store, parts_of(store, chat), admin_key=ADMIN_KEY, closing=asyncio.Event())
        before = await store.position()
        for _ in range(TIMES):
            method = seed.choice(("POST", "POST", "GET", "PUT"))
            guild = seed.choice((HOME, HOME, "nowhere", "%ff", quote(seed.choice(JUNK)[:50], errors="surrogatepass")))
            path = f"/{guild}/{seed.choice(STEPS)}" + seed.choice(("", "?before=" + "a" * 400, "?before=%ff"))
            cookie = seed.choice((key, "", "x" * 5000, "\xff", '"'))
            if path.startswith((f"/{HOME}/{GENERAL}/live", f"/{HOME}/join")):
                continue  # with a key the one is an endless answer, and most of the junk is a name for the other
            headers = {"Cookie": f"{COOKIE}={cookie}", "Accept": seed.choice(("application/json", "text/html"))}
            answer = await call(app, method, path, a_form(seed), headers)
            assert 200 <= answer.status < 500, (number, method, path, answer)
        assert await store.position() == before, number
