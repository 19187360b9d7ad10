"""A walk over CLIP's text encoder, as transformers computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.forecast import ops
from core.forecast.tape import Tape, Tensor

WINDOW = 77
"""Tokens CLIP reads at once, start and end included."""


@dataclass(frozen=True)
class TextEncoder:
    """The sizes that its config.json names."""

    width: int
    inner: int
    heads: int
    layers: int
    rows: int
    positions: int
    activation: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> TextEncoder:
        """Raises KeyError for a config that is none of a text encoder's."""
        return cls(
            config["hidden_size"],
            config["intermediate_size"],
            config["num_attention_heads"],
            config["num_hidden_layers"],
            config["vocab_size"],
            config["max_position_embeddings"],
            config["hidden_act"],
        )


def walk(tape: Tape, encoder: TextEncoder, captions: int, tokens: int) -> Tensor:
    """States (B, T, width) of captions of so many tokens; longer ones are read in windows."""
    tape.part = "text_encoder"
    windows = max(1, -(-(tokens - 2) // (WINDOW - 2)))
    ids = (captions * windows, WINDOW if windows > 1 else tokens)
    hidden = ops.add(
        tape,
        ops.embedding(tape, "embeddings.token_embedding", encoder.rows, ids, encoder.width),
        ops.embedding(tape, "embeddings.position_embedding", encoder.positions, (1, ids[1]), encoder.width),
    )
    for n in range(encoder.layers):
        hidden = tape.checkpoint(lambda x, n=n: _layer(tape, encoder, f"encoder.layers.{n}", x), hidden)
    states = ops.layer_norm(tape, "final_layer_norm", hidden)
    if windows == 1:
        return states
    joined = (captions, windows * (WINDOW - 2) + 2, encoder.width)
    return tape.op((joined, states.item), (states,))


def _layer(tape: Tape, encoder: TextEncoder, path: str, x: Tensor) -> Tensor:
    width = encoder.width
    normed = ops.layer_norm(tape, f"{path}.layer_norm1", x)
    q, k, v = (ops.linear(tape, f"{path}.self_attn.{name}_proj", normed, width) for name in "qkv")
    found = ops.attention(tape, q, k, v, encoder.heads)
    found = ops.linear(tape, f"{path}.self_attn.out_proj", found, width)
    x = ops.add(tape, x, found)
    normed = ops.layer_norm(tape, f"{path}.layer_norm2", x)
    hidden = ops.linear(tape, f"{path}.mlp.fc1", normed, encoder.inner)
    activation = ops.quick_gelu if encoder.activation == "quick_gelu" else ops.gelu
    hidden = ops.linear(tape, f"{path}.mlp.fc2", activation(tape, hidden), width)
    return ops.add(tape, x, hidden)
