"""What the options of [network] must not be together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from core.catalog import Words
from core.config.pydantic_messages import shown
from core.config.rules import messages
from core.config.schema import block_lists
from core.config.schema.option import LARGEST_FACTOR
from core.config.schema.run import OPTIONS, RunConfig
from core.errors import Problem
from core.families import FAMILIES, FamilySpec, Part


class _List(NamedTuple):
    """A list of numbers for the blocks. count: how many there are in a part. is_rate: a list of another
    length is cut or filled up. has_curves: a curve has them too.
    """

    count: Callable[[Part], int]
    is_whole: bool = False
    is_rate: bool = False
    has_curves: bool = False


_LISTS: Mapping[str, _List] = MappingProxyType(
    {
        "network.block_dims": _List(block_lists.every_block, is_whole=True),
        "network.conv_block_dims": _List(block_lists.every_block, is_whole=True),
        "network.block_alphas": _List(block_lists.every_block),
        "network.conv_block_alphas": _List(block_lists.every_block),
        "train.block_lr": _List(block_lists.every_block),
        "network.down_lr_weight": _List(block_lists.down_blocks, is_rate=True, has_curves=True),
        "network.up_lr_weight": _List(block_lists.up_blocks, is_rate=True, has_curves=True),
        "network.mid_lr_weight": _List(block_lists.middle_blocks, is_rate=True),
    }
)


def block_lists_fit(config: RunConfig, family: FamilySpec | None) -> Iterator[Problem]:
    """Lists for the blocks have a number for each block of the family; of any while that is not known."""
    for key, kind in _LISTS.items():
        text = OPTIONS[key].value_in(config)
        counts = block_lists.counts(kind.count, (family,) if family else FAMILIES.values())
        if text is not None and counts:
            yield from _of_blocks(key, text, kind, counts, family)


def _of_blocks(
    key: str, text: str, kind: _List, counts: Mapping[int, Words], family: FamilySpec | None
) -> Iterator[Problem]:
    count = next(iter(counts))
    facts: dict[str, Any] = {
        "key": key,
        "count": Words(str(count), f"{count}個") if family else block_lists.counts_words(counts),
        "family": Words(f" for {family.words.en}", f"{family.words.ja}では、", f"{family.words.of('zh')}需要")
        if family
        else "",
        "curves": _CURVES if kind.has_curves else "",
    }
    try:
        numbers = block_lists.weights(text, count) if kind.has_curves else block_lists.numbers(text)
    except ValueError:
        yield messages.BLOCK_NUMBERS(**facts, text=shown(text))
        return
    found = len(numbers)
    # A lone number for a side is no list for sd-scripts, which takes it for the name of a curve.
    if (found == 1 and kind.has_curves) if kind.is_rate else found not in counts:
        yield messages.BLOCK_COUNT(**facts, found=found)
        return
    if family and found != count:
        message = messages.BLOCKS_IGNORED if found > count else messages.BLOCKS_FILLED
        yield message(key=key, count=count, found=found, family=family.words)
    yield from _bounds(key, text, numbers, is_whole=kind.is_whole)


_CURVES = Words(
    f" or one of {', '.join(block_lists.CURVES)}",
    f"、または{'・'.join(block_lists.CURVES)}",
    f"，或{'、'.join(block_lists.CURVES)}",
)


def _bounds(key: str, text: str, numbers: tuple[float, ...], *, is_whole: bool) -> Iterator[Problem]:
    if is_whole and any(n != int(n) or n > 1024 for n in numbers):
        yield messages.RANKS_WHOLE(key=key, text=shown(text))
    elif any(abs(n) > LARGEST_FACTOR for n in numbers):
        yield messages.FACTOR_TOO_LARGE(key=key, most=LARGEST_FACTOR, text=shown(text))
    elif any(n < 0 for n in numbers):
        yield messages.BELOW_ZERO(key=key, text=shown(text))


def strengths_are_as_many_as_the_files(config: RunConfig) -> Iterator[Problem]:
    network = config.network
    key, text, count = (
        "network.base_weights_multiplier",
        network.base_weights_multiplier,
        len(network.base_weights),
    )
    if text is None or not count:
        return
    facts: dict[str, Any] = {"key": key, "count": Words(str(count), f"{count}個"), "family": "", "curves": ""}
    try:
        numbers = block_lists.numbers(text)
    except ValueError:
        yield messages.BLOCK_NUMBERS(**facts, text=shown(text))
        return
    if len(numbers) != count:
        yield messages.BLOCK_COUNT(**facts, found=len(numbers))
    elif any(abs(n) > LARGEST_FACTOR for n in numbers):
        yield messages.FACTOR_TOO_LARGE(key=key, most=LARGEST_FACTOR, text=shown(text))


def ranks_come_from_one_place(config: RunConfig) -> Iterator[Problem]:
    network = config.network
    if network.dim_from_weights and not network.weights:
        yield messages.NO_WEIGHTS_FOR_RANKS()
    for name in ("block_dims", "block_alphas", "conv_block_dims", "conv_block_alphas", "conv_rank"):
        if network.dim_from_weights and name in network.model_fields_set and getattr(network, name):
            yield messages.RANKS_FROM_FILE(key=f"network.{name}")


def names_hold_the_method(config: RunConfig) -> Iterator[Problem]:
    network, save = config.network, config.save
    if save.adapter_names != "diffusers" or not network.is_adapter:
        return
    if network.method == "dora" and network.dora_axis != "output":
        yield messages.NAMES_OF_DIFFUSERS(method=Words("DoRA of inputs", "入力側のDoRA"))
    elif network.method not in ("lora", "dora"):
        yield messages.NAMES_OF_DIFFUSERS(method=network.method)
    elif save.save_model_as == "ckpt":
        yield messages.NAMES_NEED_METADATA()


RULES: tuple[Callable[[RunConfig], Iterator[Problem]], ...] = (
    strengths_are_as_many_as_the_files,
    ranks_come_from_one_place,
    names_hold_the_method,
)
