"""How long a stream may say nothing, and how long it may go on in all.

Silence is the absence of content: keep-alives, roles, usage and empty pieces do not end it. Only
waits count, which whoever reads the stream adds up; what a caller does between them does not.
"""

from __future__ import annotations

from math import inf

from ..route.cooldown import format_seconds

CALL_IS_OVER = "the call has taken as long as it may (timeout)"
"""What is said of a stream that ends because nothing is left of its call's time."""

_CLOSE = 0.05  # a transport's timer and the clock of the call need not agree


class Silence:
    """Adds up the waits of one stream.

    :param attempt_timeout: seconds until the first content, and from one to the next.
    :param read_timeout: seconds that one wait for data may take, and the limit where there is no
        ``attempt_timeout``.
    :param left: seconds that the stream may still take in all.
    """

    __slots__ = ("_has_begun", "_option", "left", "limit", "longest", "spent")

    def __init__(
        self, attempt_timeout: float | None, read_timeout: float, left: float = inf
    ) -> None:
        self._option = "read_timeout" if attempt_timeout is None else "attempt_timeout"
        self.limit = read_timeout if attempt_timeout is None else attempt_timeout
        self.longest = min(self.limit, read_timeout)  # that one wait is
        self.left, self.spent = left, 0.0
        self._has_begun = False

    @property
    def next_wait(self) -> float:
        """How many seconds the next wait may take; not above zero if there are none left."""
        return min(self.limit - self.spent, self.left)

    def waited(self, seconds: float, *, heard: bool) -> str | None:
        """Add a wait; return what is wrong if it took too long.

        :param heard: whether content came at its end.
        """
        spent = self.spent + seconds
        self.left -= seconds
        self.spent = 0.0 if heard else spent
        began, self._has_begun = self._has_begun, self._has_begun or heard
        if self.left <= 0:
            return CALL_IS_OVER
        if spent <= self.limit:
            return None
        told = format_seconds(spent)
        if not began:
            return f"no content within {told} ({self._option})"
        only = "the next content took" if heard else "nothing but keep-alives for"
        return f"{only} {told} ({self._option})"

    def ends_call(self, seconds: float) -> bool:
        """Return whether a wait that failed after ``seconds`` used up what was left in all."""
        return self.left - seconds <= _CLOSE
