"""Which kind of adapter a file is, from its names: a plain LoRA, or one of those that other programs make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

LORA = (
    ".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", ".lora.down.", ".lora.up.", "_lora.down.",
    "_lora.up.", ".lora_linear_layer.",
)  # fmt: skip
"""Parts of the names of a LoRA's two matrices."""

_LYCORIS: Mapping[str, str] = {
    ".hada_": "LoHa", ".lokr_": "LoKr", ".oft_": "OFT", ".boft_": "BOFT", ".glora": "GLoRA",
    ".ia3": "(IA)^3", ".on_input": "(IA)^3",
}  # fmt: skip
"""Part of a tensor's name -> the algorithm of LyCORIS or PEFT that it belongs to, which is no LoRA."""

_FLAT_LYCORIS: Mapping[str, str] = {
    ".a1.weight": "GLoRA", ".b1.weight": "GLoRA", ".w_norm": "norms", ".b_norm": "norms", ".diff": "full",
    ".diff_b": "full",
}  # fmt: skip
"""The same, of endings that other files might have too; there the name has to begin as an adapter's does."""

_BEYOND: Mapping[str, str] = {
    ".dora_scale": "DoRA", ".lora_magnitude_vector": "DoRA", ".lora_mid.": "Tucker", ".hada_t": "Tucker",
    ".lokr_t2": "Tucker", ".oft_R": "inputs", ".rescale": "rescale", ".scalar": "scalar",
    ".lora_B.bias": "bias", ".lora_embedding_": "embeddings",
    ".scale_weight": "fp8", ".weight_scale": "fp8", "scaled_fp8": "fp8",
}  # fmt: skip
"""Part of a tensor's name -> what a file has beside a LoRA's matrices that changes what they mean."""

_NUMBERED = re.compile(r"(unet|text_encoder):\d{1,5}:(up|down)")
"""Names of the first LoRA program for Stable Diffusion, which counted modules."""


def is_lora(names: Iterable[str]) -> bool:
    """Whether any of the names is that of a LoRA's matrix."""
    return any(any(mark in f"{name}." for mark in LORA) or _NUMBERED.fullmatch(name) for name in names)


def lycoris(names: Iterable[str]) -> str:
    """The algorithm when a file is one of LyCORIS or its like, else ""; several are joined by a plus."""
    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys(word for mark, word in _LYCORIS.items() if mark in name)
        if name.startswith(("lora_", "lycoris_")):
            found |= dict.fromkeys(word for mark, word in _FLAT_LYCORIS.items() if name.endswith(mark))
    return "+".join(found)


def beyond(names: Iterable[str]) -> str:
    """What makes a file of LoRA matrices more than a plain LoRA, such as "DoRA"; else ""."""
    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys(word for mark, word in _BEYOND.items() if mark in name)
        if _NUMBERED.fullmatch(name):
            found["numbered"] = None
    return "+".join(found)


READABLE = frozenset({"LoHa", "LoKr", "OFT", "DoRA"})
"""What `lycoris` and `beyond` find that can be read, trained and merged here."""


def unreadable(names: Iterable[str]) -> str:
    """What of a file's kinds can't be read here, joined by a plus; "" when all can."""
    listed = [*names]
    found = dict.fromkeys(f"{lycoris(listed)}+{beyond(listed)}".split("+"))
    return "+".join(kind for kind in found if kind and kind not in READABLE)


def is_aside(name: str) -> bool:
    """Whether a tensor is a companion of a LoRA that changes nothing in the model.

    Such are embeddings bundled with it, and the counted positions of a text encoder.
    """
    return name.startswith("bundle_emb.") or name.endswith("position_ids")
