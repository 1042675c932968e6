"""Webhooks of a real server that is killed and started again."""

import json
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.services.meetings.serving import a_server, until

PRIVATE = {"TENURE_MEETINGS_WEBHOOK_PRIVATE": "1"}


class Hooks:
    """A receiver in threads of its own: what came, in order, and the status of the next answers."""

    def __init__(self) -> None:
        self.came: queue.Queue[Any] = queue.Queue()
        self.status, self.url = 200, ""

    def next(self) -> Any:
        return json.loads(self.came.get(timeout=50))


@contextmanager
def hooks() -> Iterator[Hooks]:
    """Run a receiver on a free port."""
    receiver = Hooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.status)
            self.end_headers()
            receiver.came.put(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002  the base class's names
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            serving.join()


def test_a_server_that_is_killed_goes_on_with_its_tries_under_the_same_ids(tmp_path: Path) -> None:
    with hooks() as receiver, a_server(tmp_path, **PRIVATE) as server:
        user = server.a_user()
        receiver.status = 503
        server.call("PUT", "/user/webhook", {"webhook_url": receiver.url}, user=user)
        server.ask(user)
        first = until(receiver.next, lambda envelope: envelope["data"]["status_change"]["to"] == "reserved")
        assert first["data"]["status_change"]["from"] is None
        path = f"/user/webhook/deliveries/{first['event_id']}"
        until(lambda: server.call("GET", path, user=user), lambda delivery: delivery["state"] == "waiting")
        server.send(signal.SIGKILL)
        receiver.status = 200
        server.start()
        until(receiver.next, lambda envelope: envelope == first)
        until(lambda: server.call("GET", path, user=user), lambda delivery: delivery["state"] == "delivered")


def test_a_server_tells_a_whole_life_and_counts_it(tmp_path: Path) -> None:
    with hooks() as receiver, a_server(tmp_path, **PRIVATE) as server:
        user = server.a_user()
        server.call("PUT", "/user/webhook", {"webhook_url": receiver.url}, user=user)
        server.ask(user)
        until(receiver.next, lambda envelope: envelope["event_type"] == "meeting.started")
        server.call("DELETE", "/bots/local/demo", user=user)
        completed = until(receiver.next, lambda envelope: envelope["event_type"] == "meeting.completed")
        assert completed["data"]["meeting"]["end_reason"] == "stopped"
        (used,) = until(lambda: server.call("GET", "/user/usage", user=user)["usage"], bool)
        assert used["meetings"] == 1
        assert used["bot_seconds"] > 0
