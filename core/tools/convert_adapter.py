"""Adapters converted between the names of files, and from other methods to a plain LoRA."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from core.catalog import ADAPTER_NAMES, Words
from core.config.schema.option import Choice, Section, opt
from core.errors import UserError
from core.tools import messages
from core.tools.adapter_sizes import Report, SizeSettings, sizing, spectrum_of
from core.tools.merge_adapters import BaseSettings, needed_base
from core.tools.resize_adapter import AS_IT_IS, PrecisionSettings, SourceSettings, TargetSettings
from core.tools.tool import Card, Outcome, Tool, Work

if TYPE_CHECKING:
    from core.adapters.methods import Adapted
    from core.adapters.targets import ModuleKey
    from core.tools.adapter_files import Adapter

_METHODS = AS_IT_IS | {"lora": Words("a plain LoRA", "通常のLoRA")}


class FormSettings(Section):
    """What an adapter becomes."""

    names: Annotated[str, Choice(AS_IT_IS, ADAPTER_NAMES)] = opt(
        "auto",
        ("Names in the file", "ファイル内の名前"),
        (
            "Which programs read it. Nothing is lost either way.",
            "読み込むプログラムに合わせます。どちらでも内容は失われません。",
        ),
    )
    method: Annotated[str, Choice(_METHODS)] = opt(
        "auto",
        ("Method", "方式"),
        (
            "A plain LoRA comes as close to LoHa, LoKr, DoRA or OFT as its rank allows.",
            "通常のLoRAは、LoHa・LoKr・DoRA・OFTにランクの許す限り近いものになります。",
        ),
    )


class ConvertAdapterSettings(
    SourceSettings, TargetSettings, FormSettings, SizeSettings, BaseSettings, PrecisionSettings
):
    """What is converted, and to what."""


def run(settings: ConvertAdapterSettings, work: Work) -> Outcome:
    """Write an adapter in other names or as a LoRA.

    Raises UserError when it can't be, NumericFault when a number does not fit the precision, StopRun when it
    is stopped.
    """
    from core.formats import peft_file
    from core.tools import adapter_files as files

    sizing(settings, settings.conv_rank)
    place = files.place(settings.target)
    work.at("decompose", 0, 1)
    adapter = files.read(Path(settings.source), "source")
    report = Report()
    if settings.method == "lora":
        adapter = _as_lora(adapter, settings, work, report)
    is_peft = adapter.is_peft if settings.names == "auto" else settings.names == "diffusers"
    work.at("decompose", len(adapter.modules), len(adapter.modules))
    if is_peft and not all(peft_file.is_nameable(module) for module in adapter.modules.values()):
        methods = files.written(files.method_names(adapter.modules))
        raise UserError(messages.ADAPTER_NO_NAMES(path=settings.source, methods=methods, key="names"))
    texts = files.carried(adapter, adapter.modules) if adapter.metadata else {}
    path = files.write(place, replace(adapter, is_peft=is_peft, metadata=texts), settings.precision)
    lines = report.lines(settings.verbose) if report.modules else []
    return Outcome((files.saved(path), *lines), made=path)


TOOL = Tool(
    "convert-adapter",
    Words("Convert an adapter", "アダプターを変換"),
    ConvertAdapterSettings,
    "core.tools.convert_adapter:run",
    Card(
        Words(
            "Between the names that programs expect in a file, and from LoHa, LoKr, DoRA or OFT to a "
            "plain LoRA. The source stays as it is.",
            "ファイル内の名前の形式を変換したり、LoHa・LoKr・DoRA・OFTを通常のLoRAに変換したりします。"
            "元のファイルは変更しません。",
        ),
        Words("Convert", "変換"),
        output="target",
        folder="models",
        offers="network.weights",
        is_kept=False,
    ),
)


def _as_lora(adapter: Adapter, settings: ConvertAdapterSettings, work: Work, report: Report) -> Adapter:
    """The adapter with every module that is no LoRA made one, in the type of its numbers."""
    from core.tools import adapter_files as files

    size, base = (
        sizing(settings, settings.conv_rank),
        needed_base([adapter], settings.base, adapter.spec.name),
    )
    made: dict[ModuleKey, Adapted] = {}
    for done, (key, module) in enumerate(adapter.modules.items()):
        work.at("decompose", done, len(adapter.modules))
        if files.is_lora(module):
            made[key] = module
            continue
        shape = adapter.shape(key, base)
        wanted = size(shape)
        weight = None if base is None or module.method.is_linear else base.weight(key)
        spectrum = spectrum_of(module, weight, wanted.most)
        lora = report.add(adapter.name(key), spectrum, wanted, shape)
        made[key] = lora._replace(tensors={n: t.to(adapter.dtype) for n, t in lora.tensors.items()})
    return replace(adapter, modules=made, metadata=files.carried(adapter, made))
