"""A tool call that the model is made to ask for."""

import json
import os

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.models import (
    AssistantMessage,
    ChatCompletionsNamedToolChoice,
    ChatCompletionsNamedToolChoiceFunction,
    ChatCompletionsToolDefinition,
    FunctionDefinition,
    ToolMessage,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]

weather = ChatCompletionsToolDefinition(
    function=FunctionDefinition(
        name="get_weather",
        description="Tells what the weather in a city is now.",
        parameters={
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Oslo"]}},
            "required": ["city"],
        },
    )
)

with ChatCompletionsClient(
    endpoint=endpoint, credential=AzureKeyCredential(key), model=model
) as client:
    messages = [UserMessage("What is the weather in Oslo?")]
    response = client.complete(
        messages=messages,
        tools=[weather],
        tool_choice=ChatCompletionsNamedToolChoice(
            function=ChatCompletionsNamedToolChoiceFunction(name="get_weather")
        ),
    )
    tool_calls = response.choices[0].message.tool_calls
    messages.append(AssistantMessage(tool_calls=tool_calls))
    for tool_call in tool_calls:
        arguments = json.loads(tool_call.function.arguments)
        print(f"Calling `{tool_call.function.name}` with {arguments}.")
        messages.append(ToolMessage('{"celsius": -3}', tool_call_id=tool_call.id))
    response = client.complete(messages=messages, tools=[weather])

print(response.choices[0].message.content)
