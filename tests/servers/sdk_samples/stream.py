"""A streamed answer, with its usage in the last chunk."""

import os

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.models import SystemMessage, UserMessage
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]

client = ChatCompletionsClient(endpoint=endpoint, credential=AzureKeyCredential(key))

response = client.complete(
    stream=True,
    messages=[
        SystemMessage("You are a helpful assistant."),
        UserMessage("Name five reasons to learn the piano."),
    ],
    model=model,
    model_extras={"stream_options": {"include_usage": True}},
)

finish_reasons, usages = [], []
for update in response:
    if update.choices and update.choices[0].delta:  # the chunk with the usage has no choices
        print(update.choices[0].delta.content or "", end="", flush=True)
    if update.choices:
        finish_reasons.append(update.choices[0].finish_reason)
    if update.usage:
        usages.append(update.usage)
print(f"\n\nToken usage: {usages}")

client.close()
