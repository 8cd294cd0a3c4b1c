"""One target: a model on an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .endpoint import Endpoint
from .presets import PRESETS


@dataclass(frozen=True, slots=True)
class Target:
    """A model on an endpoint; written ``endpoint-name/model-id``.

    ``endpoint`` is ``None`` for a model on the client's own endpoint.
    """

    model: str
    endpoint: Endpoint | None = None

    def __post_init__(self) -> None:
        model: object = self.model
        if not isinstance(model, str) or not model.strip():
            raise ValueError(f"A target needs a model id, not {model!r}.")

    def __str__(self) -> str:
        return self.model if self.endpoint is None else f"{self.endpoint.name}/{self.model}"


def parse_target(value: str | Target, known: Mapping[str, Endpoint] = PRESETS) -> Target:
    """Read ``endpoint-name/model-id``; without a known endpoint name in front, it is a model id.

    :raises ValueError: for an empty text.
    :raises TypeError: for anything but a text or a :class:`Target`.
    """
    if isinstance(value, Target):
        return value
    if not isinstance(value, str):
        raise TypeError(f"A target is a text or a Target, not {value!r}.")
    name, slash, model = value.partition("/")
    if slash and name in known:
        return Target(model, known[name])
    return Target(value)
