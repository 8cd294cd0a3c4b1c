"""The server of llama-cpp-python: a real tokenizer, sampler and grammar, a model of noise.

https://github.com/abetlen/llama-cpp-python; the Python package ``llama-cpp-python[server]``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.servers.process import HOST, free_port, running
from tests.servers.service import Service, absent

NEEDED = ("llama_cpp", "gguf", "numpy", "fastapi")
START_LIMIT = 120.0
KEY = "key-of-the-llama"
FIRST_BYTE = 3
"""The token of the tiny model that stands for the byte 0; those of the other bytes follow."""


@contextmanager
def llama_running(folder: Path, *, calling: bool = False) -> Iterator[Service]:
    """Run the server with the model of noise; ``calling``: with the one that makes calls."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        absent("llama-cpp-python", f"{', '.join(missing)} not installed: nox -s servers")
    from tests.servers.calling_model import write_calling_model  # these need numpy and gguf
    from tests.servers.tiny_model import CONTEXT, write_tiny_model

    model = folder / "tiny.gguf"
    (write_calling_model if calling else write_tiny_model)(model)
    port = free_port()
    options = {
        "--model": str(model),
        "--host": HOST,
        "--port": str(port),
        "--n_ctx": str(CONTEXT),
        "--api_key": KEY,
        "--embedding": "true",
        "--seed": "1",
        "--verbose": "false",
    }
    if calling:
        options["--chat_format"] = "chatml-function-calling"
    flat = [text for option in options.items() for text in option]
    with running(
        [sys.executable, "-m", "llama_cpp.server", *flat],
        port=port,
        ready="/v1/models",
        folder=folder,
        limit=START_LIMIT,
    ):
        yield Service(
            url=f"http://{HOST}:{port}/v1",
            key=KEY,
            model="tiny-random",
            spare="tiny-random-again",  # it answers to any name
            embeddings_model="tiny-random",
            random=True,
            reports_stream_usage=False,
        )
