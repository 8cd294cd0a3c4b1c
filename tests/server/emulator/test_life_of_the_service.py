"""Retirement, the journal, the model lists, and the control API.

About `server/emulator/app.py`, `server/emulator/front.py`, `server/emulator/journal.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_helpers import START, Service, service

from github_models_azure.registry import default_registry
from github_models_azure.server.emulator import EmulatorSettings, create_app

SECRET = "ghp_0123456789abcdef"


@pytest.fixture
def emulated() -> Service:
    return service()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/inference/chat/completions"),
        ("POST", "/chat/completions"),
        ("GET", "/catalog/models"),
        ("GET", "/anything"),
    ],
)
def test_after_the_end_everything_is_a_brownout(method: str, path: str) -> None:
    """The same 410 whatever is asked and whoever asks."""
    answer = service(retired="410").request(method, path, body={}, token=None)
    assert answer.status == 410
    assert answer.json == {
        "error": {
            "code": "github_models_retirement_brownout",
            "message": "GitHub Models is temporarily unavailable as part of a scheduled "
            "retirement brownout.",
        }
    }


def test_new_accounts_met_an_empty_403() -> None:
    """No body, and the headers of RFC 9745 and RFC 8594."""
    answer = service(retired="403-sunset").chat()
    assert (answer.status, answer.body) == (403, b"")
    assert answer.headers["deprecation"] == "@1777939200"
    assert answer.headers["sunset"] == "Thu, 30 Jul 2026 00:00:00 GMT"
    assert answer.headers["link"].endswith('rel="deprecation"')


def test_a_deprecated_service_answers_and_says_so() -> None:
    """200 with a date that is no HTTP date and two links, one with its typo."""
    answer = service(retired="deprecated").chat()
    assert answer.status == 200
    assert answer.headers["deprecation"] == "Fri, 17 July 2025 00:00:00 GMT"
    links = [value for name, value in answer.raw_headers if name == "link"]
    assert len(links) == 2
    assert "github.models.ai" in links[1]


def test_errors_of_a_deprecated_service_do_not_say_so() -> None:
    """Only successful answers carried the headers."""
    answer = service(retired="deprecated").chat(model="openai/o1")
    assert answer.status == 403
    assert "deprecation" not in answer.headers


@pytest.mark.parametrize("options", [{"retired": "404"}, {"plan": "gold"}])
def test_modes_and_plans_that_do_not_exist_are_refused(options: Any) -> None:
    """A typing error is told where it is made."""
    with pytest.raises(ValueError, match=r"404|gold"):
        create_app(**options)


def test_the_catalogue_is_the_registry(emulated: Service) -> None:
    """Every model of the registry is listed, with the members of a real entry."""
    listed = emulated.get("/catalog/models", token=None).json
    assert [entry["id"] for entry in listed] == [info.id for info in default_registry().models()]
    assert {"limits", "rate_limit_tier", "capabilities", "supported_input_modalities"} <= set(
        listed[0]
    )
    assert emulated.get("/v1/models").json == {"data": listed}


def test_the_legacy_list_has_ids_that_are_not_names(emulated: Service) -> None:
    """A bare array of azureml ids, beside the names that a request takes."""
    first = emulated.get("/models", token=None).json[0]
    assert first["id"].startswith("azureml://registries/")
    messages = [{"role": "user", "content": "Hi"}]
    for name, status in ((first["name"], 200), (first["id"], 400)):
        body = {"model": name, "messages": messages}
        assert emulated.post("/chat/completions", body).status == status


def test_the_journal_has_every_request(emulated: Service) -> None:
    """What arrived, in order, with its answer's status."""
    emulated.chat(stream=True)
    emulated.get("/info?x=1")
    first, second = emulated.state.journal.entries()
    assert (first.number, first.method, first.path) == (1, "POST", "/inference/chat/completions")
    assert (first.model, first.stream, first.status) == ("openai/gpt-4o", True, 200)
    assert first.time == START
    assert first.body["messages"] == [{"role": "user", "content": "Hello"}]
    assert (second.path, second.query, second.status) == ("/info", "x=1", 404)


