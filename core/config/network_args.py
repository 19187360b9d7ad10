"""sd-scripts' `network_args`, a list of name=value -> options of [network]."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

_ARGUMENTS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "conv_dim": ("conv_rank", int),
    "conv_alpha": ("conv_alpha", float),
    "rank_dropout": ("rank_dropout", float),
    "module_dropout": ("module_dropout", float),
    "loraplus_lr_ratio": ("loraplus_lr_ratio", float),
    "loraplus_unet_lr_ratio": ("loraplus_unet_lr_ratio", float),
    "loraplus_text_encoder_lr_ratio": ("loraplus_text_encoder_lr_ratio", float),
    "block_dims": ("block_dims", str),
    "block_alphas": ("block_alphas", str),
    "conv_block_dims": ("conv_block_dims", str),
    "conv_block_alphas": ("conv_block_alphas", str),
    "down_lr_weight": ("down_lr_weight", str),
    "mid_lr_weight": ("mid_lr_weight", str),
    "up_lr_weight": ("up_lr_weight", str),
    "block_lr_zero_threshold": ("block_lr_zero_threshold", float),
}
"""Arguments of networks.lora: name -> (ours, how its text is read)."""


def read(given: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Our keys and values, and what is wrong, in (English, Japanese).

    given: a list of "name=value", or one such text. A value that can't be read stays text, so that the
    checker names the option.
    """
    values: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for item in [given] if isinstance(given, str) else given:
        name, separator, text = (part.strip() for part in str(item).partition("="))
        if not separator:
            problems.append(
                (
                    f"write name=value, such as conv_dim=4, not {item!r}.",
                    f"「conv_dim=4」のように「名前=値」で書いてください（値：{item!r}）。",
                )
            )
        elif name not in _ARGUMENTS:
            problems.append(_unknown(name))
        else:
            ours, kind = _ARGUMENTS[name]
            values[f"network.{ours}"] = _typed(text, kind)
    return values, problems


def _typed(text: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(text)
    except ValueError:
        return text


def _unknown(name: str) -> tuple[str, str]:
    near = difflib.get_close_matches(name, _ARGUMENTS, n=1, cutoff=0.6)
    listed = ", ".join(_ARGUMENTS)
    if near:
        return (
            f"networks.lora has no argument {name}; did you mean {near[0]}?",
            f"networks.loraに引数{name}はありません。{near[0]}の間違いではありませんか？",
        )
    return (
        f"networks.lora has no argument {name}; there are: {listed}.",
        f"networks.loraに引数{name}はありません。指定できるもの：{listed}。",
    )
