"""Each folder is about one framework, and is collected where that framework is installed."""

from __future__ import annotations

import os
from importlib.util import find_spec

PACKAGES = {
    "langchain": "langchain_core",
    "litellm": "litellm",
    "semantic_kernel": "semantic_kernel",
    "telemetry": "opentelemetry",
}
REQUIRED = os.environ.get("GITHUB_MODELS_INTEGRATION_REQUIRED", "")

collect_ignore = [
    folder
    for folder, package in PACKAGES.items()
    if folder != REQUIRED and find_spec(package.partition(".")[0]) is None
]
