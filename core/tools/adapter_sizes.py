"""Ranks that a tool is asked for, and what came of them: shared by the tools that decompose weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from core.catalog import Words
from core.config.schema.option import Choice, Section, opt
from core.counting import counted
from core.errors import UserError
from core.tools.messages import SIZE_SHARE

if TYPE_CHECKING:
    from torch import Tensor

    from core.adapters.methods import Adapted
    from core.adapters.svd import Sizing, Spectrum

WAYS = {
    "fixed": Words("the same for all modules", "すべてのモジュールで同じ"),
    "sv_ratio": Words("by the ratio to the largest singular value", "最大の特異値との比による"),
    "sv_cumulative": Words("by the share of the sum of singular values", "特異値の合計に占める割合による"),
    "sv_fro": Words("by the share of the Frobenius norm", "フロベニウスノルムに占める割合による"),
}
_KINDS = {"fixed": "fixed", "sv_ratio": "ratio", "sv_cumulative": "cumulative", "sv_fro": "frobenius"}
_USUAL = {"fixed": 1.0, "sv_ratio": 10.0, "sv_cumulative": 0.9, "sv_fro": 0.9}
"""Way -> what it keeps unless another number is given."""

Rank = Annotated[int, Field(ge=1, le=4096)]
_NAMED = 5
"""Modules in a report that names only those that lose most."""


class RankSettings(Section):
    """The rank of each module."""

    rank: Rank = opt(
        16,
        ("Rank", "ランク"),
        (
            "Of the new LoRA; where ranks are chosen for each module, the largest one.",
            "新しいLoRAのランク。モジュールごとに決める場合はその上限です。",
        ),
    )
    dynamic_method: Annotated[str, Choice(WAYS)] = opt(
        "fixed",
        ("Rank by module", "モジュールごとのランク"),
        ("How the rank of each module is chosen.", "各モジュールのランクの決め方。"),
        level="advanced",
    )
    dynamic_param: float | None = opt(
        None,
        ("Ratio or share", "比または割合"),
        (
            "Ratio, 10 by default: singular values below the largest / 10 are dropped. Share, 0.9 by "
            "default: between 0 and 1.",
            "比（既定10）：最大の特異値の1/10未満を除きます。割合（既定0.9）：0から1の値。",
        ),
        level="advanced",
        needs="",
    )
    verbose: bool = opt(
        False,
        ("List every module", "全モジュールを表示"),
        ("Rank and share of each module.", "各モジュールのランクと割合を表示します。"),
        level="advanced",
    )


class SizeSettings(RankSettings):
    """The same where convolutions are always among the modules."""

    conv_rank: Rank | None = opt(
        None,
        ("Rank of convolutions", "畳み込み層のランク"),
        ("Of those larger than 1×1. Empty: the same.", "1×1より大きい畳み込み層のランク。空欄なら同じです。"),
        level="advanced",
    )


def sizing(settings: RankSettings, conv_rank: int | None) -> Callable[[tuple[int, ...]], Sizing]:
    """The rank for a weight of a shape. conv_rank: of larger convolutions, None for that of the others.

    Raises UserError when ratio or share is out of range.
    """
    from core.adapters.svd import Sizing

    way = settings.dynamic_method
    keep = _USUAL[way] if settings.dynamic_param is None else settings.dynamic_param
    is_sound = math.isfinite(keep) and (keep > 1 if way == "sv_ratio" else way == "fixed" or 0 < keep <= 1)
    if not is_sound:
        raise UserError(SIZE_SHARE(value=keep))

    def of(shape: tuple[int, ...]) -> Sizing:
        is_convolution = max(shape[2:], default=1) > 1
        most = conv_rank if is_convolution and conv_rank is not None else settings.rank
        return Sizing(most, _KINDS[way], keep)

    return of


@dataclass
class Report:
    """What was kept of the changes of modules: name -> (rank, squared norm of the change, share of the norm).

    before: the largest rank there was, 0 where that is not known.
    """

    before: int = 0
    modules: dict[str, tuple[int, float, float]] = field(default_factory=dict)

    def add(self, name: str, spectrum: Spectrum, sizing: Sizing, shape: tuple[int, ...]) -> Adapted:
        """The LoRA of the rank that a module is to have; told."""
        from core.adapters import svd

        rank = sizing.rank(spectrum.values)
        squared = float(spectrum.values.square().sum())
        self.modules[name] = rank, squared, svd.kept(spectrum.values, rank)
        return svd.lora(spectrum, rank, shape)

    @property
    def share(self) -> float:
        """Of the norm of all changes together."""
        whole = sum(squared for _, squared, _ in self.modules.values())
        kept = sum(squared * share**2 for _, squared, share in self.modules.values())
        return math.sqrt(kept / whole) if whole else 1.0

    def lines(self, is_verbose: bool) -> list[Words]:
        """The ranks and shares in all, and of the modules that lose most or of every one."""
        ranks = sorted(rank for rank, _, _ in self.modules.values())
        span = f"{ranks[0]}" if ranks[0] == ranks[-1] else f"{ranks[0]}-{ranks[-1]}"
        mean, number = f"{sum(ranks) / len(ranks):.1f}", len(ranks)
        en = f"{counted(number, 'module')} of rank {span} (mean {mean})"
        ja = f"モジュール{number}個、ランク{span}（平均{mean}）"
        zh = f"{number}个模块，秩{span}（平均{mean}）"
        if self.before:
            en, ja, zh = (
                f"{en}, before up to {self.before}",
                f"{ja}、元は最大{self.before}",
                f"{zh}，原来最大{self.before}",
            )
        shares = [share for _, _, share in self.modules.values()]
        errors = [error_of(share) for share in shares]
        low, all_of = percent(min(shares)), percent(self.share)
        worst, usual = f"{max(errors):.2g}", f"{sum(errors) / number:.2g}"
        found = [
            Words(en, ja, zh),
            Words(
                f"Kept of the norm of the changes: {all_of} in all, at least {low} per module",
                f"変化量のノルムの保持率：全体で{all_of}、モジュールごとに{low}以上",
                f"变化量范数的保留率：整体{all_of}，各模块不低于{low}",
            ),
            Words(
                f"Relative error per module: largest {worst}, mean {usual}",
                f"モジュールごとの相対誤差：最大{worst}、平均{usual}",
                f"各模块的相对误差：最大{worst}，平均{usual}",
            ),
        ]
        by_share = sorted(self.modules.items(), key=lambda item: item[1][2])
        listed = [*self.modules.items()] if is_verbose else [one for one in by_share if one[1][2] < 0.999]
        for name, (rank, _, share) in listed if is_verbose else listed[:_NAMED]:
            kept = percent(share)
            found.append(
                Words(
                    f"{name}: rank {rank}, {kept} kept",
                    f"{name}：ランク{rank}、保持率{kept}",
                    f"{name}：秩{rank}，保留{kept}",
                )
            )
        return found


def error_of(share: float) -> float:
    """The relative error in the Frobenius norm where this share of the norm is kept."""
    return math.sqrt(max(0.0, 1 - share**2))


def percent(share: float) -> str:
    """One digit behind the point, rounded down: what is not whole is never told as 100 %."""
    return f"{math.floor(share * 1000 + 1e-6) / 10:.1f}%"


def spectrum_of(module: Adapted, weight: Tensor | None, most: int) -> Spectrum:
    """The spectrum of what a module's adapter changes. weight: of the base, None where it plays no part."""
    import torch

    from core.adapters import svd
    from core.adapters.methods import METHODS

    method = module.method
    assert method.is_linear or weight is not None
    if method is METHODS["lora"]:
        return svd.of_product(*svd.product(module))
    return svd.of_matrix(method.change(module, torch.empty(0) if weight is None else weight), most)
