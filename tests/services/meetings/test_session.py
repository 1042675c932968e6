"""The public client, unchanged, through a whole session: a real server and real bots, on each engine, in browsers."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.places import KEPT, SQLITE, Place
from tests.services.meetings.making import ADMIN_KEY
from tests.services.meetings.serving import a_server, until
from vexa_client import VexaClient
from vexa_client.vexa import VexaClientError

from tenure.services.meetings.bot.browser import chromium

MEET = ("google_meet", "abc-defg-hij")
TEAMS = ("teams", "9398850880426")


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

        ada = server.room("google_meet-abc-defg-hij", "join", name="Ada")
        proof = {"participant": ada["participant"], "key": ada["key"]}
        seen = server.room("google_meet-abc-defg-hij", "look", **proof)
        assert {(p["name"], p["bot"]) for p in seen["participants"]} == {("Ada", False), ("Scribe", True)}
        server.room("google_meet-abc-defg-hij", "say", **proof, text="Hello, Scribe!")
        heard = until(lambda: client.get_transcript(*MEET)["segments"], bool)
        assert [(s["speaker"], s["text"], s["language"]) for s in heard] == [("Ada", "Hello, Scribe!", "en")]

        assert "message" in client.update_bot_config(*MEET, language="de")
        log = f"/admin/meetings/{first['id']}/log"
        until(lambda: server.http.get(server.url + log, headers={"X-Admin-API-Key": ADMIN_KEY}).text, said_reconfigure)
        server.room("google_meet-abc-defg-hij", "say", **proof, text="Guten Tag")
        heard = until(lambda: client.get_transcript(*MEET, meeting_id=first["id"])["segments"], lambda s: len(s) == 2)
        assert heard[1]["language"] == "de"

        assert "message" in client.stop_bot(*MEET)
        over = server.until(user["id"], "completed", MEET[1])
        assert (over["ended_by"], over["end_reason"]) == (f"user:{user['id']}", "stopped")
        # Its usage is counted a moment after the end, which is a change of the meeting, too.
        found = client.get_meeting_by_id(*MEET)
        assert found is not None
        assert found | {"updated_at": over["updated_at"]} == over
        seen = server.room("google_meet-abc-defg-hij", "look", **proof)
        assert [p["name"] for p in seen["participants"]] == ["Ada"]

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
