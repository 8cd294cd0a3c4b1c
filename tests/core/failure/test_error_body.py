from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.failure.error_body import (
    BODY_LIMIT,
    ErrorBody,
    clean_text,
    dotted_path,
    read_error_body,
    refused_member,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "param", "detail", "details", "loc", "status"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)

FOUNDRY_422 = {  # observed.json: foundry_422
    "error": {
        "code": "Invalid input",
        "message": json.dumps(
            {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "stream_options", "include_usage"],
                        "msg": "Extra inputs are not permitted",
                        "input": True,
                    }
                ]
            }
        ),
        "status": 422,
    }
}
GEMINI_429 = [
    {
        "error": {
            "code": 429,
            "message": "Resource has been exhausted",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": "type.googleapis.com/RetryInfo", "retryDelay": "57.23s"}],
        }
    }
]
CONTENT_FILTER = {  # observed.json: content_filter_400
    "error": {
        "message": "The response was filtered due to the prompt",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
    }
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"error": {"code": "unauthorized", "message": "Bad credentials", "details": "Bad x"}},
            ErrorBody(code="unauthorized", message="Bad credentials", names=("unauthorized",)),
        ),
        (
            FOUNDRY_422,
            ErrorBody(
                code="Invalid input",
                message="Extra inputs are not permitted",
                param="stream_options.include_usage",
                type="extra_forbidden",
                status=422,
                names=("invalid input", "extra_forbidden"),
            ),
        ),
        (
            GEMINI_429,
            ErrorBody(
                code="429",
                message="Resource has been exhausted",
                status=429,
                retry_delay="57.23s",
                names=("429", "resource_exhausted"),
            ),
        ),
        (
            CONTENT_FILTER,
            ErrorBody(
                code="content_filter",
                message="The response was filtered due to the prompt",
                param="prompt",
                status=400,
                names=("content_filter", "responsibleaipolicyviolation"),
            ),
        ),
        (
            {"object": "error", "message": "no", "type": "BadRequest", "param": None, "code": 4},
            ErrorBody(code="4", message="no", type="BadRequest", names=("4", "badrequest")),
        ),
        (
            {"message": "no", "type": "invalid_request_error", "param": "validation_error",
             "code": "wrong_api_format"},
            ErrorBody(
                code="wrong_api_format", message="no", type="invalid_request_error",
                param="validation_error", names=("wrong_api_format", "invalid_request_error"),
            ),
        ),
        (
            {"statusCode": 401, "message": "Auth token validation failed."},
            ErrorBody(message="Auth token validation failed.", status=401),
        ),
        (
            {"error": {"message": "model 'x' not found", "type": "not_found_error", "code": None}},
            ErrorBody(
                message="model 'x' not found", type="not_found_error", names=("not_found_error",)
            ),
        ),
        ({"detail": "Invalid API key"}, ErrorBody(message="Invalid API key")),
        ({"error": "boom"}, ErrorBody(message="boom")),
        ({"error": "Unauthorized", "message": "no key"}, ErrorBody(message="no key")),
        (
            {"error": ["Input should be 'tool'", "Field required"]},
            ErrorBody(message="Input should be 'tool'"),
        ),
        (
            {"type": "about:blank", "title": "Gone", "status": 410, "detail": "The model left."},
            ErrorBody(
                message="The model left.", type="about:blank", status=410, names=("about:blank",)
            ),
        ),
        ({"title": "Gone"}, ErrorBody(message="Gone")),
        (
            {"error": {"message": "Provider returned error", "code": 400,
                       "metadata": {"raw": '{"error": {"code": "unsupported_value"}}'}}},
            ErrorBody(
                code="400", message="Provider returned error", status=400,
                names=("400", "unsupported_value"),
            ),
        ),
        ({"error": {"message": {"text": 1, "message": "inner"}}}, ErrorBody(message="inner")),
        ({"detail": [{"loc": [], "msg": "m"}]}, ErrorBody(message="m")),
        ({"error": {"code": True, "message": " "}}, ErrorBody()),
        ({"error": {"code": 10**30, "status": "ok", "message": "m"}}, ErrorBody(message="m")),
        (None, ErrorBody()),
        (3.5, ErrorBody()),
        ({}, ErrorBody()),
    ],
)  # fmt: skip
def test_every_shape_is_read(value: object, expected: ErrorBody) -> None:
    """All shapes of error bodies that services were seen to send, as value and as bytes."""
    assert read_error_body(value) == expected
    if expected != ErrorBody():
        assert read_error_body(json.dumps(value).encode(), "application/json") == expected


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"", None, None),
        (b" \n", "text/plain", None),
        (b"404 page not found\n", "text/plain", "404 page not found"),
        (b"NOT FOUND", "application/json", "NOT FOUND"),
        (b'"auto" tool choice', "text/plain", '"auto" tool choice'),
        (b'"quoted"', "application/json", "quoted"),
        (b"\xef\xbb\xbf{\"error\": \"bom\"}", "application/json", "bom"),
        (b"\xff\xfe", None, "\ufffd\ufffd"),
        (b"{}", "application/json", "{}"),
        (b"[]", "application/json", "[]"),
        (b"<html><head><title>502 Bad &amp; Gateway</title>", "text/html", "502 Bad & Gateway"),
        (b"<!DOCTYPE html><p>x", None, "an HTML page"),
        (b"", "text/html", None),
        (bytearray(b"plain"), None, "plain"),
        ("plain text", None, "plain text"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_objects_are_read(
    body: object, content_type: str | None, message: str | None
) -> None:
    """Text, HTML, nothing, and JSON that says nothing; the content type is only a hint."""
    assert read_error_body(body, content_type).message == message


def test_a_refused_role_has_a_name() -> None:
    """A server that knows no developer role says so with a literal_error at the role."""
    item = {
        "type": "literal_error",
        "loc": ["body", "messages", 0, "System", "role"],
        "msg": "Input should be 'system'",
        "input": "developer",
    }
    found = read_error_body({"detail": [item]})
    assert (found.code, found.param) == ("unsupported_role", "messages.0.System.role")


def test_a_cut_off_body_is_salvaged() -> None:
    """A 422 echoes the whole input, so its JSON can be longer than what is read."""
    body = (
        b'{"object": "error", "code": 422, "detail": [{"type": "extra_forbidden", '
        b'"loc": ["body", "messages", 0, "name"], "msg": "Extra \\"inputs\\"\\nforbidden", '
        b'"input": "' + b"x" * BODY_LIMIT + b'"}]}'
    )
    found = read_error_body(body, "application/json")
    assert found == ErrorBody(
        code="extra_forbidden",
        message='Extra "inputs" forbidden',
        type="extra_forbidden",
        param="messages.0.name",
        status=422,
        names=("extra_forbidden", "422"),
    )


def test_a_cut_off_body_without_known_members_is_text() -> None:
    """What cannot be read is shown as it came."""
    assert read_error_body(b'{"x": [1, 2').message == '{"x": [1, 2'


def test_only_the_first_part_of_a_huge_body_counts() -> None:
    """Nothing behind 64 KiB is looked at."""
    body = b" " * BODY_LIMIT + b'{"error": {"code": "late"}}'
    assert read_error_body(body) == ErrorBody()
    assert read_error_body(body.decode()) == ErrorBody()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b'{"error":' * 6_000,
        b'{"message":"' + b"\\" * 60_000,
        b'{"a":' + b"9" * 60_000,
        json.dumps([[[["x"] * 9] * 9] * 9] * 9).encode(),
    ],
)
def test_hostile_bodies_are_survived(body: bytes) -> None:
    """Nesting, endless escapes and endless digits neither raise nor take long."""
    read_error_body(body, "application/json")


