"""A language model of random numbers, half a megabyte, written in well under a second.

It has all that llama.cpp wants of a model: a byte tokenizer, a chat template, two layers. What it
says is noise. The numbers are drawn from a fixed seed, so every run writes the same file.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from tests.servers.llama_cpp import FIRST_BYTE

CONTEXT = 512
WIDTH, HEADS, LAYERS, INNER = 64, 4, 2, 128
UNKNOWN, BEGIN, END = range(FIRST_BYTE)
TEMPLATE = (
    "{% for message in messages %}"
    "<s>{{ message['role'] }}: {{ message['content'] }}</s>"
    "{% endfor %}"
    "<s>assistant: "
)


def vocabulary() -> list[tuple[bytes, float, gguf.TokenType]]:
    """Return each token with its score and type: three controls, all bytes, and letters."""
    unknown = (b"<unk>", 0.0, gguf.TokenType.UNKNOWN)
    controls = [(text, 0.0, gguf.TokenType.CONTROL) for text in (b"<s>", b"</s>")]
    single = [(b"<0x%02X>" % byte, 0.0, gguf.TokenType.BYTE) for byte in range(256)]
    letters = [bytes([code]) for code in range(ord("!"), ord("~") + 1)] + ["\u2581".encode()]
    ranked = [(text, -float(rank), gguf.TokenType.NORMAL) for rank, text in enumerate(letters)]
    return [unknown, *controls, *single, *ranked]


def write_tiny_model(path: Path) -> None:
    """Write the model as a GGUF file."""
    writer = gguf.GGUFWriter(path, "llama")
    tokens = vocabulary()
    describe(writer, tokens)
    random = np.random.default_rng(0)

    def add(name: str, numbers: np.ndarray) -> None:
        writer.add_tensor(f"{name}.weight", numbers.astype(np.float32))

    def noise(rows: int, columns: int = WIDTH) -> np.ndarray:
        return random.standard_normal((rows, columns)) * 0.08

    # All tokens lean to one side and the end of text is found there, so that it turns up after
    # some twenty tokens: the server needs ever longer for each token of a stream.
    embedding, output = noise(len(tokens)), noise(len(tokens))
    embedding[:, 0] += 1.0
    output[END, 0] += 1.0
    add("token_embd", embedding)
    add("output_norm", np.ones(WIDTH))
    add("output", output)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            add(block + name, np.ones(WIDTH))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(block + name, noise(WIDTH))
        add(f"{block}ffn_gate", noise(INNER))
        add(f"{block}ffn_up", noise(INNER))
        add(f"{block}ffn_down", noise(WIDTH, INNER))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def describe(writer: gguf.GGUFWriter, tokens: list[tuple[bytes, float, gguf.TokenType]]) -> None:
    """Write down the model's shape and its tokenizer."""
    writer.add_name("tiny-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_pooling_type(gguf.PoolingType.MEAN)  # or embeddings are one vector per token
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _, _ in tokens])
    writer.add_token_scores([score for _, score, _ in tokens])
    writer.add_token_types([kind for _, _, kind in tokens])
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_chat_template(TEMPLATE)
