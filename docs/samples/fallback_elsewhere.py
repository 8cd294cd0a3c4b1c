"""A route over two endpoints, each with its own key; emulators stand for both."""

from github_models_azure import ChatCompletionsClient, Endpoint, MemoryLedger, Target, trail_of
from github_models_azure.server.emulator import Emulator

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]

with Emulator() as work, Emulator() as spare:
    elsewhere = Endpoint("spare", spare.inference_url, credential="key-of-the-spare")
    ledger = MemoryLedger()  # shared by all clients that are given it
    client = ChatCompletionsClient(
        Endpoint("work", work.inference_url, credential="key-of-the-work"),
        model="openai/gpt-4.1",
        fallback=["openai/gpt-4o", Target("openai/gpt-4o-mini", elsewhere)],
        ledger=ledger,
    )
    with client:
        print(client.plan_route(messages=QUESTION))

        work.fault("rate_limit", model="openai/gpt-4.1", seconds=5631, type="UserByModelByDay")
        print(trail_of(client.complete(messages=QUESTION)))

        work.retire("410")
        print(trail_of(client.complete(messages=QUESTION)))

        # The retired endpoint is not asked again.
        print(trail_of(client.complete(messages=QUESTION)))
    keys = [{entry.credential for entry in emulator.journal} for emulator in (work, spare)]
    print("no key was seen twice:", not keys[0] & keys[1])
