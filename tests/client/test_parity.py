"""What the SDK offers has the same name and shape here: exports, signatures and constructors.

About `client/base.py`, `client/clients.py`, `aio/_client.py`. Frameworks read keywords off these.
"""

from __future__ import annotations

import inspect
from typing import Any

import azure.ai.inference
import azure.ai.inference.aio
import pytest

from github_models_azure import Endpoint
from tests.harness import URL, Service, Twin, chat

CALLS = [
    ("ChatCompletionsClient", "complete"),
    ("EmbeddingsClient", "embed"),
    ("ImageEmbeddingsClient", "embed"),
]
CLIENTS = [name for name, _ in CALLS]
KEYWORD = inspect.Parameter.KEYWORD_ONLY


def sdk(twin: Twin) -> Any:
    return azure.ai.inference.aio if twin.is_async else azure.ai.inference


def shape(function: Any) -> list[tuple[str, Any, Any]]:
    parameters = inspect.signature(function).parameters.values()
    return [(one.name, one.kind, one.default) for one in parameters]


def test_all_that_the_sdk_exports_is_here(twin: Twin) -> None:
    """One changed import is enough; the models stay where they are."""
    missing = set(sdk(twin).__all__) - set(twin.package.__all__)
    assert missing == set()


def test_what_the_sdk_exports_is_of_the_same_kind(twin: Twin) -> None:
    """A class for a class, a coroutine function for one."""
    for name in sdk(twin).__all__:
        theirs, ours = getattr(sdk(twin), name), getattr(twin.package, name)
        assert inspect.isclass(ours) is inspect.isclass(theirs)
        assert inspect.iscoroutinefunction(ours) is inspect.iscoroutinefunction(theirs)


@pytest.mark.parametrize("name", CLIENTS)
def test_every_public_member_of_the_sdks_client_is_here(twin: Twin, name: str) -> None:
    """With the SDK's signature, wherever it is ours."""
    theirs, ours = getattr(sdk(twin), name), getattr(twin.package, name)
    for member in (one for one in dir(theirs) if not one.startswith("_")):
        assert shape(getattr(ours, member)) == shape(getattr(theirs, member)), member


@pytest.mark.parametrize(("name", "method"), CALLS)
def test_a_call_has_the_sdks_arguments_by_both_ways_of_asking(
    twin: Twin, name: str, method: str
) -> None:
    """``getfullargspec`` does not look behind a wrapper."""
    theirs = inspect.signature(getattr(getattr(sdk(twin), name), method))
    ours = getattr(getattr(twin.package, name), method)
    assert inspect.signature(ours) == theirs
    spec = inspect.getfullargspec(ours)
    by_keyword = [one.name for one in theirs.parameters.values() if one.kind is KEYWORD]
    assert spec.args == ["self", "body"]
    assert spec.kwonlyargs == by_keyword
    assert spec.varkw == "kwargs"
    assert spec.varargs is None
    assert {"model", "model_extras"} <= set(spec.kwonlyargs)


@pytest.mark.parametrize(("name", "method"), CALLS)
def test_a_call_of_a_client_has_them_too(twin: Twin, name: str, method: str) -> None:
    """Asked of the bound method, ``self`` is gone."""
    client = getattr(twin.package, name)(URL, "key", transport=twin.transport(Service(chat)))
    spec = inspect.getfullargspec(getattr(client, method))
    signature = inspect.signature(getattr(client, method))
    assert next(iter(signature.parameters)) == "body"
    assert set(spec.kwonlyargs) == {
        one.name for one in signature.parameters.values() if one.kind is KEYWORD
    }


@pytest.mark.parametrize("ask", [lambda cls: cls, lambda cls: cls.__init__])
@pytest.mark.parametrize("name", CLIENTS)
def test_a_constructor_names_every_argument_of_the_sdks(twin: Twin, name: str, ask: Any) -> None:
    """In the same places, as the same kinds, with the same defaults; ours follow."""
    theirs = inspect.signature(ask(getattr(sdk(twin), name))).parameters
    ours = inspect.signature(ask(getattr(twin.package, name))).parameters
    assert [n for n in ours if n in theirs and n != "kwargs"] == [
        n for n in theirs if n != "kwargs"
    ]
    assert list(ours)[-1] == list(theirs)[-1] == "kwargs"
    for parameter in theirs.values():
        assert ours[parameter.name].kind is parameter.kind
        if parameter.kind is KEYWORD:
            assert ours[parameter.name].default is parameter.default
    assert {one.kind for one in ours.values() if one.name not in theirs} == {KEYWORD}
    assert {"fallback", "validate", "ledger"} <= ours.keys()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_constructor_tells_them_to_getfullargspec(twin: Twin, name: str) -> None:
    """As a framework reads them that drops what a constructor does not name."""
    theirs = inspect.getfullargspec(getattr(sdk(twin), name).__init__)
    ours = inspect.getfullargspec(getattr(twin.package, name).__init__)
    assert ours.args == theirs.args == ["self", "endpoint", "credential"]
    assert set(theirs.kwonlyargs) <= set(ours.kwonlyargs)
    assert ours.varkw == "kwargs"


def test_a_class_derived_from_ours_keeps_a_constructor_of_its_own(twin: Twin) -> None:
    """Its signature is not hidden by that of the class beneath."""

    class Mine(twin.package.ChatCompletionsClient):  # type: ignore[misc]
        def __init__(self, team: str) -> None:
            super().__init__(URL, "key", model="m", transport=twin.transport(Service(chat)))
            self.team = team

    assert list(inspect.signature(Mine).parameters) == ["team"]
    assert Mine("a").team == "a"


def test_a_client_says_whom_it_asks(twin: Twin) -> None:
    """Endpoint, model and fallback; no key, and nothing of a query."""
    transport = twin.transport(Service(chat))
    endpoint = Endpoint("mine", URL + "?code=hidden", "secret")
    made = {
        shown: repr(
            twin.package.ChatCompletionsClient(
                endpoint, model="m", fallback=given, transport=transport
            )
        )
        for given, shown in [
            ("tier", "'tier'"),
            (None, "None"),
            (["n", "ollama/llama3.2"], "['n', 'ollama/llama3.2']"),
            ({"m": ["n"], "*": []}, "{'m': ['n'], '*': []}"),
        ]
    }
    for shown, text in made.items():
        assert text == (
            f"ChatCompletionsClient(Endpoint('mine', '{URL}', dialect='unknown'), model='m', "
            f"fallback={shown})"
        )


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_could_not_be_made_can_be_shown(twin: Twin, name: str) -> None:
    """As a debugger does that stops in the constructor."""
    kind = getattr(twin.package, name)
    assert repr(kind.__new__(kind)) == f"{name}()"
