"""The async client, in an `async with` block."""

import asyncio
import os

from azure.ai.inference.aio import ChatCompletionsClient
from azure.ai.inference.models import SystemMessage, UserMessage
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]


async def main():
    async with ChatCompletionsClient(
        endpoint=endpoint, credential=AzureKeyCredential(key), model=model
    ) as client:
        return await client.complete(
            messages=[
                SystemMessage(content="You answer in one sentence."),
                UserMessage(content="What is the capital of Kenya?"),
            ]
        )


response = asyncio.run(main())

print(response.choices[0].message.content)
print(f"Token usage: {response.usage}")
