"""What the transports' libraries read before an answer: interim answers, and long headers."""

from __future__ import annotations

from http.client import HTTPResponse
from typing import Any

LINE, COUNT = 65536, 100
"""The longest header line, in bytes, and the most headers, that ``http.client`` reads."""

LIMITS = {"max_line_size": LINE, "max_field_size": LINE}
"""The same for a request of aiohttp, which reads 8190 bytes by default."""


class FinalResponse(HTTPResponse):
    """Passes over interim answers: ``http.client`` knows 100 only, aiohttp knows them all.

    RFC 9110, 15.2: a client must be able to read any number of them, 102 and 103 too.

    :ivar sock: the socket that the answer is read from.
    """

    def __init__(self, sock: Any, *args: Any, **keywords: Any) -> None:
        super().__init__(sock, *args, **keywords)
        self.sock = sock

    def begin(self) -> None:
        """Read up to the end of the headers of the answer itself."""
        super().begin()
        while 100 <= self.status < 200 and self.status != 101:
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first one
            super().begin()