def test_nested_json_is_followed_to_a_depth_only() -> None:
    """JSON in JSON in JSON ends as text."""
    message = "core"
    for _ in range(9):
        message = json.dumps({"message": message})
    found = read_error_body(message).message
    assert found is not None
    assert found.startswith("{")
    value: object = "core"
    for _ in range(5_000):
        value = [value]
    assert read_error_body(value) == ErrorBody()


def test_the_walk_through_a_value_is_bounded() -> None:
    """A value that refers to itself many times over does not multiply the work."""
    crowd = {"errors": [{"errors": [{"status": 599}] * 8}] * 8}
    assert read_error_body({"errors": [{"message": "early"}], "metadata": crowd}).message == "early"
    assert read_error_body({"errors": [crowd], "metadata": {"message": "late"}}).message is None


@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()), hint=st.text())
def test_any_bytes_are_survived(body: bytes, hint: str) -> None:
    """Random bytes and random JSON never raise, and texts are clean lines."""
    found = read_error_body(body, hint)
    for text in (found.code, found.message, found.type, found.param):
        assert text is None or (text.isprintable() and 0 < len(text) <= 2000)


@given(value=JSON)
def test_any_value_is_survived(value: object) -> None:
    """Random JSON values never raise."""
    read_error_body(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n b\t\x1b[31mc\u2028d\u202ee", "a b [31mc d e"),
        ("Bearer abc.def", "Bearer [redacted]"),
        ("Authorization: bearer xyz, no", "Authorization: Bearer [redacted], no"),
        ("Bearer token authentication failed", "Bearer token authentication failed"),
        ("key ghp_0123456789abcdef ends", "key [redacted] ends"),
        ("github_pat_11ABC_xyz", "[redacted]"),
        ("gho_abcdef ghs_abcdef", "[redacted] [redacted]"),
        (
            "Incorrect API key provided: sk-ab***yz. See",
            "Incorrect API key provided: [redacted] See",
        ),
        ('"api_key": "hunter2"', '"api_key": "[redacted]"'),
        ("sk-proj-abc_DEF", "[redacted]"),
        ("gsk_0123456789abcdef", "[redacted]"),
        ("AIza0123456789abcdefXYZ", "[redacted]"),
        ("eyJhbGciOiJI.eyJzdWIi.sig", "[redacted]"),
        ("0123456789abcdef0123456789ABCDEF", "[redacted]"),
        ("a" * 84, "[redacted]"),
        ("task-force and desk-top", "task-force and desk-top"),
        ("\ud800x", "x"),
    ],
)
def test_texts_become_one_clean_line(text: str, expected: str) -> None:
    """Control characters and everything that looks like a credential are gone."""
    assert clean_text(text, 100) == expected
    assert clean_text(expected, 100) == expected


def test_a_token_at_the_cut_is_not_left_in_half() -> None:
    """Redaction precedes the cut."""
    cut = clean_text("x " * 10 + "ghp_" + "0123456789" * 4, 26)
    assert "ghp" not in cut
    assert len(cut) <= 26


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("max_tokens", "max_tokens"),
        ("messages[0].role", "messages.0.role"),
        ("body.messages[2]['name']", "messages.2.name"),
        ("`stop`", "stop"),
        ("'messages', 0, 'X', 'role'", "messages.0.X.role"),
        ("[]", ""),
    ],
)
def test_paths_are_dotted(path: str, expected: str) -> None:
    """One way of writing where a member sits."""
    assert dotted_path(path) == expected


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens"),
        ("Unsupported value: 'messages[0].role' does not support 'system'", "messages.0.role"),
        ("Unknown parameter: 'foo'.", "foo"),
        ("Unrecognized request argument supplied: parallel_tool_calls", "parallel_tool_calls"),
        ("property 'store' is unsupported", "store"),
        (
            "'messages.2' : property 'reasoning_content' is unsupported",
            "messages.2.reasoning_content",
        ),
        ('Unknown name "api-version": Cannot bind query parameter.', "api-version"),
        ('Unknown name "seed": Cannot find field.', "seed"),
        (
            "Unknown name \"const\" at 'tools[0].function.parameters': Cannot find field.",
            "tools.0.function.parameters.const",
        ),
        ("Extra parameters ['max_completion_tokens'] are not allowed", "max_completion_tokens"),
        ("Additional properties are not allowed ('x' was unexpected)", "x"),
        ("API version not supported", "api-version"),
        ("api-version query parameter is not allowed when using /v1 path", "api-version"),
        (
            "Model o4-mini is enabled only for api versions 2024-12-01-preview",
            "api-version=2024-12-01-preview",
        ),
        ("Unsupported JSON schema fields: {'minItems','items'}", "json_schema.items,minItems"),
        ('Unsupported JSON schema fields: ["min_items", "$ref"]', "json_schema.$ref,min_items"),
        (
            'Unknown name "a" at \'tools[0].parameters\': Cannot find field. Unknown name "b" at '
            "'tools[1].parameters': Cannot find field. Unknown name \"c\": Cannot find field. "
            "Unknown name \"d\" at 'messages[0]': Cannot find field.",
            "tools.0.parameters.a,b",
        ),
        (
            f"Unknown name \"a\" at 'tools[0].{'properties.' * 20}': Cannot find field.",
            f"tools.0.{'properties.' * 10}p.a",
        ),
        ("Unknown name \"type\" at 'tools[0]': Proto field is not repeating", None),
        ('Unknown name "type": Proto field is not repeating', None),
        ("[('messages.0.content' : value must be a string)]", "messages.0.content"),
        ("Invalid 'messages[2].tool_call_id': string too long.", "messages.2.tool_call_id"),
        ("Tool call id was but must be a-z, A-Z, 0-9, with a length of 9.", "tool_call_id"),
        ("'developer' is not one of ['system', 'user'] - 'messages.0.role'", "messages.0.role"),
        ('"auto" tool choice requires --enable-auto-tool-choice', "tools"),
        ("Value error, Currently only named tools are supported.", "tools"),
        ("image input is not supported", "image_url"),
        ("Input tag 'developer' found using 'role' does not match", "messages.role.developer"),
        (
            "2 validation errors: {'type': 'literal_error', 'loc': ('body', 'messages', 0, 'X', "
            "'role'), 'msg': 'm'}",
            "messages.0.X.role",
        ),
        ("1 validation error: {'type': 'missing', 'loc': ('body', 'messages')}", None),
        ("Tool call id was call_x but must be a-z, A-Z, 0-9, with a length of 9", "tool_call_id"),
        ("Function call is missing a thought_signature", "thought_signature"),
        ("max_tokens is too large: 50000", None),
        ("", None),
    ],
)
def test_refused_members_are_found_in_every_wording(text: str, member: str | None) -> None:
    """The wordings of the services that have no code for it, and of those that have."""
    assert refused_member(text) == member
