"""From the very words of a refusal to the body that is sent next."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from github_models_azure._core.failure.classify import classify_response
from github_models_azure._core.failure.kinds import Failure, FailureKind, Scope
from github_models_azure._core.request.dialect import DROP
from github_models_azure._core.request.fit import adapt
from github_models_azure._core.request.repairs import lessons_of, wanted_version
from tests.core.failure.refusal_helpers import ROWS, UNMENDED, body, gemini, openai


def classify(status: int, answer: Any) -> Failure:
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return classify_response(status, {"content-type": "application/json"}, raw, now=0.0)


@pytest.mark.parametrize("row", ROWS)
def test_a_refusal_leads_to_the_mended_body(row: str) -> None:
    """Read, learnt and fitted; told the same again and again, there is an end of learning."""
    status, answer, payload, mended = ROWS[row]
    before = copy.deepcopy(payload)
    failure = classify(status, answer)
    assert (failure.kind, failure.scope) == (FailureKind.WRONG_DIALECT, Scope.TARGET)
    lessons = lessons_of(failure, payload)
    sent, changes = adapt(payload, lessons)
    assert sent == mended
    assert changes
    assert payload == before
    assert wanted_version(lessons) == "keep"
    for _ in range(2):  # from developer to system, from system to user
        lessons |= lessons_of(failure, adapt(payload, lessons)[0])
    assert lessons_of(failure, adapt(payload, lessons)[0]) <= lessons


@pytest.mark.parametrize("row", UNMENDED)
def test_what_cannot_be_mended_teaches_nothing(row: str) -> None:
    """The question itself is never taken away: another target may take it as it is."""
    status, answer, payload = UNMENDED[row]
    failure = classify(status, answer)
    assert failure.kind in (FailureKind.WRONG_DIALECT, FailureKind.UNCLEAR)
    assert lessons_of(failure, payload) == frozenset()


@pytest.mark.parametrize(
    ("answer", "scope", "version"),
    [
        (b"API version not supported", Scope.ENDPOINT, DROP),  # goai#54
        (openai("API version not supported", code="BadRequest"), Scope.ENDPOINT, DROP),
        (  # pydantic-ai#5066
            openai("api-version query parameter is not allowed when using /v1 path"),
            Scope.ENDPOINT,
            DROP,
        ),
        (  # qadchat#13
            gemini('Unknown name "api-version": Cannot bind query parameter. Field "api-version" '
                   "could not be found in request message."),
            Scope.ENDPOINT,
            DROP,
        ),
        (  # azure-sdk-for-python#40759
            openai("Model {modelName} is enabled only for api versions 2024-12-01-preview and "
                   "later"),
            Scope.TARGET,
            "2024-12-01-preview",
        ),
        (  # flink-agents#931
            openai("response_format value as json_schema is enabled only for api versions "
                   "2024-08-01-preview and later"),
            Scope.TARGET,
            "2024-08-01-preview",
        ),
    ],
)  # fmt: skip
def test_a_refused_version_is_one_to_drop_or_another_to_send(
    answer: Any, scope: Scope, version: str
) -> None:
    """All known wordings; the body needs no change."""
    failure = classify(400, answer)
    assert (failure.kind, failure.scope) == (FailureKind.WRONG_DIALECT, scope)
    lessons = lessons_of(failure, body(temperature=1))
    assert wanted_version(lessons) == version
    assert adapt(body(temperature=1), lessons) == (body(temperature=1), ())
