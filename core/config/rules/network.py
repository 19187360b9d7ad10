"""What the options of [network] must not be together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.config.pydantic_messages import shown
from core.config.schema import block_lists
from core.config.schema.option import LARGEST_FACTOR
from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem


def numbers_are_numbers(config: RunConfig) -> Iterator[Problem]:
    """Lists for the blocks have their length, ranks are whole, and nothing is below 0."""
    network = config.network
    every, side = block_lists.COUNT, block_lists.SIDE
    yield from _list("block_dims", network.block_dims, every, is_whole=True)
    yield from _list("block_alphas", network.block_alphas, every)
    yield from _list("conv_block_dims", network.conv_block_dims, every, is_whole=True)
    yield from _list("conv_block_alphas", network.conv_block_alphas, every)
    yield from _list("down_lr_weight", network.down_lr_weight, side, read=block_lists.weights)
    yield from _list("mid_lr_weight", network.mid_lr_weight, 1)
    yield from _list("up_lr_weight", network.up_lr_weight, side, read=block_lists.weights)
    yield from _list(
        "base_weights_multiplier",
        network.base_weights_multiplier,
        len(network.base_weights),
        may_be_negative=True,
    )


def _list(
    name: str,
    text: str | None,
    count: int,
    *,
    is_whole: bool = False,
    may_be_negative: bool = False,
    read: Callable[[str], tuple[float, ...]] = block_lists.numbers,
) -> Iterator[Problem]:
    if text is None or not count:
        return
    key = f"network.{name}"
    curves = f" or one of {', '.join(block_lists.CURVES)}" if read is block_lists.weights else ""
    curves_ja = f"、または{'・'.join(block_lists.CURVES)}" if curves else ""
    try:
        found = read(text)
    except ValueError:
        yield plain_problem(
            "E-CFG-VALUE",
            f"must be {count} numbers with commas between them{curves}, not {shown(text)}.",
            f"カンマ区切りの{count}個の数値{curves_ja}にしてください（値：{shown(text)}）。",
            key=key,
        )
        return
    if len(found) != count:
        yield plain_problem(
            "E-CFG-VALUE",
            f"takes {count} numbers{curves}, found {len(found)}.",
            f"数値は{count}個{curves_ja}必要です（{len(found)}個あります）。",
            key=key,
        )
    elif is_whole and any(n != int(n) or n > 1024 for n in found):
        yield plain_problem(
            "E-CFG-VALUE",
            f"must be whole numbers from 0 to 1024, not {shown(text)}.",
            f"0〜1024の整数にしてください（値：{shown(text)}）。",
            key=key,
        )
    elif any(abs(n) > LARGEST_FACTOR for n in found):
        yield plain_problem(
            "E-CFG-VALUE",
            f"must be at most {LARGEST_FACTOR:,.0f} each, found {shown(text)}.",
            f"それぞれ{LARGEST_FACTOR:,.0f}以下にしてください（値：{shown(text)}）。",
            key=key,
        )
    elif not may_be_negative and any(n < 0 for n in found):
        yield plain_problem(
            "E-CFG-VALUE",
            f"must not be below 0, found {shown(text)}.",
            f"0以上にしてください（値：{shown(text)}）。",
            key=key,
        )


def ranks_come_from_one_place(config: RunConfig) -> Iterator[Problem]:
    network = config.network
    if network.dim_from_weights and not network.weights:
        yield plain_problem(
            "E-CFG-NEEDED",
            "needs a LoRA file to take the ranks from; name it in network.weights.",
            "ランクを取得するLoRAファイルが必要です。network.weightsで指定してください。",
            key="network.dim_from_weights",
        )
    for name in ("block_dims", "block_alphas", "conv_block_dims", "conv_block_alphas", "conv_rank"):
        if network.dim_from_weights and name in network.model_fields_set and getattr(network, name):
            yield plain_problem(
                "E-CFG-TOGETHER",
                "cannot be used with network.dim_from_weights, which takes every rank from the file; "
                "turn one of them off.",
                "ランクをすべてファイルから取得するnetwork.dim_from_weightsとは同時に使えません。"
                "どちらかを切ってください。",
                key=f"network.{name}",
            )


RULES: tuple[Callable[[RunConfig], Iterator[Problem]], ...] = (
    numbers_are_numbers,
    ranks_come_from_one_place,
)
