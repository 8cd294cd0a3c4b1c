"""An OpenAI-compatible server over this package's clients, for programs that cannot change code.

What asks it gets the answer of the first target that can give one. It needs the ``server`` extra.
"""

try:
    from .app import create_app
    from .runner import Gateway, serve
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in {
        *("aiohttp", "anyio", "h11", "prometheus_client", "starlette", "uvicorn"),
    }:
        raise
    raise ImportError(
        f"The gateway needs {error.name}: pip install 'github-models-azure[server]'"
    ) from error

__all__ = ["Gateway", "create_app", "serve"]
