"""A streamed answer read and put together, for whoever has the updates of some client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .assembly import Assembly, mappings
from .reader import AnswerReader
from .reasons import failed_reason
from .stages import AnswerFault, states_error


@dataclass(slots=True)
class AnswerPieces:
    """Puts the first choice of a stream together; members that only one provider knows survive."""

    reader: AnswerReader = field(default_factory=AnswerReader)
    _whole: Assembly = field(default_factory=Assembly)

    @property
    def finish(self) -> str | None:
        """The finish reason of the first choice."""
        return self._whole.finish

    def take(self, update: Mapping[str, object]) -> str:
        """Add one update, and return the text in it; what makes no sense is passed over.

        :raises AnswerFault: if the update states an error, or ends the answer as failed.
        """
        try:
            fitted = self.reader.update(update)
        except AnswerFault:
            choices = mappings(update.get("choices"))
            if states_error(update) or any(
                one.get("error") or failed_reason(one) for one in choices
            ):
                raise
            fitted = update
        return self._whole.add(fitted)

    def completion(self) -> dict[str, object]:
        """Return the whole answer, as it would have come without a stream."""
        return self._whole.completion(only_first=True)
