"""Several adapters as one: their matrices side by side, or the best approximation of their sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from core.catalog import Words
from core.config.schema import block_lists
from core.config.schema.block_lists import Numbers
from core.config.schema.option import Choice, Lines, Section, opt
from core.counting import counted
from core.errors import UserError
from core.tools import messages
from core.tools.adapter_sizes import Report, SizeSettings, sizing
from core.tools.resize_adapter import PrecisionSettings, TargetSettings
from core.tools.tool import Card, Outcome, Tool, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from core.adapters.methods import Adapted
    from core.adapters.svd import Spectrum
    from core.adapters.targets import ModuleKey
    from core.tools.adapter_files import Adapter, Base

_WAYS = {
    "concat": Words("exactly, the ranks add up (LoRA only)", "厳密（ランクは合計になります。LoRAのみ）"),
    "svd": Words("to a rank, as close as it allows", "指定ランクで最も近いもの（SVD）"),
}

Added = list[tuple["Adapted", float]]
"""What adapters add to one module: each with its strength."""


class AddedSettings(Section):
    """Adapters and how strongly each counts."""

    adapters: Lines = opt(
        (),
        ("Adapters", "アダプター"),
        (
            "LoRA or LyCORIS files, one per line; they stay as they are.",
            "LoRAまたはLyCORISのファイル（1行に1つ。変更しません）。",
        ),
        path="file",
    )
    strengths: Numbers | None = opt(
        None,
        ("Strengths", "強さ"),
        (
            "One number for each adapter, separated by commas. Empty: 1.",
            "アダプターごとに数値を1つ（カンマ区切り）。空欄なら1です。",
        ),
    )


class BaseSettings(Section):
    """The model that methods depend on whose change is no sum."""

    base: str | None = opt(
        None,
        ("Base model", "元モデル"),
        (
            "Needed for DoRA and OFT only: the model that they were trained on.",
            "DoRAとOFTの場合だけ必要です（学習に使った元モデル）。",
        ),
        level="advanced",
        path="file",
    )


class WaySettings(Section):
    """How the sum is written."""

    way: Annotated[str, Choice(_WAYS)] = opt(
        "concat",
        ("Way", "方法"),
        ("The settings of the rank count for SVD only.", "ランクの設定はSVDの場合だけ使います。"),
    )


class MergeAdaptersSettings(
    AddedSettings, TargetSettings, WaySettings, SizeSettings, BaseSettings, PrecisionSettings
):
    """What is merged, and how."""


def run(settings: MergeAdaptersSettings, work: Work) -> Outcome:
    """Write the sum of adapters as one LoRA.

    Raises UserError when they do not go together, NumericFault when a number does not fit the precision,
    StopRun when it is stopped.
    """
    from core.tools import adapter_files as files

    size, place = sizing(settings, settings.conv_rank), files.place(settings.target)
    adapters, strengths = opened(settings.adapters, settings.strengths)
    family = files.same_family(adapters)
    if settings.way == "concat":
        _refuse_other_methods(adapters)
    base = needed_base(adapters, settings.base, family)
    added = by_module(adapters, strengths, base)
    first, report = adapters[0], Report(max(m.rank for each in adapters for m in each.modules.values()))
    made: dict[ModuleKey, Adapted] = {}
    for done, (key, each) in enumerate(added.items()):
        work.at("decompose", done, len(added))
        shape = next(adapter.shape(key, base) for adapter in adapters if key in adapter.modules)
        if settings.way == "concat":
            made[key] = _side_by_side([module for module, _ in each], [s for _, s in each], shape)
        else:
            wanted = size(shape)
            made[key] = report.add(first.name(key), _summed(each, key, base, wanted.most), wanted, shape)
    work.at("decompose", len(made), len(made))
    texts = files.joined(adapters, made, place.stem)
    aside = {name: tensor for adapter in adapters for name, tensor in adapter.aside.items()}
    new = files.retyped(replace(first, modules=made, metadata=texts, aside=aside), first.dtype)
    lines = report.lines(settings.verbose) if report.modules else [_ranks(made)]
    path = files.write(place, new, settings.precision)
    return Outcome((files.saved(path), *lines), made=path)


TOOL = Tool(
    "merge-adapters",
    Words("Merge adapters with each other", "アダプター同士をマージ"),
    MergeAdaptersSettings,
    "core.tools.merge_adapters:run",
    Card(
        Words(
            "Makes one LoRA that does what several do together, each at its strength.",
            "複数のアダプターをそれぞれの強さで合わせ、1つのLoRAにします。",
        ),
        Words("Merge", "マージ"),
        output="target",
        folder="models",
        offers="network.weights",
        is_kept=False,
    ),
)


def opened(
    paths: Sequence[str], strengths: str | None, family: str = ""
) -> tuple[list[Adapter], list[float]]:
    """The adapters and their strengths. family: of the model that they are for, "" for any.

    Raises UserError when there is none, or not a strength for each.
    """
    from core.tools import adapter_files as files

    if not paths:
        raise UserError(messages.ADAPTERS_NONE())
    try:
        numbers = [1.0] * len(paths) if strengths is None else [*block_lists.numbers(strengths)]
    except ValueError:
        raise UserError(messages.ADAPTERS_NUMBERS(strengths=strengths)) from None
    if len(numbers) != len(paths):
        raise UserError(messages.ADAPTERS_STRENGTHS(strengths=len(numbers), adapters=len(paths)))
    return [files.read(Path(path), "adapters", family) for path in paths], numbers


def needed_base(adapters: Sequence[Adapter], path: str | None, family: str) -> Base | None:
    """The base model, where one is named. Raises UserError when none is named and an adapter needs it."""
    from core.tools import adapter_files as files

    if path:
        base = files.Base(Path(path), family)
        for adapter in adapters:
            base.refuse_misfits(adapter, "base")
        return base
    for adapter in adapters:
        if bent := files.bent(adapter.modules):
            raise UserError(messages.ADAPTER_NEEDS_BASE(path=adapter.path, methods=bent))
    return None


def by_module(
    adapters: Sequence[Adapter], strengths: Sequence[float], base: Base | None
) -> dict[ModuleKey, Added]:
    """What is added to each module. Raises UserError when adapters are for weights of different shapes."""
    added: dict[ModuleKey, Added] = {}
    shapes: dict[ModuleKey, tuple[int, ...]] = {}
    for adapter, strength in zip(adapters, strengths, strict=True):
        for key, module in adapter.modules.items():
            rows, *rest = adapter.shape(key, base)
            flat = rows, math.prod(rest)
            if shapes.setdefault(key, flat) != flat:
                raise UserError(messages.ADAPTER_SHAPES(path=adapter.path, module=adapter.name(key)))
            added.setdefault(key, []).append((module, strength))
    return added


def summed(each: Added, weight: Callable[[], Tensor]) -> Tensor:
    """The change of one module by several adapters, a float32 matrix.

    weight: of the base, where it counts.
    """
    import torch

    from core.tools.adapter_files import is_lora

    if all(is_lora(module) for module, _ in each):  # one product, however many they are
        up, down = _stacked([module for module, _ in each], [strength for _, strength in each])
        return up @ down
    whole: Tensor | None = None
    for module, strength in each:
        method = module.method
        own = method.change(module, torch.empty(0) if method.is_linear else weight()).mul_(strength)
        whole = own if whole is None else whole.add_(own)
    assert whole is not None
    return whole


def _summed(each: Added, key: ModuleKey, base: Base | None, most: int) -> Spectrum:
    from core.adapters import svd
    from core.tools.adapter_files import is_lora

    if all(is_lora(module) for module, _ in each):
        return svd.of_product(*_stacked([module for module, _ in each], [s for _, s in each]))

    def weight() -> Tensor:
        assert base is not None, key
        return base.weight(key)

    return svd.of_matrix(summed(each, weight), most)


def _stacked(modules: Sequence[Adapted], strengths: Sequence[float]) -> tuple[Tensor, Tensor]:
    """up (O, r1 + r2 + ...) with scales and strengths in it, and down (r1 + r2 + ..., I)."""
    import torch

    from core.adapters import svd

    pairs = [svd.product(module) for module in modules]
    ups = [up * strength for (up, _), strength in zip(pairs, strengths, strict=True)]
    return torch.cat(ups, dim=1), torch.cat([down for _, down in pairs])


def _side_by_side(modules: Sequence[Adapted], strengths: Sequence[float], shape: tuple[int, ...]) -> Adapted:
    """One LoRA that is the sum of several exactly; alpha = rank, so that nothing scales it."""
    from core.adapters.methods import Adapted

    up, down = _stacked(modules, strengths)
    outputs, inputs, *kernel = shape
    rank = down.shape[0]
    tensors = {
        "lora_down.weight": down.reshape(rank, inputs, *kernel),
        "lora_up.weight": up.reshape(outputs, rank, *(1 for _ in kernel)),
    }
    return Adapted(tensors, float(rank), rank)


def _refuse_other_methods(adapters: Sequence[Adapter]) -> None:
    from core.tools import adapter_files as files

    for adapter in adapters:
        others = [name for name in files.method_names(adapter.modules) if name != "lora"]
        if others:
            raise UserError(messages.ADAPTER_NO_CONCAT(path=adapter.path, methods=files.written(others)))


def _ranks(modules: dict[ModuleKey, Adapted]) -> Words:
    ranks = sorted(module.rank for module in modules.values())
    span = f"{ranks[0]}" if ranks[0] == ranks[-1] else f"{ranks[0]}-{ranks[-1]}"
    number = len(modules)
    return Words(
        f"{counted(number, 'module')} of rank {span}; the sum is exact",
        f"モジュール{number}個、ランク{span}（和は厳密です）",
        f"{number}个模块，秩{span}；合计是精确的",
    )
