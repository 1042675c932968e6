"""The public client, unchanged, through a whole session: a real server and real bots, on each engine, in browsers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.places import KEPT, SQLITE, Place
from tests.services.meetings.making import ADMIN_KEY
from tests.services.meetings.serving import Server, a_server, until
from vexa_client import VexaClient
from vexa_client.vexa import VexaClientError

from tenure.services.meetings.bot.browser import chromium

T = TypeVar("T")
MEET = ("google_meet", "abc-defg-hij")
ROOM = "google_meet-abc-defg-hij"
TEAMS = ("teams", "9398850880426")


class Ada:
    """Somebody at the meeting's page. Who looks at it no more is gone after a while: she looks while she waits."""

    def __init__(self, server: Server) -> None:
        self._server = server
        seat = server.room(ROOM, "join", name="Ada")
        self._proof = {"participant": seat["participant"], "key": seat["key"]}

    def does(self, step: str, **more: Any) -> Any:
        """Take a step in the room."""
        return self._server.room(ROOM, step, **self._proof, **more)

    def sees(self) -> Any:
        """Give who is in the room."""
        return self.does("look")["participants"]

    def until(self, look: Callable[[], T], fits: Callable[[T], bool]) -> T:
        """Wait until something fits."""
        return until(lambda: (self.sees(), look())[1], fits)


NEEDS_A_BROWSER = pytest.mark.skipif(
    chromium.find() is None and not os.environ.get("CI"), reason="needs a browser: install the package chromium"
)


@pytest.mark.parametrize(
    ("engine", "bot"),
    [*((engine, "http") for engine in KEPT), pytest.param(SQLITE, "browser", marks=NEEDS_A_BROWSER)],
)
def test_the_public_client_works_through_a_whole_session(
    tmp_path: Path, place_of: Callable[[str], Place], engine: str, bot: str
) -> None:
    with a_server(tmp_path, place_of(engine).fresh(), TENURE_MEETINGS_BOT=bot) as server:
        admin = VexaClient(server.url, admin_key=ADMIN_KEY)
        user = admin.create_user_and_set_id("ada@example.org", name="Ada", max_concurrent_bots=2)
        server.keys[user["id"]] = admin.create_token()["token"]
        client = VexaClient(server.url, api_key=server.keys[user["id"]])

        first = client.request_bot(*MEET, bot_name="Scribe", language="en", task="transcribe")
        assert first["status"] == "reserved"
        assert first["user_id"] == user["id"]
        second = client.request_bot_from_url("https://teams.live.com/meet/9398850880426?p=RBZCWdxyp85TpcKna8")
        assert second["bot_container_id"] != first["bot_container_id"]
        with pytest.raises(VexaClientError, match=r"429 .*Maximum concurrent bots limit reached \(2\)"):
            client.request_bot("google_meet", "third-meet-ing")
        with pytest.raises(VexaClientError, match="409"):
            client.request_bot(*MEET)

        running = until(client.get_running_bots_status, lambda bots: {b["status"] for b in bots} == {"active"})
        assert {(b["platform"], b["native_meeting_id"]) for b in running} == {MEET, TEAMS}

        ada = Ada(server)
        assert {(p["name"], p["bot"]) for p in ada.sees()} == {("Ada", False), ("Scribe", True)}
        ada.does("say", text="Hello, Scribe!")
        heard = ada.until(lambda: client.get_transcript(*MEET)["segments"], bool)
        assert [(s["speaker"], s["text"], s["language"]) for s in heard] == [("Ada", "Hello, Scribe!", "en")]

        assert "message" in client.update_bot_config(*MEET, language="de")
        log = f"/admin/meetings/{first['id']}/log"
        headers = {"X-Admin-API-Key": ADMIN_KEY}
        ada.until(lambda: server.http.get(server.url + log, headers=headers).text, said_reconfigure)
        ada.does("say", text="Guten Tag")
        heard = ada.until(
            lambda: client.get_transcript(*MEET, meeting_id=first["id"])["segments"], lambda said: len(said) == 2
        )
        assert heard[1]["language"] == "de"

        assert "message" in client.stop_bot(*MEET)
        over = ada.until(lambda: server.meeting(user["id"], MEET[1]), lambda meeting: meeting["status"] == "completed")
        assert (over["ended_by"], over["end_reason"]) == (f"user:{user['id']}", "stopped")
        # Its usage is counted a moment after the end, which is a change of the meeting, too.
        found = client.get_meeting_by_id(*MEET)
        assert found is not None
        assert found | {"updated_at": over["updated_at"]} == over
        assert [p["name"] for p in ada.sees()] == ["Ada"]

        client.update_meeting_data(*MEET, name="Weekly", participants=["Ada"], languages=["en"], notes="good")
        meetings = client.get_meetings()
        assert [m["id"] for m in meetings] == [second["id"], first["id"]]
        assert meetings[1]["data"]["name"] == "Weekly"

        with pytest.raises(VexaClientError, match="409"):
            client.delete_meeting(*TEAMS)
        assert "message" in client.delete_meeting(*MEET)
        assert client.get_meeting_by_id(*MEET) is None
        assert [m["id"] for m in client.get_meetings()] == [second["id"], first["id"]]

        assert client.set_webhook_url("https://8.8.8.8/hook")["webhook_url"] == "https://8.8.8.8/hook"
        look_after_the_user(admin, user["id"])
        client.stop_bot(*TEAMS)


def look_after_the_user(admin: VexaClient, user: int) -> None:
    assert admin.update_user(user, max_concurrent_bots=0)["max_concurrent_bots"] == 0
    assert [u["email"] for u in admin.list_users()] == ["ada@example.org"]
    assert admin.get_user_by_email("ada@example.org")["id"] == user


def said_reconfigure(log: str) -> bool:
    return "told to reconfigure" in log
