"""A server that sends what a script says, byte for byte, to whoever asks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Send = Callable[[bytes], None]
Script = Callable[[bytes, Send, threading.Event], None]
"""Is given a request, what sends, and what is set when the server ends."""


@contextmanager
def raw_server(script: Script) -> Iterator[str]:
    """Run a server that reads one request of each connection; yield its URL."""
    stop, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            asked = piece = connection.recv(65536)
            while piece and b"\r\n\r\n" not in asked:
                piece = connection.recv(65536)
                asked += piece
            script(asked, connection.sendall, stop)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join()
