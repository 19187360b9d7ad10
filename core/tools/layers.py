"""Which layers the adapter of a run file would be put on: how many, where, how large; text or JSON."""

from __future__ import annotations

import json
from pathlib import Path

from core.catalog import Words
from core.config import check
from core.config.schema.option import Section, opt
from core.counting import counted, size_text
from core.errors import UserError
from core.families import FAMILIES
from core.forecast import architecture, layers
from core.forecast.layers import Layers
from core.tools import messages
from core.tools.tool import Outcome, Tool, Work

_LISTED = 10
"""Names of each kind unless every one is asked for."""


class LayersSettings(Section):
    """What is looked at, and how it is printed."""

    file: str = opt(
        ...,
        ("Run file", "設定ファイル"),
        ("A run file (.toml) that trains an adapter.", "アダプターを学習する設定ファイル（.toml）。"),
        path="file",
    )
    verbose: bool = opt(
        False,
        ("List every layer", "全層を表示"),
        ("In place of the first ones.", "最初の数個だけでなくすべて表示します。"),
    )
    as_json: bool = opt(False, ("JSON", "JSON"), ("Print JSON.", "JSONで出力します。"), alias="json")


def run(settings: LayersSettings, work: Work) -> Outcome:
    """Tell of the layers. Raises UserError when the file is no sound run of an adapter."""
    config = check.load(Path(settings.file), reads_base=True).config
    if not config.network.is_adapter:
        raise UserError(messages.LAYERS_NONE(path=settings.file))
    model = architecture.of_base(config.model.base)
    family = next(iter(FAMILIES)) if config.model.family == "auto" else config.model.family
    found = layers.of(config, model or architecture.of_family(family))
    size = layers.file_bytes(found, config)
    if settings.as_json:
        text = json.dumps(_as_json(found, size), ensure_ascii=False, indent=2)
        return Outcome((Words(text, text, text),))
    lines = [_summary(found, size), *_idle(found), *_blocks(found)]
    most = None if settings.verbose else _LISTED
    names = [layer.name for layer in found.adapted]
    lines += [*_names(_WITH, names, most), *_names(_WITHOUT, found.others, most)]
    if model is None:
        known = FAMILIES[family].words
        lines.append(
            Words(
                f"The base model is not on this computer; these are the sizes of {known.en}.",
                f"元モデルがこのコンピューターにないため、{known.ja}の大きさで計算しています。",
                f"基础模型不在本机上，此处按{known.of('zh')}的大小计算。",
            )
        )
    return Outcome(tuple(lines))


TOOL = Tool(
    "layers",
    Words("Show the layers that a run trains", "学習する層を表示"),
    LayersSettings,
    "core.tools.layers:run",
)

_WITH = Words("Layers with an adapter", "アダプターを付ける層")
_WITHOUT = Words("Layers without one", "付けない層")


def _summary(found: Layers, size: int) -> Words:
    number, numbers, file = len(found.adapted), f"{found.numbers:,}", size_text(size)
    return Words(
        f"{counted(number, 'layer')} with an adapter, {numbers} parameters, about {file} in the file",
        f"アダプターを付ける層{number}個、パラメーター{numbers}個、ファイルは約{file}",
        f"{number}个层带适配器，{numbers}个参数，文件约{file}",
    )


def _idle(found: Layers) -> list[Words]:
    return [
        Words(
            f"{key}: {pattern} matches no layer",
            f"{key}：{pattern} に一致する層がありません",
            f"{key}：{pattern} 不匹配任何层",
        )
        for key, pattern in found.idle
    ]


def _blocks(found: Layers) -> list[Words]:
    rows = [(f"{part} {block}", *counts) for (part, block), counts in layers.by_block(found).items()]
    width = max((len(name) for name, _, _ in rows), default=0)
    texts = [f"  {name:<{width}}  {count:4}  {numbers:13,}" for name, count, numbers in rows]
    head = Words("Layers and parameters by block", "ブロックごとの層の数とパラメーター数")
    return [head, *(Words(text, text, text) for text in texts)] if texts else []


def _names(title: Words, names: list[str] | tuple[str, ...], most: int | None) -> list[Words]:
    shown = names[:most]
    lines = [title, *(Words(*(f"  {name}",) * 3) for name in shown)]
    left = len(names) - len(shown)
    if left:
        lines.append(Words(f"  and {counted(left, 'other')}", f"  ほか{left}個", f"  以及其他{left}个"))
    return lines if names else []


def _as_json(found: Layers, size: int) -> dict[str, object]:
    return {
        "parameters": found.numbers,
        "bytes": size,
        "blocks": [
            {"part": part, "block": block, "layers": count, "parameters": numbers}
            for (part, block), (count, numbers) in layers.by_block(found).items()
        ],
        "layers": [
            {
                "name": layer.name,
                "rank": layer.target.rank,
                "alpha": layer.target.alpha,
                "parameters": layer.numbers,
            }
            for layer in found.adapted
        ],
        "others": [*found.others],
        "idle_patterns": [{"option": key, "pattern": pattern} for key, pattern in found.idle],
    }
