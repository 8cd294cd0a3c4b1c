"""Code as it was written for GitHub Models, with one import changed; the emulator answers."""

import os

from azure.ai.inference.models import SystemMessage, UserMessage
from azure.core.credentials import AzureKeyCredential

from github_models_azure import ChatCompletionsClient, trail_of

os.environ["GITHUB_TOKEN"] = "demo_token"  # an emulator on this machine answers for GitHub

with ChatCompletionsClient(
    endpoint="https://models.github.ai/inference",
    credential=AzureKeyCredential(os.environ["GITHUB_TOKEN"]),
    model="openai/gpt-4.1",
) as client:
    answer = client.complete(
        messages=[
            SystemMessage("Answer in one sentence."),
            UserMessage("What is the capital of France?"),
        ]
    )
    print(answer.choices[0].message.content)
    print(trail_of(answer))
