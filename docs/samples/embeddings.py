"""Text embeddings: they fall back to the same model elsewhere, never to another model."""

import os

from github_models_azure import EmbeddingsClient

os.environ["GITHUB_TOKEN"] = "demo_token"  # an emulator on this machine answers for GitHub

with EmbeddingsClient(model="openai/text-embedding-3-small") as client:
    print(client.plan_route(input=["first"]))
    answer = client.embed(input=["first phrase", "second phrase"])
    for item in answer.data:
        print(f"{item.index}: {len(item.embedding)} numbers")
