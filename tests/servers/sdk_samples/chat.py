"""One answer to one question, and what it cost."""

import os

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.models import SystemMessage, UserMessage
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]

with ChatCompletionsClient(endpoint, AzureKeyCredential(key), model=model) as client:
    response = client.complete(
        messages=[
            SystemMessage("You answer in one sentence."),
            UserMessage("What is the capital of Norway?"),
        ],
        temperature=0.5,
        max_tokens=60,
    )

print(response.choices[0].message.content)
print(f"Token usage: {response.usage}")
