"""The policy in a stock client of the SDK: fallback without the clients of this package."""

from azure.ai.inference import ChatCompletionsClient
from azure.core.credentials import AzureKeyCredential

from github_models_azure import trail_of
from github_models_azure.policies import FallbackPolicy
from github_models_azure.server.emulator import Emulator

responses: list[object] = []

with Emulator() as emulator:
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=5631, type="UserByModelByDay")
    with ChatCompletionsClient(
        emulator.inference_url,
        AzureKeyCredential("any-key"),
        model="openai/gpt-4.1",
        per_call_policies=[FallbackPolicy(["openai/gpt-4o"])],
    ) as client:
        answer = client.complete(
            messages=[{"role": "user", "content": "Hello!"}],
            # A stock client's result carries no trail. What the hook receives does, once the
            # call is over; the hook runs for every attempt, and the last one served.
            raw_response_hook=responses.append,
        )
        print(answer.choices[0].message.content)
        print(trail_of(responses[-1]))
