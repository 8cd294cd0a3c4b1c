"""uvicorn's HTTP protocol, with OpenAI's form for what is no HTTP."""

from __future__ import annotations

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .errors import ErrorAnswer


class Protocol(H11Protocol):
    """Answers a request that cannot be read as every other error is answered."""

    def send_400_response(self, msg: str) -> None:
        """Send the error and close the connection."""
        body = ErrorAnswer(400, msg, "invalid_http").body()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        events = (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        try:
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # an answer is on its way already
            pass
        self.transport.close()
