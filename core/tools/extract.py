"""An adapter from two models: what a tuned model differs by from its base, to a rank."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from core.catalog import SAVE_PRECISIONS, Words
from core.config.schema.option import Choice, Section, opt
from core.errors import UserError
from core.tools import messages
from core.tools.adapter_sizes import Rank, RankSettings, Report, sizing
from core.tools.resize_adapter import TargetSettings
from core.tools.tool import Card, Outcome, Tool, Work

if TYPE_CHECKING:
    from torch import Tensor

    from core.adapters.methods import Adapted
    from core.adapters.targets import ModuleKey
    from core.models.family import Model
    from core.tools.adapter_files import Base


class ModelsSettings(Section):
    """The two models."""

    base: str = opt(
        ...,
        ("Base model", "元モデル"),
        ("The model that the other one was made from.", "もう一方のモデルのもとになったモデル。"),
        path="file",
    )
    tuned: str = opt(
        ...,
        ("Tuned model", "学習済みモデル"),
        ("What it differs by becomes the LoRA.", "元モデルとの差がLoRAになります。"),
        path="file",
    )


class ExtractSettings(ModelsSettings, TargetSettings, RankSettings):
    """What is extracted, and how closely."""

    conv_rank: Rank | None = opt(
        None,
        ("Rank of convolutions", "畳み込み層のランク"),
        (
            "Of those larger than 1×1. Empty: these are left out.",
            "1×1より大きい畳み込み層のランク。空欄なら対象にしません。",
        ),
        level="advanced",
    )
    min_diff: Annotated[float, Field(ge=0)] = opt(
        0.01,
        ("Smallest difference of a text encoder", "Text Encoderの最小の差"),
        (
            "A text encoder none of whose weights differs by more is left out, as not trained.",
            "どの重みの差もこれ以下のText Encoderは、学習されていないとみなして除きます。",
        ),
        level="advanced",
    )
    clamp_quantile: Annotated[float, Field(gt=0.5, lt=1)] | None = opt(
        None,
        ("Clamp at quantile", "分位点で制限"),
        (
            "Numbers of the matrices beyond this quantile, such as 0.99, are cut off; not counted in "
            "the errors told. Empty: none.",
            "この分位点（例：0.99）を超える値を切り詰めます（表示する誤差には含みません）。"
            "空欄なら行いません。",
        ),
        level="advanced",
    )
    precision: Annotated[str, Choice(SAVE_PRECISIONS)] = opt(
        "fp16", ("Precision", "精度"), ("Of the new file.", "新しいファイルの精度。"), level="advanced"
    )


def run(settings: ExtractSettings, work: Work) -> Outcome:
    """Write the difference of two models as a LoRA.

    Raises UserError when they are not two models of one family and size, or do not differ, NumericFault when
    a number does not fit the precision, StopRun when it is stopped.
    """
    from core.models.family import open_family
    from core.tools import adapter_files as files

    sizing(settings, settings.conv_rank)
    place = files.place(settings.target)
    base = files.Base(Path(settings.base), "", "base")
    tuned = files.Base(Path(settings.tuned), base.family, "tuned")
    model = open_family(base.family).every_module(base.family)
    keys = [*_adapted(model, base, tuned, settings)]
    parts, left_out = _trained(keys, base, tuned, settings.min_diff, work)
    made: dict[ModuleKey, Adapted] = {}
    report = Report()
    keys = [key for key in keys if key.part in parts]
    for done, key in enumerate(keys):
        work.at("decompose", done, len(keys))
        lora = _extracted(key, base, tuned, settings, report)
        if lora is not None:
            made[key] = lora
    work.at("decompose", len(keys), len(keys))
    if not made:
        raise UserError(messages.EXTRACT_SAME(path=settings.tuned, base=settings.base))
    texts = files.new(base.family, tuned.prediction, made, place.stem)
    if tuned.identity.is_zero_terminal:
        texts["ss_zero_terminal_snr"] = "True"
    adapter = files.Adapter(place, model, made, {}, texts, is_peft=False)
    path = files.write(place, adapter, settings.precision)
    return Outcome((files.saved(path), *left_out, *report.lines(settings.verbose)), made=path)


TOOL = Tool(
    "extract",
    Words("Extract an adapter from two models", "2つのモデルからアダプターを抽出"),
    ExtractSettings,
    "core.tools.extract:run",
    Card(
        Words(
            "Makes a LoRA from what a tuned model differs by from its base.",
            "学習済みモデルと元モデルの差からLoRAを作ります。",
        ),
        Words("Extract", "抽出"),
        output="target",
        folder="models",
        offers="network.weights",
        is_kept=False,
    ),
)


def _adapted(model: Model, base: Base, tuned: Base, settings: ExtractSettings) -> Iterator[ModuleKey]:
    """The modules that a LoRA of these ranks is for, as a training has them.

    Raises UserError when the models differ in size.
    """
    from core.adapters.network import describe
    from core.adapters.targets import ModuleKey, Ranks, targets

    conv = settings.conv_rank
    ranks = Ranks(settings.rank, 1.0, conv, 1.0)
    for part in model.spec.adaptable:
        shapes, others = base.shapes(part.name), tuned.shapes(part.name)
        there = [m for m in describe(model.modules[part.name]) if f"{m.path}.weight" in shapes]
        for target in targets(part, there, ranks):
            name = f"{target.path}.weight"
            if others.get(name) != shapes[name]:
                module = f"{part.name}.{target.path}"
                raise UserError(messages.EXTRACT_SHAPES(path=tuned.path, base=base.path, module=module))
            yield ModuleKey(part.name, target.path)


def _trained(
    keys: list[ModuleKey], base: Base, tuned: Base, least: float, work: Work
) -> tuple[set[str], list[Words]]:
    """The parts to extract, and lines about text encoders that differ too little."""
    from core.families import FAMILIES

    parts = dict.fromkeys(key.part for key in keys)
    texts = [part for part in FAMILIES[base.family].names("text") if part in parts]
    left_out: list[Words] = []
    for done, part in enumerate(texts):
        work.at("decompose", done, len(texts))
        own = (key for key in keys if key.part == part)
        if not any(float(_difference(key, base, tuned).abs().max()) > least for key in own):
            del parts[part]
            left_out.append(
                Words(
                    f"{part}: not trained (no weight differs by more than {least:g}), left out",
                    f"{part}：学習されていないため除きました（差はすべて{least:g}以下）",
                    f"{part}：未经训练，已略去（所有差值不超过{least:g}）",
                )
            )
    return {*parts}, left_out


def _difference(key: ModuleKey, base: Base, tuned: Base) -> Tensor:
    """What a weight of the tuned model differs by, float32; with the base's, never more than two copies."""
    return tuned.weight(key).sub_(base.weight(key))


def _extracted(
    key: ModuleKey, base: Base, tuned: Base, settings: ExtractSettings, report: Report
) -> Adapted | None:
    """The LoRA of one module; None where the weights are the same."""
    from core.adapters import svd

    change = _difference(key, base, tuned)
    if not change.any():
        return None
    shape = tuple(change.shape)
    wanted = sizing(settings, settings.conv_rank)(shape)
    lora = report.add(".".join(key), svd.of_matrix(change.flatten(1), wanted.most), wanted, shape)
    if settings.clamp_quantile is not None:
        lora = svd.clamped(lora, settings.clamp_quantile)
    return lora
