"""Tests of code that calls a model, against the emulator; runs under pytest and as it stands."""

from collections.abc import Iterator
from contextlib import contextmanager

from github_models_azure import ChatCompletionsClient, trail_of
from github_models_azure.server.emulator import Emulator

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


def summarise(client: ChatCompletionsClient) -> str:
    """Stands for the code under test."""
    return client.complete(messages=QUESTION).choices[0].message.content


@contextmanager
def service() -> Iterator[tuple[Emulator, ChatCompletionsClient]]:
    """Yield an emulator and a client of it; with pytest this would be a fixture."""
    with Emulator() as emulator:
        client = ChatCompletionsClient(
            emulator.inference_url, "any-key", model="openai/gpt-4.1", fallback=["openai/gpt-4o"]
        )
        with client:
            yield emulator, client


def test_a_day_limit_is_met_once() -> None:
    with service() as (emulator, client):
        emulator.fault("rate_limit", times=None, model="openai/gpt-4.1", seconds=86400)
        summarise(client)
        summarise(client)
        asked = [(entry.model, entry.status) for entry in emulator.journal]
        assert asked == [
            ("openai/gpt-4.1", 429),
            ("openai/gpt-4o", 200),
            ("openai/gpt-4o", 200),
        ]


def test_a_page_of_html_is_no_answer() -> None:
    with service() as (emulator, client):
        emulator.fault("html_error")
        trail = trail_of(client.complete(messages=QUESTION))
        assert [attempt.status for attempt in trail.attempts] == [502, 200]


if __name__ == "__main__":
    test_a_day_limit_is_met_once()
    test_a_page_of_html_is_no_answer()
    print("both tests pass")
