"""A streamed answer from the async client."""

import asyncio
import os

from azure.ai.inference.aio import ChatCompletionsClient
from azure.ai.inference.models import SystemMessage, UserMessage
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]

finish_reasons, usages = [], []


async def main():
    async with ChatCompletionsClient(
        endpoint=endpoint, credential=AzureKeyCredential(key)
    ) as client:
        response = await client.complete(
            stream=True,
            messages=[
                SystemMessage("You are a helpful assistant."),
                UserMessage("Name five reasons to walk to work."),
            ],
            model=model,
            model_extras={"stream_options": {"include_usage": True}},
        )
        async for update in response:
            if update.choices and update.choices[0].delta:
                print(update.choices[0].delta.content or "", end="", flush=True)
            if update.choices:
                finish_reasons.append(update.choices[0].finish_reason)
            if update.usage:
                usages.append(update.usage)
    print(f"\n\nToken usage: {usages}")


asyncio.run(main())
