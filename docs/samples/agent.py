"""An agent in 30 lines: a model that uses two functions until it can answer."""

import os

from github_models_azure import ChatCompletionsClient
from github_models_azure.tools import CallFinished, RunLimits, ToolRunner

os.environ["GITHUB_TOKEN"] = "demo_token"  # an emulator on this machine answers for GitHub


def find_stock(fruit: str) -> int:
    """Find how many of a fruit are in stock."""
    return {"apples": 12}.get(fruit, 0)


def order_fruit(fruit: str, amount: int = 10) -> str:
    """Order more of a fruit, and return the number of the order."""
    return f"order 1001: {amount} {fruit}"


def show(event: object) -> None:
    if isinstance(event, CallFinished):
        print(event.record.name, event.record.arguments, "->", event.record.result)


question = 'Call find_stock("pears"), then order_fruit("pears").'
with ChatCompletionsClient(model="openai/gpt-4.1") as client:
    agent = ToolRunner(client, [find_stock, order_fruit], limits=RunLimits(rounds=5), on_event=show)
    run = agent.run([{"role": "user", "content": question}])
print(run.text, f"({len(run.calls)} calls, {run.rounds} rounds)")
