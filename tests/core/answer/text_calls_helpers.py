"""Texts that are tool calls of ``f`` or ``add_layer``, and texts that only look like them."""

from __future__ import annotations

from typing import Any

F, G = ("f", '{"x":1}'), ("add_layer", "{}")
CALL = '{"name": "f", "arguments": {"x": 1}}'

WRITTEN: list[tuple[str, str, Any, Any]] = [
    # Llama on Ollama, bare and in a code block: ollama#13519
    ("json", '{"name": "f", "parameters": {"x": 1}}', None, [F]),
    ("json", '```json\n{"name": "f", "parameters": {"x": 1}}\n```', None, [F]),
    ("json", '```\n{"name": "f", "parameters": {"x": 1}}```\n', None, [F]),
    # Llama with a code interpreter in its prompt: llama-models#266
    ("json", '<|python_tag|>{"type": "function", "name": "f", "parameters": {"x": 1}}', None, [F]),
    # Llama on vLLM: vllm#11786, here with the brace that it forgot
    ("json", '{"type": "function", "function": {"name": "f", "parameters": {"x": 1}}}', None, [F]),
    # Mistral Large, two at once: mistral-common#73
    ("json", f'[{CALL}, {{"name": "add_layer", "arguments": {{}}}}]', None, [F, G]),
    # Llama, one after the other: dynamo#9536
    ("json", f"{CALL}; {CALL}", None, [F, F]),
    ("json", f" {CALL}\n{CALL}\n", None, [F, F]),
    # Hermes and Qwen: vllm#5649
    ("tags", f"<tool_call>\n{CALL}\n</tool_call>", None, [F]),
    ("tags", f"<tool_call>{CALL}</tool_call>\n<tool_call>\n{CALL}\n</tool_call>", None, [F, F]),
    ("tags", f"Let me see.\n\n<tool_call>\n{CALL}\n</tool_call>\n", "Let me see.\n\n", [F]),
    ("tags", f"<tool_call>{CALL}", None, [F]),
    ("tags", '<tool_call>{"name": "f"}</tool_call>', None, [("f", "{}")]),
    # Llama on Azure: inspect_ai#1871
    ("tags", f"<tool_calls>{CALL}</tool_calls>", None, [F]),
    ("tags", f"<tool_calls>[{CALL}, {CALL}]</tool_calls>", None, [F, F]),
    # Llama: Rapid-MLX#703
    ("tags", '<function=f>{"x": 1}</function>', None, [F]),
    ("tags", '<function=f>{"x": 1}</function><function=f>{"x": 1}', None, [F, F]),
    # Mistral: vllm#5649, and in its newer form mistral-vibe#594, mlx-lm#1448
    ("tags", f"[TOOL_CALLS][{CALL}, {CALL}]", None, [F, F]),
    ("tags", f"[TOOL_CALLS] {CALL}", None, [F]),
    ("tags", '[TOOL_CALLS]f[ARGS]{ "x": 1}[TOOL_CALLS]f{"x": 1}', None, [F, F]),
    # What is written inside: line ends, text in place of an object, ids
    ("tags", '[TOOL_CALLS]f{"x": "a\nb"}', None, [("f", '{"x":"a\\nb"}')]),
    ("json", '{"name": "f", "arguments": "{\\"x\\": 1}"}', None, [F]),
    ("json", '{"name": "f", "arguments": null}', None, [("f", "{}")]),
]  # fmt: skip
"""How it is written, the text, what is left of it, the calls in it; with who wrote so."""

TALKED_OF = [
    f"To call it, answer {CALL}",
    f"{CALL} is how it is called.",
    f"I would write <tool_call>{CALL}</tool_call>",
    f"<tool_call>{CALL}</tool_call> is how it is called.",
    f"<tool_call>\n{CALL}\n</tool_call>\nThat is how.",
    f"Write:\n```xml\n<tool_call>{CALL}</tool_call>",
    f"Write:\n```json\n{CALL}\n```",
    f"```json\n{CALL}\n```\nThat is how.",
    f"```json\n{CALL}",
    f"```json {CALL}```",
    f"```python\nprint({CALL})\n```",
    '{"name": "g", "arguments": {}}',
    f'[{CALL}, {{"name": "g", "arguments": {{}}}}]',
    '{"name": "f"}',
    '{"name": "f", "arguments": {}, "parameters": {}}',
    '{"name": "f", "arguments": {}, "note": 1}',
    '{"function": {"name": "f", "arguments": {}}, "note": 1}',
    '{"name": "f", "arguments": [1]}',
    '{"name": "f", "arguments": "x"}',
    '{"name": "f", "arguments": "[1]"}',
    '{"name": "f", "arguments": {"x": NaN}}',
    '{"name": "f", "arguments": {"x": 1e999}}',
    '{"name": "f", "arguments": {"x": ' + "9" * 5000 + "}}",
    '{"name": "f", "arguments": ' + '{"x":' * 5000 + "1" + "}" * 5001,
    '{"name": "f", "arguments": "' + "[" * 100_000 + '"}',
    '{"name": ["f"], "arguments": {}}',
    '{"answer": "f"}',
    '{"city": "Köln", "days": 2',
    '{"name": "f", "argum',
    '{"na',
    "{",
    "[1, 2",
    "[]",
    '["f"]',
    "{5}",
    "<tool_call>",
    "<tool_call>{",
    f"<tool_call>{CALL}</tool_c",
    f"<tool_callx>{CALL}</tool_call>",
    "<tool_call>f</tool_call>",
    '<function=g>{"x": 1}</function>',
    '<function=ff>{"x": 1}</function>',
    "<function=f>1</function>",
    "<function=f>x</function>",
    "<function=",
    "<function=f",
    "[TOOL_CALLS]f[ARGS]",
    "[TOOL_CALLS] I will call f",
    "[TOOL_CALLS][]",
    "<tool",
    "`" * 7,
    " \n\t",
    "",
    "A plain answer, with {braces}, [brackets] and\n <tags>.\n",
]
