"""A tool call: the model asks for it if it wants, the result goes back, the model answers."""

import json
import os

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.models import (
    AssistantMessage,
    ChatCompletionsToolCall,
    ChatCompletionsToolDefinition,
    CompletionsFinishReason,
    FunctionCall,
    FunctionDefinition,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential

endpoint = os.environ["AZURE_AI_CHAT_ENDPOINT"]
key = os.environ["AZURE_AI_CHAT_KEY"]
model = os.environ["AZURE_AI_CHAT_MODEL"]


def get_weather(city):
    return json.dumps({"city": city, "celsius": -3})


weather = ChatCompletionsToolDefinition(
    function=FunctionDefinition(
        name="get_weather",
        description="Tells what the weather in a city is now.",
        parameters={
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The name of the city"}},
            "required": ["city"],
        },
    )
)

client = ChatCompletionsClient(endpoint=endpoint, credential=AzureKeyCredential(key), model=model)

messages = [
    SystemMessage("You help people to plan their day."),
    UserMessage("What is the weather in Oslo?"),
]
response = client.complete(messages=messages, tools=[weather])

if response.choices[0].finish_reason == CompletionsFinishReason.TOOL_CALLS:
    tool_call = response.choices[0].message.tool_calls[0]
    messages.append(
        AssistantMessage(
            tool_calls=[
                ChatCompletionsToolCall(
                    id=tool_call.id,
                    function=FunctionCall(
                        name=tool_call.function.name, arguments=tool_call.function.arguments
                    ),
                )
            ]
        )
    )
    arguments = json.loads(tool_call.function.arguments)
    print(f"Calling `{tool_call.function.name}` with {arguments}.")
    messages.append(ToolMessage(get_weather(**arguments), tool_call_id=tool_call.id))
    response = client.complete(messages=messages, tools=[weather])

print(response.choices[0].message.content)
client.close()
