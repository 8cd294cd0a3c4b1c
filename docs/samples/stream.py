"""A streamed answer, read so that no chunk can break the loop."""

import os

from azure.ai.inference.models import UserMessage

from github_models_azure import ChatCompletionsClient, trail_of
from github_models_azure.exceptions import StreamInterruptedError

os.environ["GITHUB_TOKEN"] = "demo_token"  # an emulator on this machine answers for GitHub

with ChatCompletionsClient(model="openai/gpt-4.1") as client:
    updates = client.complete(
        messages=[UserMessage("What is the capital of Norway?")],
        stream=True,
        model_extras={"stream_options": {"include_usage": True}},
    )
    try:
        for update in updates:
            for choice in update.choices:  # empty on the chunk with the usage
                if choice.delta is not None and choice.delta.content:
                    print(choice.delta.content, end="")
            if update.usage is not None:
                print(f"\n{update.usage.total_tokens} tokens")
    except StreamInterruptedError as error:
        print(f"\nOnly this arrived: {error.partial_text}")
    print(trail_of(updates))
