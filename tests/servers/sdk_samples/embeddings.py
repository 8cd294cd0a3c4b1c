"""Vectors of three phrases."""

import os

from azure.ai.inference import EmbeddingsClient
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_EMBEDDINGS_ENDPOINT"]
key = os.environ["AZURE_AI_EMBEDDINGS_KEY"]
model = os.environ["AZURE_AI_EMBEDDINGS_MODEL"]

with EmbeddingsClient(endpoint=endpoint, credential=AzureKeyCredential(key), model=model) as client:
    response = client.embed(input=["first phrase", "second phrase", "third phrase"])

for item in response.data:
    length = len(item.embedding)
    print(f"data[{item.index}]: length={length}, [{item.embedding[0]}, ..., {item.embedding[-1]}]")
