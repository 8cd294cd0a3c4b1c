"""A memory of the requests that arrived, without any credential in it."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from .json_value import Json, as_object, as_text

CREDENTIAL_HEADERS = frozenset(
    {
        "authorization",
        "api-key",
        "x-api-key",
        "cookie",
        "proxy-authorization",
        "ocp-apim-subscription-key",
        "x-goog-api-key",
    }
)
_SECRET_QUERY = frozenset({"key", "api_key", "api-key", "token", "access_token", "code", "sig"})


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request as the emulator saw it; ``time`` is the emulator's clock, in seconds.

    ``headers`` leave out every credential: ``credential_headers`` names those that were present
    and ``credential`` is a short fingerprint of the token, the same for the same token.
    ``body`` is the parsed body, kept in this process only; ``status`` is 0 where no answer began.
    """

    number: int
    time: float
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    credential_headers: tuple[str, ...]
    credential: str | None
    status: int
    model: str | None = None
    stream: bool = False
    fault: str | None = None
    body: Json = field(default=None, repr=False)

    def as_json(self) -> dict[str, Json]:
        """Return the entry for the control API, without the body."""
        return {
            "number": self.number,
            "time": self.time,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": dict(self.headers),
            "credential_headers": list(self.credential_headers),
            "credential": self.credential,
            "status": self.status,
            "model": self.model,
            "stream": self.stream,
            "fault": self.fault,
        }


class Journal:
    """The latest requests, oldest first; safe for threads.

    :param size: how many entries are kept.
    """

    def __init__(self, size: int) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=size)
        self._count = 0
        self._lock = threading.Lock()

    def record(
        self,
        *,
        time: float,
        method: str,
        path: str,
        query: str,
        headers: Iterable[tuple[str, str]],
        status: int,
        body: Json = None,
        fault: str | None = None,
    ) -> None:
        """Add one request; credentials are dropped here, before anything is kept."""
        pairs = [(name.lower(), value) for name, value in headers]
        token = next((v for n, v in pairs if n in ("authorization", "api-key")), None)
        members = as_object(body)
        with self._lock:
            self._count += 1
            self._entries.append(
                JournalEntry(
                    number=self._count,
                    time=time,
                    method=method,
                    path=path,
                    query=_clean_query(query),
                    headers={n: v for n, v in pairs if n not in CREDENTIAL_HEADERS},
                    credential_headers=tuple(n for n, _ in pairs if n in CREDENTIAL_HEADERS),
                    credential=fingerprint(bearer_token(token)) if token else None,
                    status=status,
                    model=as_text(members.get("model")) or None,
                    stream=members.get("stream") is True,
                    fault=fault,
                    body=body,
                )
            )

    def entries(self) -> tuple[JournalEntry, ...]:
        """Return what is kept, oldest first."""
        with self._lock:
            return tuple(self._entries)

    def clear(self) -> None:
        """Forget everything and count from one again."""
        with self._lock:
            self._entries.clear()
            self._count = 0


def fingerprint(token: str) -> str:
    """Return twelve hexadecimal digits that tell tokens apart and do not give them away."""
    return hashlib.sha256(b"github-models-emulator:" + token.encode()).hexdigest()[:12]


def bearer_token(header: str) -> str:
    """Return the token of an ``Authorization`` value, with or without its scheme."""
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header.strip()


def _clean_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name.lower() in _SECRET_QUERY for name, _ in pairs):
        return query
    return urlencode([(n, "REMOVED" if n.lower() in _SECRET_QUERY else v) for n, v in pairs])
