"""Each stage of a reader says the same of a completion and of the same one cut into events.

About `_core/answer/stages.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.answer.demands import ForcedCall, WantedShape
from github_models_azure._core.answer.normalise import Form
from github_models_azure._core.answer.pieces import AnswerPieces
from github_models_azure._core.answer.reader import AnswerReader
from github_models_azure._core.answer.stages import AnswerFault, Heard, Progress, StatedErrors, Tap
from github_models_azure._core.answer.text_calls import WrittenCalls
from github_models_azure._core.answer.text_grammar import TextCalls
from github_models_azure._core.route.needs import Operation

WRITTEN = TextCalls("both", frozenset({"f"}))


def call(name: str = "f", arguments: Any = '{"a": 1}', **members: Any) -> dict[str, Any]:
    """A tool call."""
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}} | (
        members
    )


def completion(finish: str | None = "stop", usage: Any = None, **message: Any) -> dict[str, Any]:
    """A whole answer."""
    inner = {"role": "assistant", "content": None, **message}
    choice = {"index": 0, "finish_reason": finish, "message": inner}
    return {"id": "1", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def events(answer: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    """The same answer as the updates of a stream, its texts cut every ``size`` characters."""
    head = {name: answer[name] for name in ("id", "created", "model")}
    (choice,) = answer["choices"]

    def update(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        rest = {n: v for n, v in choice.items() if n not in ("message", "finish_reason", "index")}
        inner = {**rest, "index": 0, "delta": dict(delta), "finish_reason": finish}
        return {**head, "choices": [inner]}

    message = choice["message"]
    yield update({"role": "assistant"})
    for name, value in message.items():
        if name == "tool_calls" and value:
            for place, one in enumerate(value):
                yield from _call_events(update, place, one, size)
        elif isinstance(value, str) and name != "role":
            for start in range(0, len(value), size):
                yield update({name: value[start : start + size]})
        elif value is not None and name != "role":
            yield update({name: value})
    yield update({}, choice["finish_reason"])
    if answer["usage"] is not None:
        yield {**head, "choices": [], "usage": answer["usage"]}


def _call_events(update: Any, place: int, one: Any, size: int) -> Iterator[dict[str, Any]]:
    arguments = one["function"]["arguments"]
    if not isinstance(arguments, str):
        yield update({"tool_calls": [{**one, "index": place}]})
        return
    first = {**one, "index": place, "function": {**one["function"], "arguments": ""}}
    yield update({"tool_calls": [first]})
    for start in range(0, len(arguments), size):
        piece = {"index": place, "function": {"arguments": arguments[start : start + size]}}
        yield update({"tool_calls": [piece]})


ANSWERS = {
    "text": completion(content="Hello there"),
    "nothing": completion(content=""),
    "reasoning": completion(content="Paris", reasoning_content="It is in France."),
    "a call": completion("tool_calls", tool_calls=[call()]),
    "two calls": completion("tool_calls", tool_calls=[call(), call("g", "{}", id="c2")]),
    "a call that stops": completion("stop", tool_calls=[call()]),
    "arguments as an object": completion("tool_calls", tool_calls=[call(arguments={"a": 1})]),
    "a call without an id": completion("tool_calls", tool_calls=[call(id="")]),
    "a written call": completion(content='{"name": "f", "arguments": {"a": 1}}'),
    "a tagged call": completion(content='<function=f>{"a": 1}</function>'),
    "text like a call": completion(content='{"name": "nobody", "arguments": {}}'),
    "cut": completion("length", content="Hel"),
    "cut in another word": completion("max_tokens", content="Hel"),
    "filtered": completion("content_filter", content="He"),
    "refused": completion(content=None, refusal="I will not."),
    "of another reason": completion("end_turn", content="Hi"),
    "with usage": completion(content="Hi", usage={"prompt_tokens": 3.0, "total_tokens": 5}),
    "in parts": completion(content=[{"type": "text", "text": "Hi"}]),
}
each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


def put_together(updates: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """What the updates of a stream add up to, read by nothing further."""

    class Plain(AnswerReader):
        def update(self, update: Any) -> Any:
            return update

    pieces = AnswerPieces(Plain())
    for update in updates:
        pieces.take(update)
    return pieces.completion()


def told(answer: Mapping[str, Any]) -> Any:
    """What an answer says, apart from members that only whole answers have."""
    (choice,) = answer["choices"]
    message = choice["message"]
    calls = [(one["id"] or "made", one["function"]) for one in message.get("tool_calls") or ()]
    texts = [message.get(name) or None for name in ("content", "reasoning_content", "refusal")]
    return choice["finish_reason"], calls, texts, answer.get("usage")


def is_made(identity: str) -> bool:
    return identity.startswith("call_")


@each_answer
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_form_and_written_calls_agree(answer: dict[str, Any], size: int) -> None:
    """What is put together of the fitted updates is the fitted completion."""
    given = copy.deepcopy(answer)
    for make in (lambda: [Form("s")], lambda: [Form("s"), WrittenCalls(WRITTEN)]):
        whole: Any = given
        for stage in make():
            whole = stage.whole(whole)
        stages = make()

        def fitted(stages: Any = stages) -> Iterator[Mapping[str, Any]]:
            for update in events(given, size):
                for stage in stages:
                    update = stage.update(update)
                yield update

        streamed = put_together(fitted())
        reason, calls, texts, usage = told(whole)
        reason_2, calls_2, texts_2, usage_2 = told(streamed)
        assert (reason, texts, usage) == (reason_2, texts_2, usage_2)
        assert [function for _, function in calls] == [function for _, function in calls_2]
        # The id of a call that has none is made of its arguments, which a stream has yet to bring.
        assert [is_made(one) or one for one, _ in calls] == [is_made(o) or o for o, _ in calls_2]


@each_answer
@pytest.mark.parametrize("demanded", [None, "", "f", "g"])
def test_the_forced_call_agrees(answer: dict[str, Any], demanded: str | None) -> None:
    """A whole answer is refused if and only if the stream of it is."""

    def refused(run: Any) -> bool:
        try:
            run(ForcedCall(demanded))
        except AnswerFault:
            return True
        return False

    whole = refused(lambda stage: stage.whole(answer))
    assert whole is refused(lambda stage: [stage.update(one) for one in events(answer, 2)])


@each_answer
@pytest.mark.parametrize("tool", [None, "f", "g"])
def test_the_wanted_shape_agrees(answer: dict[str, Any], tool: str | None) -> None:
    """Both say the same, and hand on the same content."""
    fitted: Any = Form().whole(answer)
    whole, streamed = WantedShape(tool), WantedShape(tool)
    body = whole.whole(fitted)
    sent = put_together(streamed.update(one) for one in events(fitted, 2))
    assert streamed.said == whole.said
    if whole.said.forced:
        assert told(sent) == told(body)


@each_answer
def test_progress_agrees(answer: dict[str, Any]) -> None:
    """Text, content and end of a stream are those of the completion."""
    fitted: Any = Form().whole(answer)
    whole, streamed = Progress(), Progress()
    whole.whole(fitted)
    for update in events(fitted, 2):
        streamed.update(update)
    assert (whole.text, whole.has_content, whole.finished, whole.is_complete) == (
        (streamed.text, streamed.has_content, streamed.finished, streamed.is_complete)
    )


ERRORS: dict[str, Any] = {
    "at the top": {"error": {"message": "no", "code": 429}},
    "at the top, in words": {"error": "overloaded"},
    "in a choice": {"choices": [{"index": 0, "error": {"message": "no", "code": 429}}]},
    "as an object": {"object": "error", "message": "no", "code": 429},
    "in detail": {"detail": "Too many requests"},
    "nothing odd": {"choices": [{"index": 0, "finish_reason": "stop"}]},
}


@pytest.mark.parametrize("value", ERRORS.values(), ids=ERRORS)
def test_stated_errors_agree(value: dict[str, Any]) -> None:
    """An error under a 200 is one in the body and in an event, with the same code."""

    def failure(member: str) -> Any:
        said = copy.deepcopy(value)
        for choice in said.get("choices", ()):
            choice[member] = {"content": "Hi"}
        try:
            stage = StatedErrors()
            stage.whole(said) if member == "message" else stage.update(said)
        except AnswerFault as fault:
            return fault.failure.code, fault.failure.status
        return None

    whole, streamed = failure("message"), failure("delta")
    assert (whole is None) is (streamed is None)
    if whole is not None and whole[0] == "429":
        assert whole == streamed


@each_answer
def test_observers_see_what_is_handed_on(answer: dict[str, Any]) -> None:
    """A whole body is kept, every update is shown; neither is changed."""
    seen: list[Any] = []
    tap = Tap(seen.append)
    assert tap.whole(answer) is answer
    assert tap.body is answer
    updates = list(events(answer, 3))
    assert [tap.update(one) for one in updates] == updates == seen


def test_progress_passes_over_what_is_not_a_choice() -> None:
    """A body of another operation, and nonsense, bring no content."""
    for odd in ({"choices": ["odd"]}, {"choices": None}, {"data": []}):
        stage = Progress()
        assert stage.whole(odd) is odd
        assert stage.update(odd) is odd
        assert not stage.has_content


@pytest.mark.parametrize("message", [{"content": "Hi"}, {"tool_calls": [call()]}, {}])
def test_content_is_heard_whole_and_streamed(message: dict[str, Any]) -> None:
    """In whichever choice, and once for all."""
    whole, streamed = Heard(), Heard()
    answer = completion(**message)
    assert whole.whole(answer) is answer
    for one in events(answer, 2):
        assert streamed.update(one) is one
    assert whole.content is streamed.content is bool(message)


def test_every_stage_is_compared_here() -> None:
    """A stage that is added to the reader gets a test above."""
    reader = AnswerReader(written=WRITTEN, demanded="f", wanted=True, tool="f")
    compared = (StatedErrors, Heard, Form, WrittenCalls, ForcedCall, Progress, Tap, WantedShape)
    assert tuple(map(type, reader._stages)) == compared, "add its test to tests/core/answer"


@given(
    text=st.text(max_size=30),
    calls=st.lists(
        st.tuples(st.sampled_from(["f", "g"]), st.sampled_from(["{}", '{"a": 1}', ""])), max_size=3
    ),
    finish=st.sampled_from(["stop", "length", "tool_calls", "end_turn", "content_filter"]),
    size=st.integers(1, 5),
)
def test_a_reader_agrees_on_any_answer(
    text: str, calls: list[tuple[str, str]], finish: str, size: int
) -> None:
    """All stages together: the same text, content, and what was said."""
    made = [call(name, arguments, id=f"c{n}") for n, (name, arguments) in enumerate(calls)]
    answer = completion(finish, content=text or None, **({"tool_calls": made} if made else {}))
    whole, streamed = AnswerReader(wanted=True), AnswerReader(wanted=True)
    body = whole.whole(answer)
    sent = put_together(streamed.update(one) for one in events(answer, size))
    assert (whole.text, whole.said) == (streamed.text, streamed.said)
    assert told(body)[0] == told(sent)[0]


def test_embeddings_have_no_form() -> None:
    """Their bodies pass as they are; what is not one is a failure."""
    reader = AnswerReader(Operation.EMBEDDINGS)
    body = {"data": [{"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 1.0}}
    assert reader.whole(body) is body
    with pytest.raises(AnswerFault):
        reader.whole({"choices": []})
