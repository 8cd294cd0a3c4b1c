"""A language model that calls each of two tools once, then writes: by counting, not by chance.

It has the shape of the tiny model, but every weight is set by hand. Its one head of attention looks
at all of the prompt alike, so it knows how often each letter is there, and the next letter depends
on those counts alone. ``?`` is what the question has one of, ``}`` ends the arguments of each call,
and ``g`` is in no word of the prompt but ``message``, which begins an answer in words.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from tests.servers.tiny_model import END, INNER, LAYERS, WIDTH, describe, vocabulary

COUNTED = "?}g"
MARKS = {
    "f": (1.5, 0, 5),  # functions.NAME: until there are two calls, or in an answer in words
    "<": (0, 1, 0),  # <|im_end|>: after the second
    "m": (0, 5, 0),  # message: once there are calls
    "s": (0.5, 0, 0),  # sun: the first call
    "w": (0, 1, 0),  # wind: the second
}
"""How much each of ``COUNTED`` in the prompt says for a letter."""
SURE = 1.0
"""For what ends: ``}`` at once, so there are no blanks in an object, and the end of the text."""


def write_calling_model(path: Path) -> None:
    """Write the model as a GGUF file."""
    writer = gguf.GGUFWriter(path, "llama")
    tokens = vocabulary()
    describe(writer, tokens)
    texts = [text for text, _, _ in tokens]

    def add(name: str, numbers: np.ndarray) -> None:
        writer.add_tensor(f"{name}.weight", numbers.astype(np.float32))

    # Dimension 0 is of all tokens that are not counted; the counts are found behind these.
    kinds = 1 + len(COUNTED)
    embedding, output = np.zeros((len(tokens), WIDTH)), np.zeros((len(tokens), WIDTH))
    embedding[:, 0] = 1.0
    for kind, letter in enumerate(COUNTED, 1):
        embedding[texts.index(letter.encode())] = np.eye(WIDTH)[kind]
    for letter, weights in MARKS.items():
        output[texts.index(letter.encode()), kinds + 1 : 2 * kinds] = weights
    for token in (END, texts.index(b"}")):
        output[token, :kinds] = SURE
    add("token_embd", embedding)
    add("output_norm", np.ones(WIDTH))
    add("output", output)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        value, told = np.zeros((WIDTH, WIDTH)), np.zeros((WIDTH, WIDTH))
        if layer == 0:
            value[:kinds, :kinds] = np.eye(kinds)
            told[kinds : 2 * kinds, :kinds] = np.eye(kinds)
        for name in ("attn_norm", "ffn_norm"):
            add(block + name, np.ones(WIDTH))
        for name in ("attn_q", "attn_k"):
            add(block + name, np.zeros((WIDTH, WIDTH)))
        add(f"{block}attn_v", value)
        add(f"{block}attn_output", told)
        for name in ("ffn_gate", "ffn_up"):
            add(block + name, np.zeros((INNER, WIDTH)))
        add(f"{block}ffn_down", np.zeros((WIDTH, INNER)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
