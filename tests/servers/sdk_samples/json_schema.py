"""An answer in JSON, by a schema."""

import json
import os

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.models import JsonSchemaFormat, SystemMessage, UserMessage
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]

schema = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "The name of the dish"},
        "servings": {"type": "integer", "description": "How many people it feeds"},
        "steps": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["title", "servings", "steps"],
    "additionalProperties": False,
}

with ChatCompletionsClient(
    endpoint=endpoint, credential=AzureKeyCredential(key), model=model
) as client:
    response = client.complete(
        response_format=JsonSchemaFormat(
            name="recipe", schema=schema, description="How to cook a dish", strict=True
        ),
        messages=[
            SystemMessage("You are a cook."),
            UserMessage("How do I make a pancake?"),
        ],
    )

recipe = json.loads(response.choices[0].message.content)
print(json.dumps(recipe, indent=2))
