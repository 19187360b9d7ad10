"""An adapter of another rank: the best approximation of each module's change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from core.catalog import SAVE_PRECISIONS, Words
from core.config.schema.option import Choice, Section, opt
from core.errors import UserError
from core.tools.adapter_sizes import Report, SizeSettings, sizing, spectrum_of
from core.tools.messages import ADAPTER_NONLINEAR
from core.tools.tool import Card, Outcome, Tool, Work

if TYPE_CHECKING:
    from core.adapters.methods import Adapted
    from core.adapters.targets import ModuleKey

AS_IT_IS = {"auto": Words("as in the source", "元のまま")}


class SourceSettings(Section):
    """The adapter that is read."""

    source: str = opt(
        ...,
        ("Adapter", "アダプター"),
        ("A LoRA or LyCORIS file; it stays as it is.", "LoRAまたはLyCORISのファイル（変更しません）。"),
        path="file",
    )


class TargetSettings(Section):
    """The file that is written."""

    target: str = opt(
        ...,
        ("Name of the result", "出力名"),
        (
            "A new .safetensors file; its extension may be left out.",
            "新しい.safetensorsファイル。拡張子は省略できます。",
        ),
        path="file",
    )


class PrecisionSettings(Section):
    """How the numbers are written."""

    precision: Annotated[str, Choice(SAVE_PRECISIONS | AS_IT_IS)] = opt(
        "auto",
        ("Precision", "精度"),
        ("Of the new file.", "新しいファイルの精度。"),
        level="advanced",
    )


class ResizeAdapterSettings(SourceSettings, TargetSettings, SizeSettings, PrecisionSettings):
    """What is resized to which ranks."""


def run(settings: ResizeAdapterSettings, work: Work) -> Outcome:
    """Write a LoRA of other ranks.

    Raises UserError when the source can't be read so, NumericFault when a number does not fit the precision,
    StopRun when it is stopped.
    """
    from core.tools import adapter_files as files

    size, place = sizing(settings, settings.conv_rank), files.place(settings.target)
    adapter = files.read(Path(settings.source), "source")
    if bent := files.bent(adapter.modules):
        raise UserError(ADAPTER_NONLINEAR(path=settings.source, key="source", methods=bent))
    report = Report(max(module.rank for module in adapter.modules.values()))
    made: dict[ModuleKey, Adapted] = {}
    for done, (key, module) in enumerate(adapter.modules.items()):
        work.at("decompose", done, len(adapter.modules))
        shape = adapter.shape(key)
        wanted = size(shape)
        made[key] = report.add(adapter.name(key), spectrum_of(module, None, wanted.most), wanted, shape)
    work.at("decompose", len(made), len(made))
    new = files.retyped(replace(adapter, modules=made, metadata=files.carried(adapter, made)), adapter.dtype)
    path = files.write(place, new, settings.precision)
    return Outcome((files.saved(path), *report.lines(settings.verbose)), made=path)


TOOL = Tool(
    "resize-adapter",
    Words("Change an adapter's rank", "アダプターのランクを変更"),
    ResizeAdapterSettings,
    "core.tools.resize_adapter:run",
    Card(
        Words(
            "Makes a smaller LoRA that comes as close to the adapter as its rank allows, and says how "
            "close. LyCORIS files become a plain LoRA.",
            "アダプターを、そのランクで最も近い小さなLoRAにし、どれだけ近いかを示します。"
            "LyCORISは通常のLoRAになります。",
        ),
        Words("Change the rank", "ランクを変更"),
        output="target",
        folder="models",
        offers="network.weights",
        is_kept=False,
    ),
)
