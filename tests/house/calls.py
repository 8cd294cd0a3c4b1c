"""The frames of this package that calls run through, against its own emulator on loopback.

The figures are those of CPython 3.11: later versions run comprehensions without a frame.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from pydantic import BaseModel

import github_models_azure
from github_models_azure import ChatCompletionsClient, EmbeddingsClient, aio
from github_models_azure.server.emulator import Emulator
from github_models_azure.tools import ToolRunner

ROOT = str(Path(github_models_azure.__file__).parent) + os.sep
SERVER = f"{ROOT}server{os.sep}"
ROUNDS = 5
MODEL, OTHER = "gpt-4.1", "gpt-4o"
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
UPDATES = 21
"""Updates in which the emulator's ``MODEL`` streams its answer to the question."""


@dataclass
class Frames:
    """A profile function that counts the frames of this package, ``server/`` left out.

    It sees one thread: the caller's, not the emulator's. A generator or coroutine counts each
    time that it resumes.
    """

    files: list[str] = field(default_factory=list)
    codes: set[CodeType] = field(default_factory=set)
    deepest: int = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not ours(frame):
            return
        self.files.append(frame.f_code.co_filename)
        self.codes.add(frame.f_code)
        self.deepest = max(self.deepest, depth(frame))

    def figures(self) -> dict[str, float]:
        """Return the columns of a row; a move is a call into another file than the last one's."""
        last = ["", *self.files]
        return {
            "calls": len(self.files),
            "functions": len({(code.co_filename, name_of(code)) for code in self.codes}),
            "files": len(set(self.files)),
            "moves": sum(now != before for now, before in zip(self.files, last, strict=False)),
            "deepest": self.deepest,
        }

    def entered(self) -> list[str]:
        """Return the files, relative to the package, in the order in which they are entered."""
        return [Path(name).relative_to(ROOT).as_posix() for name in dict.fromkeys(self.files)]


def ours(frame: FrameType) -> bool:
    """Return whether a frame belongs to the package but not to its servers."""
    name = frame.f_code.co_filename
    return name.startswith(ROOT) and not name.startswith(SERVER)


def depth(frame: FrameType | None) -> int:
    """Count the package's frames from this one down to the caller."""
    found = 0
    while frame is not None:
        found += ours(frame)
        frame = frame.f_back
    return found


def name_of(code: CodeType) -> str:
    """Return what tells a function from others of its file; before 3.11 its line has to do."""
    return getattr(code, "co_qualname", f"{code.co_name}:{code.co_firstlineno}")


@contextmanager
def counted() -> Iterator[Frames]:
    """Count the frames of a block in this thread."""
    frames = Frames()
    sys.setprofile(frames)
    try:
        yield frames
    finally:
        sys.setprofile(None)


Round = Callable[[Emulator], Frames]


def chat(ask: Callable[[Any], object], *, url: str = "url", model: str = MODEL) -> Round:
    """A round that makes a chat client, asks once to warm it, and counts what it asks then."""

    def once(emulator: Emulator) -> Frames:
        with ChatCompletionsClient(getattr(emulator, url), "key", model=model) as client:
            ask(client)
            with counted() as frames:
                ask(client)
        return frames

    return once


def aio_chat(ask: Callable[[Any], Awaitable[object]]) -> Round:
    """The same with the async client, in the thread of its loop."""

    async def once(emulator: Emulator) -> Frames:
        async with aio.ChatCompletionsClient(emulator.url, "key", model=MODEL) as client:
            await ask(client)
            with counted() as frames:
                await ask(client)
        return frames

    return lambda emulator: asyncio.run(once(emulator))


def complete(client: Any) -> Any:
    return client.complete(messages=QUESTION)


def stream(client: Any) -> None:
    expect_updates(sum(1 for _ in client.complete(messages=QUESTION, stream=True)))


async def aio_stream(client: Any) -> None:
    updates = await client.complete(messages=QUESTION, stream=True)
    expect_updates(len([update async for update in updates]))


def expect_updates(number: int) -> None:
    if number != UPDATES:
        raise RuntimeError(f"The emulator streamed {number} updates, not {UPDATES}.")


class Capital(BaseModel):
    city: str
    country: str


def into_model(client: Any) -> None:
    client.complete(messages=QUESTION, response_model=Capital)


def run_tools(emulator: Emulator) -> Frames:
    """Let the model call one tool, then answer."""

    def get_capital(country: str) -> str:
        """Return the capital of a country.

        :param country: its name.
        """
        return "Paris"

    with ChatCompletionsClient(emulator.url, "key", model=MODEL) as client:
        runner = ToolRunner(client, [get_capital])
        runner.run(QUESTION)
        with counted() as frames:
            run = runner.run(QUESTION)
    if run.rounds != 2:
        raise RuntimeError(f"The tool runner took {run.rounds} rounds, not 2.")
    return frames


def fall_back(emulator: Emulator) -> Frames:
    """Meet one 429, then be served by the next target of the same tier."""
    with ChatCompletionsClient(emulator.url, "key", model=MODEL) as client:
        client.complete(messages=QUESTION)
        emulator.fault("rate_limit", model=MODEL, seconds=5)
        asked = len(emulator.journal)
        with counted() as frames:
            client.complete(messages=QUESTION)
        if len(emulator.journal) - asked != 2:
            raise RuntimeError(f"Two requests were expected: {emulator.journal[asked:]}")
    return frames


def embed(emulator: Emulator) -> Frames:
    with EmbeddingsClient(emulator.url, "key", model="text-embedding-3-small") as client:
        client.embed(input=["Paris"])
        with counted() as frames:
            client.embed(input=["Paris"])
    return frames


def construct(emulator: Emulator) -> Frames:
    """Make the second client of a process."""
    with ChatCompletionsClient(emulator.url, "key", model=MODEL), counted() as frames:
        client = ChatCompletionsClient(emulator.url, "key", model=MODEL)
    client.close()
    return frames


HEALTHY = ("complete, sync", "complete, async")
"""The rows whose files are judged."""

ROWS: dict[str, Round] = {
    HEALTHY[0]: chat(complete),
    HEALTHY[1]: aio_chat(complete),
    "complete, sync, at /inference": chat(
        complete, url="inference_url", model=f"openai/{MODEL}"
    ),  # whose dialect fits the messages, which the others need not
    "embed, sync": embed,
    f"stream of {UPDATES} updates, sync": chat(stream),
    f"stream of {UPDATES} updates, async": aio_chat(aio_stream),
    "response_model=": chat(into_model),
    "tool runner, 2 rounds": run_tools,
    "one 429, then the next target": fall_back,
    "client constructor (2nd)": construct,
}


def measure() -> dict[str, Frames]:
    """Run every row, and take the shortest of several rounds: chunks arrive together or apart."""
    with clean_surroundings(), Emulator() as emulator:
        found = {}
        for name, once in ROWS.items():
            rounds = []
            for _ in range(ROUNDS):
                emulator.reset()
                rounds.append(once(emulator))
            found[name] = min(rounds, key=lambda frames: len(frames.files))
    return found


@contextmanager
def clean_surroundings() -> Iterator[None]:
    """Hide the user's tokens and settings, for the rest of the process."""
    read = ("GITHUB_MODELS_", "LLM_", "LOGAI_")
    for name in list(os.environ):
        token = name in {"GITHUB_TOKEN", "GH_TOKEN"} or name.endswith("_API_KEY")
        if token or name.startswith(read):
            del os.environ[name]
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
