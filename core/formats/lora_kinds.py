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
    ".ia3": "(IA)^3", ".on_input": "(IA)^3", ".lambda_layer": "T-LoRA",
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


_OF_PRODUCTS = (".hada_", ".lokr_", ".oft_")
"""Parts of the names of what magnitudes are not read beside, though LyCORIS may write them."""


def is_lora(names: Iterable[str]) -> bool:
    """Whether any of the names is that of a LoRA's matrix."""
    return any(any(mark in f"{name}." for mark in LORA) or _NUMBERED.fullmatch(name) for name in names)


def lycoris(names: Iterable[str]) -> str:
    """The algorithm when a file is one of LyCORIS or its like, else ""; several are joined by a plus."""
    return "+".join(_lycoris(names))


def beyond(names: Iterable[str]) -> str:
    """What makes a file of LoRA matrices more than a plain LoRA, such as "DoRA"; else ""."""
    return "+".join(_beyond(names))


def _lycoris(names: Iterable[str]) -> dict[str, str]:
    """Each algorithm, and the first tensor of it, by its name within the module."""
    found: dict[str, str] = {}
    for name in names:
        for mark, kind in _LYCORIS.items():
            if mark in name:
                found.setdefault(kind, name[name.index(mark) + 1 :])
        if name.startswith(("lora_", "lycoris_")):
            for mark, kind in _FLAT_LYCORIS.items():
                if name.endswith(mark):
                    found.setdefault(kind, mark[1:])
    return found


def _beyond(names: Iterable[str]) -> dict[str, str]:
    """As `_lycoris`, of what is beside a LoRA's matrices."""
    found: dict[str, str] = {}
    for name in names:
        for mark, kind in _BEYOND.items():
            if mark in name:
                found.setdefault(kind, name[name.index(mark) :].removeprefix("."))
        if _NUMBERED.fullmatch(name):
            found.setdefault("numbered", name)
    return found


READABLE = frozenset({"LoHa", "LoKr", "OFT", "DoRA", "Tucker"})
"""What `lycoris` and `beyond` find that can be read and merged here."""


def unreadable(names: Iterable[str]) -> dict[str, str]:
    """A file's kinds that can't be read here, each with the first tensor that shows it."""
    listed = [*names]
    found = {k: name for k, name in (_lycoris(listed) | _beyond(listed)).items() if k not in READABLE}
    products = {name[: name.index(mark)] for name in listed for mark in _OF_PRODUCTS if mark in name}
    if any(name.removesuffix(".dora_scale") in products for name in listed):
        found["magnitudes"] = "dora_scale"
    return found


def is_aside(name: str) -> bool:
    """Whether a tensor is a companion of a LoRA that changes nothing in the model.

    Such are embeddings bundled with it, and the counted positions of a text encoder.
    """
    return name.startswith("bundle_emb.") or name.endswith("position_ids")