def test_the_journal_keeps_no_credential(emulated: Service) -> None:
    """Neither header, query nor representation holds a secret; equal tokens look equal."""
    headers = {"api-key": SECRET, "cookie": f"a={SECRET}"}
    for _ in range(2):
        emulated.get(f"/models?key={SECRET}&a=b", token=SECRET, headers=headers)
    entries = emulated.state.journal.entries()
    shown = repr(entries) + json.dumps([entry.as_json() for entry in entries])
    shown += emulated.get("/_emulator/journal").text + emulated.get("/_emulator/state").text
    assert SECRET not in shown
    assert entries[0].credential_headers == ("authorization", "api-key", "cookie")
    assert entries[0].credential == entries[1].credential
    assert entries[0].query == "key=REMOVED&a=b"


def test_the_settings_show_no_token() -> None:
    """The special tokens are counted, not shown."""
    settings = EmulatorSettings(bad_tokens=frozenset({SECRET}))
    assert SECRET not in repr(settings)


def test_the_journal_has_a_size() -> None:
    """Only the latest requests are kept."""
    emulated = service(settings=EmulatorSettings(journal_size=2))
    for path in ("/a", "/b", "/c"):
        emulated.get(path)
    assert [entry.path for entry in emulated.state.journal.entries()] == ["/b", "/c"]


def test_the_control_api_advances_the_clock(emulated: Service) -> None:
    """An exhausted minute is over once the clock was advanced."""
    for _ in range(11):
        last = emulated.chat()
    assert last.status == 429
    answer = emulated.post("/_emulator/clock/advance", {"seconds": 60})
    assert answer.json == {"now": START + 60, "advanced": 60}
    assert emulated.chat().status == 200


def test_the_control_api_adds_faults(emulated: Service) -> None:
    """A fault from another process strikes like any other."""
    answer = emulated.post("/_emulator/faults", {"kind": "status", "status": 503})
    assert answer.json["faults"][0]["status"] == 503
    assert emulated.chat().status == 503


def test_the_control_api_shows_journal_and_state(emulated: Service) -> None:
    """Requests, windows and plan, none of which the control requests add to."""
    emulated.chat()
    (entry,) = emulated.get("/_emulator/journal").json["requests"]
    state = emulated.get("/_emulator/state").json
    assert entry["model"] == "openai/gpt-4o"
    assert (state["plan"], state["requests"], state["running"]) == ("free", 1, 0)
    assert [window["used"] for window in state["windows"]] == [1, 1]


def test_the_control_api_resets(emulated: Service) -> None:
    """Journal, windows, faults, clock and retirement are as at the start."""
    emulated.chat()
    emulated.post("/_emulator/faults", {"kind": "status"})
    emulated.post("/_emulator/clock/advance", {"seconds": 5})
    emulated.post("/_emulator/retired", {"mode": "410"})
    assert emulated.chat().status == 410
    state = emulated.post("/_emulator/reset").json
    assert (state["requests"], state["faults"], state["windows"]) == (0, [], [])
    assert (state["advanced"], state["retired"]) == (0, None)
    assert emulated.chat().status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_emulator/clock/advance", {}),
        ("/_emulator/clock/advance", {"seconds": -1}),
        ("/_emulator/faults", {"kind": "earthquake"}),
        ("/_emulator/retired", {"mode": "soon"}),
    ],
)
def test_the_control_api_explains_its_refusals(emulated: Service, path: str, body: Any) -> None:
    """400 with a sentence."""
    answer = emulated.post(path, body)
    assert answer.status == 400
    assert answer.json["error"]


@pytest.mark.parametrize(
    "options",
    [
        {"client": "192.0.2.7"},
        {"headers": {"host": "evil.example"}},
        {"headers": {"origin": "https://evil.example"}},
    ],
)
def test_the_control_api_serves_this_machine_only(emulated: Service, options: Any) -> None:
    """No other machine, and no web page by way of the browser, steers the emulator."""
    assert emulated.get("/_emulator/state", **options).status == 403
