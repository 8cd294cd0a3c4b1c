"""A reader whose updates are framed again, as the SDK's own iterator gets them."""

from __future__ import annotations

from typing import Any

from github_models_azure._core.answer.reader import AnswerReader
from github_models_azure._core.answer.sse import SSEDecoder, Update, frame


class FramedReader:
    def __init__(self, content_type: str = "text/event-stream", **keywords: Any) -> None:
        self.reader = AnswerReader(**keywords).open({}, content_type)

    def limited_to(self, size: int) -> FramedReader:
        """Bound one event, in bytes."""
        self.reader._decoder = SSEDecoder(max_event_bytes=size)
        return self

    def feed(self, chunk: bytes) -> bytes:
        return _framed(self.reader.feed(chunk))

    def end(self) -> bytes:
        return _framed(self.reader.end())

    @property
    def text(self) -> str:
        return self.reader.text

    @property
    def has_content(self) -> bool:
        return self.reader.has_content

    @property
    def done(self) -> bool:
        return self.reader.done


def _framed(updates: list[Update]) -> bytes:
    return b"".join(map(frame, updates))
