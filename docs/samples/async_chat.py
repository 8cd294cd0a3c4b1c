"""The async client: several questions at once, one of them streamed."""

import asyncio
import os

from azure.ai.inference.models import UserMessage

from github_models_azure.aio import ChatCompletionsClient, trail_of

os.environ["GITHUB_TOKEN"] = "demo_token"  # an emulator on this machine answers for GitHub


async def ask(client: ChatCompletionsClient, country: str) -> str:
    question = UserMessage(f"What is the capital of {country}?")
    answer = await client.complete(messages=[question])
    return f"{answer.choices[0].message.content} ({trail_of(answer).served_by})"


async def stream(client: ChatCompletionsClient) -> None:
    updates = await client.complete(messages=[UserMessage("Hello!")], stream=True)
    async for update in updates:
        for choice in update.choices:
            if choice.delta is not None and choice.delta.content:
                print(choice.delta.content, end="")
    print()


async def main() -> None:
    async with ChatCompletionsClient(model="openai/gpt-4o-mini") as client:
        countries = ("France", "Japan", "Kenya")
        print("\n".join(await asyncio.gather(*(ask(client, country) for country in countries))))
        await stream(client)


asyncio.run(main())
