"""Adapters merged into a model, weight by weight; the new model has the format of the old one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.catalog import Words
from core.config.schema.option import Section, opt
from core.counting import counted
from core.tools.merge_adapters import AddedSettings, by_module, opened, summed
from core.tools.resize_adapter import PrecisionSettings
from core.tools.tool import Card, Outcome, Tool, Work

if TYPE_CHECKING:
    from torch import Tensor


class ModelSettings(Section):
    """The model that is read, and the one that is written."""

    model: str = opt(
        ...,
        ("Model", "モデル"),
        (
            "A file, or a Diffusers folder; it stays as it is.",
            "ファイル、またはDiffusersフォルダー（変更しません）。",
        ),
        path="file",
    )
    target: str = opt(
        ...,
        ("Name of the result", "出力名"),
        (
            "A new file or folder, of the model's own format.",
            "新しいファイルまたはフォルダー（形式は元のモデルと同じ）。",
        ),
        path="file",
    )


class MergeModelSettings(ModelSettings, AddedSettings, PrecisionSettings):
    """What is merged into what."""


def run(settings: MergeModelSettings, work: Work) -> Outcome:
    """Write the model with the adapters added.

    Raises UserError when they do not go together, NumericFault when a number does not fit the precision,
    ResourceFault when the disk is full, StopRun when it is stopped.
    """
    from core.models.family import Edit, open_family
    from core.tools import adapter_files as files

    source = Path(settings.model)
    place = files.model_place(source, settings.target)
    base = files.Base(source, "", "model")
    adapters, strengths = opened(settings.adapters, settings.strengths, base.family)
    for adapter in adapters:
        base.refuse_misfits(adapter, "adapters")
    by_key = by_module(adapters, strengths, base)
    added = {(key.part, f"{key.path}.weight"): each for key, each in by_key.items()}
    names: dict[str, set[str]] = {}
    for part, name in added:
        names.setdefault(part, set()).add(name)

    def change(part: str, name: str, weight: Tensor) -> Tensor:
        return weight.add_(summed(added[part, name], lambda: weight).reshape(weight.shape))

    def watch(done: int, total: int) -> None:
        work.at("convert", done, total)

    merged = ", ".join(f"{a.path.stem}:{s:g}" for a, s in zip(adapters, strengths, strict=True))
    edit = Edit(names, change, {"modelspec.merged_from": f"{source.stem}, {merged}"})
    family = open_family(base.family)
    path = family.convert(source, base.family, place, "auto", settings.precision, watch, edit)
    number = len(added)
    line = Words(
        f"{counted(number, 'layer')} changed", f"{number}個の層を変更しました", f"已更改{number}个层"
    )
    return Outcome((files.saved(path), line), made=path)


TOOL = Tool(
    "merge-model",
    Words("Merge adapters into a model", "アダプターをモデルにマージ"),
    MergeModelSettings,
    "core.tools.merge_model:run",
    Card(
        Words(
            "Makes a model that does by itself what it does with the adapters, each at its strength.",
            "アダプターをそれぞれの強さで組み込んだモデルを作ります。",
        ),
        Words("Merge", "マージ"),
        output="target",
        folder="models",
        offers="model.base",
        is_kept=False,
        group="models",
    ),
)
