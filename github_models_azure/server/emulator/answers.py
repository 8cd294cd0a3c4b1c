"""What the emulated models say: short, the same for the same request, and marked as emulated."""

from __future__ import annotations

import re

from .chat_request import ChatRequest
from .hints import asked_shape, find_hints, without_shape
from .json_value import Json, compact
from .schema_values import value_for

_SHOWN = 400
_READ = 2000
_CAPITALS = {
    "france": "Paris", "germany": "Berlin", "italy": "Rome", "spain": "Madrid",
    "portugal": "Lisbon", "norway": "Oslo", "sweden": "Stockholm", "denmark": "Copenhagen",
    "finland": "Helsinki", "austria": "Vienna", "switzerland": "Bern", "poland": "Warsaw",
    "greece": "Athens", "ireland": "Dublin", "netherlands": "Amsterdam", "belgium": "Brussels",
    "japan": "Tokyo", "china": "Beijing", "india": "New Delhi", "canada": "Ottawa",
    "australia": "Canberra", "brazil": "Bras\u00edlia", "mexico": "Mexico City", "egypt": "Cairo",
    "kenya": "Nairobi", "united states": "Washington, D.C.", "united kingdom": "London",
}  # fmt: skip
_CAPITAL = re.compile(r"\bcapital\s+(?:city\s+)?of\s+(?:the\s+)?([A-Za-z ]+)", re.IGNORECASE)
_SUM = re.compile(r"(-?\d+(?:\.\d+)?)\s*([+*x\u00d7/-]|plus|minus|times)\s*(-?\d+(?:\.\d+)?)")
_GREETING = re.compile(
    r"^\s*(?:(?:please\s+)?say\s+)?(?:hello|hi|hey|good morning)\b", re.IGNORECASE
)
_FEET = re.compile(r"feet.*\bmile\b", re.IGNORECASE | re.DOTALL)


def text_answer(request: ChatRequest, model: str, choice: int = 0) -> str:
    """Return the text of one choice, which names the emulated model first.

    :param choice: 0 for the first choice; further ones differ by their number.
    """
    mark = f"[emulated {model}]" if not choice else f"[emulated {model}, choice {choice + 1}]"
    return f"{mark} {_substance(request)}"


def json_answer(request: ChatRequest, model: str) -> str:
    """Return a JSON answer: one that fits the schema of the request, or a small object.

    Without a schema in the request, one in the prompt is followed, and so are keys named there.
    """
    if request.format == "json_schema":
        hints = find_hints(request.last_user_text)
        return compact(value_for(request.schema, hints))
    shape = asked_shape(request.prompt_text)
    if shape is not None:
        return compact(value_for(shape, find_hints(without_shape(request.last_user_text))))
    plain: Json = {"answer": _substance(request), "emulated": True, "model": model}
    return compact(plain)


def _substance(request: ChatRequest) -> str:
    results = _tool_results(request)
    if results:
        return " ".join(f"{name} says: {_shortened(result)}" for name, result in results)
    prompt = request.last_user_text
    known = _known(prompt)
    if known is not None:
        return known
    if not prompt:
        return "There is no text to answer."
    return f"You said: {_shortened(prompt)}"


def _tool_results(request: ChatRequest) -> list[tuple[str, str]]:
    """Return (tool, result) for the results that came after the last user message."""
    names: dict[str, str] = {}
    results: list[tuple[str, str]] = []
    for message in request.messages:
        names.update(dict(message.calls))
        if message.role == "user":
            results.clear()
        elif message.role == "tool":
            results.append((names.get(message.tool_call_id, "The tool"), message.text))
    return results


def _known(prompt: str) -> str | None:
    prompt = prompt[:_READ]
    asked = _CAPITAL.search(prompt)
    if asked:
        country = asked.group(1).strip().lower()
        for name, capital in _CAPITALS.items():
            if country.startswith(name):
                return f"The capital of {name.title()} is {capital}."
    if _FEET.search(prompt):
        return "There are 5,280 feet in a mile."
    sum_ = _SUM.search(prompt)
    if sum_:
        return _arithmetic(float(sum_.group(1)), sum_.group(2), float(sum_.group(3)))
    return "Hello! How can I help you today?" if _GREETING.search(prompt) else None


def _arithmetic(left: float, sign: str, right: float) -> str | None:
    if sign in ("+", "plus"):
        result = left + right
    elif sign in ("-", "minus"):
        result = left - right
    elif sign == "/":
        if not right:
            return None
        result = left / right
    else:
        result = left * right
    return f"{left:g} {sign} {right:g} = {result:.10g}"


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\u2026"
