"""Arguments of `network_module=lycoris.kohya` (or networks.loha, networks.lokr) -> options of [network].

Names and defaults are those of LyCORIS 4 (lycoris/kohya.py). What has no counterpart here is refused by name
when it would change the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config import messages
from core.config.pydantic_messages import shown
from core.config.schema.numbers import number
from core.errors import Problem

MODULES = ("lycoris.kohya", "lycoris", "locon.locon_kohya")
"""Values of network_module; the argument algo says which method it is, a LoRA where there is none."""

ALGORITHMS: Mapping[str, str] = {
    "lora": "lora", "locon": "lora", "loha": "loha", "lokr": "lokr", "diag-oft": "oft", "diag_oft": "oft",
}  # fmt: skip
"""Values of algo -> the method."""

PRESETS: Mapping[str, tuple[str, ...]] = {
    "full": (),
    "full-lin": (),
    "attn-mlp": (),
    "attn-only": (r".*(attn[12]|self_attn)\..*",),
    "unet-only": (),
    "unet-transformer-only": (),
    "unet-convblock-only": (r".*(resnets|downsamplers|upsamplers)\..*",),
}
"""Values of preset -> patterns of the only layers that are trained, () for the usual ones."""

_WITHOUT_CONVOLUTIONS = ("full-lin", "attn-mlp", "attn-only", "unet-transformer-only")
_WITHOUT_TEXT = ("unet-only", "unet-transformer-only", "unet-convblock-only")

_SAME = {
    "conv_dim": "network.conv_rank",
    "conv_alpha": "network.conv_alpha",
    "factor": "network.factor",
    "decompose_both": "network.decompose_both",
    "full_matrix": "network.full_matrix",
    "dropout": "network.dropout",
    "rank_dropout": "network.rank_dropout",
    "module_dropout": "network.module_dropout",
    "rs_lora": "network.rslora",
    "loraplus_lr_ratio": "network.loraplus_lr_ratio",
    "loraplus_unet_lr_ratio": "network.loraplus_unet_lr_ratio",
    "loraplus_text_encoder_lr_ratio": "network.loraplus_text_encoder_lr_ratio",
}
_NOT_HERE = (
    "use_tucker", "use_cp", "use_conv_cp", "use_scalar", "rescaled", "train_norm", "constraint", "constrain",
    "bypass_mode", "rank_dropout_scale", "unbalanced_factorization", "train_t5xxl", "train_llm",
    "train_on_input", "disable_conv_cp", "block_size",
)  # fmt: skip
_ASKS_NOTHING = (False, 0, 0.0, None, "")

NAMES = frozenset((*_SAME, *_NOT_HERE, "algo", "preset", "dora_wd", "weight_decompose", "wd_on_out"))
"""Every argument that is known."""


def read(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Our keys and values, and what is wrong. arguments: name -> text or value, as network_args has them."""
    given = {name: _value(text) for name, text in arguments.items()}
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        if name in _SAME:
            values[_SAME[name]] = value
        elif name in _NOT_HERE and value not in _ASKS_NOTHING:
            problems.append(messages.LYCORIS_ARGUMENT(name=name, value=shown(value)))
    _algorithm(given, values, problems)
    _layers(given, values, problems)
    return values, problems


def _algorithm(given: Mapping[str, Any], values: dict[str, Any], problems: list[Problem]) -> None:
    algo = given.get("algo")
    method = ALGORITHMS.get(str(algo).lower()) if algo is not None else None
    if algo is not None and method is None:
        problems.append(messages.LYCORIS_ALGORITHM(value=shown(algo), known=", ".join(ALGORITHMS)))
    is_dora = given.get("dora_wd", given.get("weight_decompose")) not in _ASKS_NOTHING
    if is_dora and method in (None, "lora"):
        method = "dora"
        values["network.dora_axis"] = "output" if given.get("wd_on_out", True) else "input"
    elif is_dora:
        problems.append(messages.LYCORIS_ARGUMENT(name="dora_wd", value=f"{algo}"))
    if method:
        values["network.method"] = method


def _layers(given: Mapping[str, Any], values: dict[str, Any], problems: list[Problem]) -> None:
    preset = given.get("preset")
    if preset is None:
        return
    if preset not in PRESETS:
        problems.append(messages.LYCORIS_PRESET(value=shown(preset), known=", ".join(PRESETS)))
        return
    if PRESETS[preset]:
        values |= {"network.exclude_patterns": (".*",), "network.include_patterns": PRESETS[preset]}
    if preset in _WITHOUT_TEXT:
        values["train.text_encoder_lr"] = 0.0
    if preset in _WITHOUT_CONVOLUTIONS:
        values.pop("network.conv_alpha", None)
        values["network.conv_rank"] = ""  # not set, and not by default either


def written(method: str, dora_axis: str) -> dict[str, str]:
    """The arguments that LyCORIS would have been given, for the metadata of a file. method: of [network]."""
    if method == "dora":
        return {"algo": "lora", "dora_wd": "True", "wd_on_out": str(dora_axis == "output")}
    return {"algo": {"oft": "diag-oft"}.get(method, method)}


def _value(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    plain = text.strip().strip("'\"")
    if plain.lower() in ("true", "false"):
        return plain.lower() == "true"
    as_number = number(plain)
    return plain if as_number is None else as_number
