"""A question about an image that is sent along."""

import os

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.models import (
    ImageContentItem,
    ImageDetailLevel,
    ImageUrl,
    SystemMessage,
    TextContentItem,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]

# One pixel.
image = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA"
    "hKmMIQAAAABJRU5ErkJggg=="
)

with ChatCompletionsClient(
    endpoint=endpoint, credential=AzureKeyCredential(key), model=model
) as client:
    response = client.complete(
        messages=[
            SystemMessage("You describe images."),
            UserMessage(
                [
                    TextContentItem(text="What is in this image?"),
                    ImageContentItem(image_url=ImageUrl(url=image, detail=ImageDetailLevel.LOW)),
                ]
            ),
        ]
    )

print(response.choices[0].message.content)
