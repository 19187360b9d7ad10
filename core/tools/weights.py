"""What an adapter changes where, and what it was trained with: text with bars, or JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.adapters.targets import block_of
from core.catalog import Words
from core.config.schema.option import Section, opt
from core.counting import counted
from core.tools.merge_adapters import BaseSettings
from core.tools.tool import Outcome, Tool, Work
from core.tools.trained_with import FACT_WORDS
from core.tools.trained_with import of as of_metadata

if TYPE_CHECKING:
    from core.adapters.methods import Adapted
    from core.adapters.targets import ModuleKey
    from core.tools.adapter_files import Adapter, Base

_BAR = 30
_LISTED = 20
"""Layers that are listed unless every one is asked for."""
_TAGS = 10


class WeightsFileSettings(Section):
    """The adapter that is read."""

    file: str = opt(
        ...,
        ("Adapter", "アダプター"),
        ("A LoRA or LyCORIS file.", "LoRAまたはLyCORISのファイル。"),
        path="file",
    )


class WeightsSettings(WeightsFileSettings, BaseSettings):
    """What is looked at, and how it is printed."""

    verbose: bool = opt(
        False,
        ("List every layer", "全層を表示"),
        ("In place of the largest ones.", "大きいものだけでなくすべて表示します。"),
    )
    as_json: bool = opt(False, ("JSON", "JSON"), ("Print JSON.", "JSONで出力します。"), alias="json")


@dataclass(frozen=True)
class Layer:
    """One module. norm: Frobenius norm of its change at strength 1, None where it can't be known."""

    name: str
    part: str
    block: str
    method: str
    rank: int
    scale: float
    norm: float | None


def run(settings: WeightsSettings, work: Work) -> Outcome:
    """Tell of an adapter. Raises UserError when it can't be read, StopRun when it is stopped."""
    # Nothing but JSON is to be printed where that is asked for.
    quiet = Work(control=work.control) if settings.as_json else work
    found, metadata = layers_of(Path(settings.file), settings.base or "", quiet)
    layers = sorted(found, key=lambda layer: -(layer.norm or 0.0))
    if settings.as_json:
        text = json.dumps(_as_json(layers, metadata), ensure_ascii=False, indent=2)
        return Outcome((Words(text, text, text),))
    shown = layers if settings.verbose else layers[:_LISTED]
    lines = [*_summary(layers), *_recipe_lines(metadata), *_block_lines(layers), *_layer_lines(shown)]
    return Outcome(tuple(map(_printable, lines)))


def layers_of(path: Path, base: str = "", work: Work | None = None) -> tuple[list[Layer], Mapping[str, str]]:
    """The modules of an adapter file in its order, and its metadata. base: path of the model, "" for none.

    Raises UserError when it can't be read, StopRun when it is stopped.
    """
    from core.tools import adapter_files as files

    work = work or Work()
    adapter = files.read(path, "file")
    model = files.Base(Path(base), adapter.spec.name) if base else None
    if model is not None:
        model.refuse_misfits(adapter, "base")
    found: list[Layer] = []
    for done, (key, module) in enumerate(adapter.modules.items()):
        work.at("decompose", done + 1, len(adapter.modules))
        found.append(_layer(adapter, key, module, model))
    return found, adapter.metadata


TOOL = Tool(
    "weights",
    Words("Show an adapter's weights", "アダプターの重みを表示"),
    WeightsSettings,
    "core.tools.weights:run",
)


def _layer(adapter: Adapter, key: ModuleKey, module: Adapted, base: Base | None) -> Layer:
    from core.tools import adapter_files as files

    method = module.method
    [name] = files.method_names({key: module})
    if files.is_lora(module):
        norm: float | None = _product_norm(module)
    elif method.is_linear or base is not None:
        norm = _norm(module, key, base)
    else:
        norm = None
    return Layer(
        adapter.name(key), key.part, block_of(key.path), name, module.rank, round(module.scale, 6), norm
    )


def _product_norm(module: Adapted) -> float:
    """|up @ down| without that product, from two r x r matrices."""
    from core.adapters import svd

    up, down = (matrix.double() for matrix in svd.product(module))
    return math.sqrt(max(0.0, float(((up.T @ up) * (down @ down.T)).sum())))


def _norm(module: Adapted, key: ModuleKey, base: Base | None) -> float:
    import torch

    weight = torch.empty(0) if base is None else base.weight(key)
    return float(module.method.change(module, weight).norm())


