"""Vectors of three phrases, from the async client."""

import asyncio
import os

from azure.ai.inference.aio import EmbeddingsClient
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_EMBEDDINGS_ENDPOINT"]
key = os.environ["AZURE_AI_EMBEDDINGS_KEY"]
model = os.environ["AZURE_AI_EMBEDDINGS_MODEL"]


async def main():
    async with EmbeddingsClient(endpoint=endpoint, credential=AzureKeyCredential(key)) as client:
        return await client.embed(
            input=["first phrase", "second phrase", "third phrase"], model=model
        )


response = asyncio.run(main())

for item in response.data:
    length = len(item.embedding)
    print(f"data[{item.index}]: length={length}, [{item.embedding[0]}, ..., {item.embedding[-1]}]")
