"""The whole body as a dictionary, and messages as dictionaries."""

import os

from azure.ai.inference import ChatCompletionsClient
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]

client = ChatCompletionsClient(endpoint=endpoint, credential=AzureKeyCredential(key))

conversation = [
    {"role": "system", "content": "You answer in one sentence."},
    {"role": "user", "content": "What is the capital of Japan?"},
    {"role": "assistant", "content": "The capital of Japan is Tokyo."},
    {"role": "user", "content": "And the capital of France?"},
]
responses = [
    client.complete({"model": model, "messages": conversation}),
    client.complete(model=model, messages=conversation),
]
client.close()

for response in responses:
    print(response.choices[0].message.content)
print(f"Token usage: {response.usage}")