def by_block(layers: Iterable[Layer]) -> list[tuple[str, float]]:
    """Part and block -> the norm of all its changes together, the largest first."""
    squares: dict[str, float] = {}
    for layer in layers:
        block = f"{layer.part} {layer.block}"
        squares[block] = squares.get(block, 0.0) + (layer.norm or 0.0) ** 2
    found = [(block, math.sqrt(square)) for block, square in squares.items()]
    return sorted(found, key=lambda pair: -pair[1])


def trained_with(metadata: Mapping[str, str]) -> dict[str, str]:
    """What the metadata tells of the training: name of a fact -> its value, of those that are known."""
    training = of_metadata(metadata)
    tags = ", ".join(f"{tag} ({count})" for tag, count in training.tags[:_TAGS])[:400]
    return {**training.facts, **({"tags": tags} if tags else {})}


def _summary(layers: Sequence[Layer]) -> list[Words]:
    from core.tools.adapter_files import written

    counts = Counter(layer.method for layer in layers).most_common()
    methods = ", ".join(f"{written([name])} ({count})" for name, count in counts)
    ranks = sorted({layer.rank for layer in layers})
    scales = sorted({layer.scale for layer in layers})
    span = _span(ranks)
    scale = f"{scales[0]:g}" if len(scales) == 1 else f"{scales[0]:g}-{scales[-1]:g}"
    head = Words(
        f"{counted(len(layers), 'module')}: {methods}; rank {span}, scale {scale}",
        f"モジュール{len(layers)}個：{methods}、ランク{span}、倍率{scale}",
        f"{len(layers)}个模块：{methods}；秩{span}，缩放{scale}",
    )
    norms = [layer.norm for layer in layers if layer.norm is not None]
    if len(norms) < len(layers):  # that of some of them would be taken for that of the adapter
        unknown = Words(
            "The norms of DoRA and OFT need the base model (--base).",
            "DoRAとOFTのノルムには元モデルが必要です（--base）。",
        )
        return [head, unknown]
    whole = f"{math.hypot(*norms):.4g}"
    return [
        Words(
            f"{head.en}, norm of all changes {whole}",
            f"{head.ja}、全変化量のノルム{whole}",
            f"{head.zh}，全部变化量的范数{whole}",
        )
    ]


def _span(numbers: Sequence[int]) -> str:
    return f"{numbers[0]}" if numbers[0] == numbers[-1] else f"{numbers[0]}-{numbers[-1]}"


def _recipe_lines(metadata: Mapping[str, str]) -> list[Words]:
    told = trained_with(metadata)
    head = Words("Trained with", "学習の設定")
    none = Words(
        "The file does not tell what it was trained with.", "学習の設定はファイルに記録されていません。"
    )
    if not told:
        return [none]

    def line(name: str, value: str) -> Words:
        words = FACT_WORDS[name]
        return Words(*(f"  {words.of(lang)}: {value}" for lang in ("en", "ja", "zh")))

    return [head, *(line(name, value) for name, value in told.items())]


def _block_lines(layers: Sequence[Layer]) -> list[Words]:
    if any(layer.norm is None for layer in layers):
        return []
    blocks = by_block(layers)
    most = max(norm for _, norm in blocks) or 1.0
    width = max(len(block) for block, _ in blocks)
    texts = [
        f"  {block:<{width}}  {norm:9.4g}  {'█' * max(1, round(_BAR * norm / most))}"
        for block, norm in blocks
    ]
    return [Words("Norm of the changes by block", "ブロックごとの変化量のノルム"), *(_same(t) for t in texts)]


def _layer_lines(layers: Sequence[Layer]) -> list[Words]:
    texts = [f"  {layer.norm:9.4g}  {layer.name}" for layer in layers if layer.norm is not None]
    return [Words("Largest layers", "変化の大きい層"), *(_same(t) for t in texts)] if texts else []


def _same(text: str) -> Words:
    return Words(text, text, text)


def _printable(words: Words) -> Words:
    """A file's own texts stay within their line, and can't speak to the terminal."""
    texts = (words.of(lang) for lang in ("en", "ja", "zh"))
    return Words(*("".join(c if c.isprintable() else " " for c in text) for text in texts))


def _as_json(layers: Sequence[Layer], metadata: Mapping[str, str]) -> dict[str, object]:
    return {
        "layers": [asdict(layer) for layer in layers],
        "blocks": [{"block": block, "norm": norm} for block, norm in by_block(layers)],
        "trained_with": trained_with(metadata),
    }
