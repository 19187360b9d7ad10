"""What the options of [network] must not be together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.catalog import Words
from core.config.pydantic_messages import shown
from core.config.rules import messages
from core.config.schema import block_lists
from core.config.schema.option import LARGEST_FACTOR
from core.config.schema.run import RunConfig
from core.errors import Problem


def numbers_are_numbers(config: RunConfig) -> Iterator[Problem]:
    """Lists for the blocks have their length, ranks are whole, and nothing is below 0."""
    network = config.network
    every, side = block_lists.COUNT, block_lists.SIDE
    for name in ("block_dims", "conv_block_dims"):
        yield from _list(name, getattr(network, name), every, is_whole=True)
    for name in ("block_alphas", "conv_block_alphas"):
        yield from _list(name, getattr(network, name), every)
    for name in ("down_lr_weight", "up_lr_weight"):
        yield from _list(name, getattr(network, name), side, read=block_lists.weights)
    yield from _list("mid_lr_weight", network.mid_lr_weight, 1)
    name, count = "base_weights_multiplier", len(network.base_weights)
    yield from _list(name, network.base_weights_multiplier, count, may_be_negative=True)


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
    curves = (
        Words(f" or one of {', '.join(block_lists.CURVES)}", f"、または{'・'.join(block_lists.CURVES)}")
        if read is block_lists.weights
        else ""
    )
    try:
        numbers = read(text)
    except ValueError:
        yield messages.BLOCK_NUMBERS(key=key, count=count, curves=curves, text=shown(text))
        return
    if len(numbers) != count:
        yield messages.BLOCK_COUNT(key=key, count=count, curves=curves, found=len(numbers))
    elif is_whole and any(n != int(n) or n > 1024 for n in numbers):
        yield messages.RANKS_WHOLE(key=key, text=shown(text))
    elif any(abs(n) > LARGEST_FACTOR for n in numbers):
        yield messages.FACTOR_TOO_LARGE(key=key, most=LARGEST_FACTOR, text=shown(text))
    elif not may_be_negative and any(n < 0 for n in numbers):
        yield messages.BELOW_ZERO(key=key, text=shown(text))


def ranks_come_from_one_place(config: RunConfig) -> Iterator[Problem]:
    network = config.network
    if network.dim_from_weights and not network.weights:
        yield messages.NO_WEIGHTS_FOR_RANKS()
    for name in ("block_dims", "block_alphas", "conv_block_dims", "conv_block_alphas", "conv_rank"):
        if network.dim_from_weights and name in network.model_fields_set and getattr(network, name):
            yield messages.RANKS_FROM_FILE(key=f"network.{name}")


RULES: tuple[Callable[[RunConfig], Iterator[Problem]], ...] = (
    numbers_are_numbers,
    ranks_come_from_one_place,
)
