"""A model on a fake service, driven through LangChain's sync or async methods in the same words."""

from __future__ import annotations

import asyncio
from typing import Any

from github_models_azure.integrations.langchain import ChatGitHubModels, GitHubModelsEmbeddings
from tests.harness import FIRST, Service, Twin


class Side:
    """The sync or the async half of LangChain's interface."""

    def __init__(self, name: str) -> None:
        self.twin = Twin(name)
        self.is_async = self.twin.is_async

    def chat(self, service: Service, client: Any = None, **fields: Any) -> ChatGitHubModels:
        """A model whose ready client of this half speaks to the service."""
        made = self.twin.client(service, **(client or {}))
        field = "async_client" if self.is_async else "client"
        return ChatGitHubModels(**{"model": FIRST, field: made, **fields})

    def embeddings(self, service: Service, **fields: Any) -> GitHubModelsEmbeddings:
        made = self.twin.client(service, kind="Embeddings")
        field = "async_client" if self.is_async else "client"
        return GitHubModelsEmbeddings(**{"model": "openai/e", field: made, **fields})

    def invoke(self, runnable: Any, given: Any = "Hello", /, **options: Any) -> Any:
        if self.is_async:
            return asyncio.run(runnable.ainvoke(given, **options))
        return runnable.invoke(given, **options)

    def chunks(self, runnable: Any, given: Any = "Hello", /, **options: Any) -> list[Any]:
        """Everything that a stream yields."""
        if not self.is_async:
            return list(runnable.stream(given, **options))

        async def read() -> list[Any]:
            return [chunk async for chunk in runnable.astream(given, **options)]

        return asyncio.run(read())

    def stream(self, runnable: Any, given: Any = "Hello", /, **options: Any) -> Any:
        """The sum of what a stream yields."""
        first, *rest = self.chunks(runnable, given, **options)
        return first + rest

    def embed(self, model: Any, texts: list[str], /, **options: Any) -> Any:
        if self.is_async:
            return asyncio.run(model.aembed_documents(texts, **options))
        return model.embed_documents(texts, **options)

    def embed_query(self, model: Any, text: str, /, **options: Any) -> Any:
        if self.is_async:
            return asyncio.run(model.aembed_query(text, **options))
        return model.embed_query(text, **options)
