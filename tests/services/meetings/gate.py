"""A socket before the container engine's own that holds chosen requests, so that a test kills the server just then."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AT_ONCE = 1 << 16


class Gate:
    """Passes every request on, but those that are to be held before the engine gets them, or before it answers."""

    def __init__(self, socket: Path, engine: Path) -> None:
        self.socket, self._engine = socket, engine
        self._held, self._holding = dict[str, bool](), set[str]()
        self._open, self._changed = threading.Event(), threading.Condition()

    def hold(self, wanted: str, *, answered: bool) -> None:
        """Hold the request whose first line has this in it: before it is passed on, or before it is answered."""
        self._held[wanted] = answered

    def wait_for(self, number: int) -> None:
        """Wait until so many requests are held."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._holding) == number)

    def open(self) -> None:
        """Drop what is held, and hold nothing any more."""
        self._held.clear()
        self._open.set()

    def serve(self, client: socket.socket) -> None:
        """Serve one connection, which carries one request."""
        request = b""
        while b"\r\n\r\n" not in request:
            part = client.recv(AT_ONCE)
            if not part:
                return
            request += part
        line = request.split(b"\r\n", 1)[0].decode()
        wanted = next((text for text in self._held if text in line), None)
        if wanted is not None and not self._held[wanted]:
            self._keep(wanted)
            return
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(str(self._engine))
            engine.sendall(request)
            # The server's side ends first, or the engine's: either way the connection is over for both.
            threading.Thread(target=_carry, args=(client, engine), daemon=True).start()
            if wanted is not None:
                engine.recv(AT_ONCE)
                self._keep(wanted)
                return
            _carry(engine, client)

    def _keep(self, wanted: str) -> None:
        with self._changed:
            self._holding.add(wanted)
            self._changed.notify_all()
        self._open.wait()


def _carry(reader: socket.socket, writer: socket.socket) -> None:
    try:
        while part := reader.recv(AT_ONCE):
            writer.sendall(part)
        writer.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def a_gate(folder: Path, engine: Path) -> Iterator[Gate]:
    """Run a gate before an engine's socket."""
    gate = Gate(folder / "gate.sock", engine)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            gate.serve(self.request)

    class Listener(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

    with Listener(str(gate.socket), Handler) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield gate
        finally:
            gate.open()
            listener.shutdown()
