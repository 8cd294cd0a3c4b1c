"""What is left of errors once secrets are hidden in them: `secrets`, `causes`, `logged`."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import Any

from azure.core.exceptions import HttpResponseError, ResponseNotReadError, ServiceRequestError

from github_models_azure._core.failure.redact import Redactor
from github_models_azure.policies.responses import HiddenResponse, hidden_response
from github_models_azure.policies.secrets import HiddenCause, hide_in_error

KEY = "planted-key"
SECRETS = Redactor([KEY])


class Stubborn(Exception):
    """Says what a property makes, which nobody can set, as some libraries' exceptions do."""

    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request

    def __str__(self) -> str:
        return f"asked with {self.request.key}"


def test_a_cause_that_insists_is_replaced() -> None:
    """By one that says the same without the secret, wherever it is kept."""
    cause = Stubborn(SimpleNamespace(key=KEY))
    error = ServiceRequestError("failed", error=cause)
    error.args = ("failed", cause)
    error.__cause__ = error.__context__ = cause
    hide_in_error(SECRETS, error)
    kept = (error.__cause__, error.__context__, error.inner_exception, error.args[1])
    assert all(isinstance(one, HiddenCause) for one in kept)
    assert str(error.__cause__) == "Stubborn: asked with ***"


def answer(body: Any) -> Any:
    request = SimpleNamespace(method="GET", url="https://h.example/v1?sig=x")
    return SimpleNamespace(
        status_code=400, reason=f"No {KEY}", headers={"a": KEY}, content=body, request=request
    )


def test_a_refusal_without_secrets_can_be_pickled_again_and_again() -> None:
    """It keeps what it said, and of its request where it went."""
    made = hidden_response(answer(f"the {KEY}".encode()), SECRETS)
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(made))))
    assert (again.status_code, again.reason, again.text()) == (400, "No ***", "the ***")
    assert again.headers["A"] == "***"
    assert (again.request.method, again.request.url) == ("GET", "https://h.example/v1")
    assert repr(again) == "<Response: 400 No ***>"
    assert hidden_response(again, SECRETS) is again
    assert isinstance(HttpResponseError(response=again).response, type(again))
    assert type(made) is HiddenResponse


def test_a_response_that_was_never_read_is_left_alone() -> None:
    """Nothing of it can be shown."""

    class Unread:
        @property
        def content(self) -> bytes:
            asked: Any = SimpleNamespace(request="one")
            raise ResponseNotReadError(asked)

    for response in (Unread(), answer(None)):
        assert hidden_response(response, SECRETS) is response
