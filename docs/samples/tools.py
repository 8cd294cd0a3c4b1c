"""A tool call: the model asks, this program runs the function and sends the result back."""

import json
import os

from azure.ai.inference.models import (
    AssistantMessage,
    ChatCompletionsToolDefinition,
    ChatRequestMessage,
    FunctionDefinition,
    ToolMessage,
    UserMessage,
)

from github_models_azure import ChatCompletionsClient

os.environ["GITHUB_TOKEN"] = "demo_token"  # an emulator on this machine answers for GitHub


def get_weather(city: str) -> str:
    """Look the weather up; a real program would ask somebody."""
    return json.dumps({"city": city, "celsius": -3})


tools = [
    ChatCompletionsToolDefinition(
        function=FunctionDefinition(
            name="get_weather",
            description="The weather of a city now",
            parameters={
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        )
    )
]
messages: list[ChatRequestMessage] = [UserMessage("What is the weather in Oslo?")]

with ChatCompletionsClient(model="openai/gpt-4.1") as client:
    asked = client.complete(messages=messages, tools=tools)
    calls = asked.choices[0].message.tool_calls or []
    # The objects go back as they came: some servers hide members in them that they need again.
    messages.append(AssistantMessage(tool_calls=calls))
    for call in calls:
        result = get_weather(**json.loads(call.function.arguments))
        messages.append(ToolMessage(result, tool_call_id=call.id))
    answer = client.complete(messages=messages, tools=tools)
    print(answer.choices[0].message.content)
