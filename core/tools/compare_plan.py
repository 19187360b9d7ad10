"""Models of a run beside each other: what is drawn, by which models, at which strengths; no torch."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from core.catalog import Words
from core.config.schema import block_lists
from core.config.schema.block_lists import Numbers
from core.config.schema.option import Lines, Section, opt
from core.errors import UserError
from core.models import hub
from core.runs.sample_prompts import Prompt
from core.tools import messages, run_models
from core.tools.run_models import Lineup
from core.tools.tool import Card, Tool, Work
from core.tools.try_settings import STRONGEST

_SEED_COUNT = 2**32


class RunSettings(Section):
    """The run whose models are looked at."""

    run: str | None = opt(
        None,
        ("Run", "学習"),
        (
            "Its folder in runs, or the output folder with the name of the run.",
            "runsにある学習のフォルダー、または出力先フォルダーと学習の名前。",
        ),
        path="run",
    )


class ModelsSettings(Section):
    """Which of its models."""

    most: Annotated[int, Field(ge=1, le=100)] = opt(
        6,
        ("Models at most", "モデルの最大数"),
        ("Evenly over the run, the last one included.", "学習全体から均等に選びます（最後のモデルを含む）。"),
    )


class DrawnSettings(Section):
    """What is drawn."""

    prompt: Lines = opt(
        (),
        ("Prompts, one a line", "プロンプト（1行に1つ）"),
        (
            "With --n, --s, --l, --d as sample prompts have them. Empty: the run's own.",
            "サンプルと同じく--n・--s・--l・--dを付けられます。空欄なら学習時のもの。",
        ),
    )
    strengths: Numbers = opt(
        "0.6,0.8,1",
        ("Strengths", "強さ"),
        (
            "Of adapters, separated by commas.",
            "アダプターの強さ（カンマ区切り）。",
        ),
    )
    count: Annotated[int, Field(ge=1, le=64)] = opt(
        1,
        ("Images of each prompt", "プロンプトごとの枚数"),
        ("Each has the seed after the one before.", "2枚目以降のシードは1ずつ増えます。"),
    )


class FilesSettings(Section):
    """Files by themselves."""

    adapters: Lines = opt(
        (),
        ("Adapters in place of a run", "学習の代わりに比べるアダプター"),
        ("LoRA or LyCORIS files, one per line.", "LoRAまたはLyCORISのファイル（1行に1つ）。"),
        level="advanced",
        path="file",
    )
    base: str | None = opt(
        None,
        ("Base model", "元モデル"),
        ("Of adapters that are named here; a run has its own.", "アダプターを直接指定したときの元モデル。"),
        path="model",
    )


class CompareSettings(RunSettings, DrawnSettings, ModelsSettings, FilesSettings):
    """What is compared, on what, and where that goes."""

    out: str = opt(
        ...,
        ("Folder", "保存先"),
        ("Each comparison gets a new folder in it.", "比較ごとに新しいフォルダーを作ります。"),
        path="folder",
    )

    @model_validator(mode="after")
    def _of_a_run_or_of_files(self) -> Self:
        """Here, so that a comparison of nothing does not wait in a queue only to fail."""
        if bool(self.run) == bool(self.adapters):
            raise UserError(messages.COMPARE_NOTHING())
        return self


@dataclass(frozen=True)
class Comparison:
    """What is drawn. prompts: those of each sheet, of one text. strengths: of adapters, else (1,)."""

    lineup: Lineup
    prompts: tuple[tuple[Prompt, ...], ...]
    strengths: tuple[float, ...]
    folder: Path

    @property
    def total(self) -> int:
        """Images."""
        return sum(map(len, self.prompts)) * (1 + len(self.lineup.models) * len(self.strengths))


def plan(settings: CompareSettings, work: Work) -> Comparison:
    """What there is to draw, and a folder for it that is not there yet. Raises UserError."""
    lineup = _lineup(settings, work)
    strengths = (1.0,) if lineup.is_whole else _strengths(settings.strengths)
    if settings.prompt:
        first = run_models.prompts_of(settings.prompt, lineup)
    else:
        first = run_models.own_prompts(lineup)
    if not first:
        raise UserError(messages.COMPARE_PROMPT())
    sheets: dict[tuple[str, str], dict[Prompt, None]] = {}
    for prompt in first:
        of_text = sheets.setdefault((prompt.text, prompt.negative), {})
        of_text |= dict.fromkeys(_seeds(prompt, settings.count))
    name = lineup.run.name if lineup.run else lineup.models[0].name
    place = free_folder(Path(settings.out), name)
    _refuse_unwritable(place)
    return Comparison(lineup, tuple(map(tuple, sheets.values())), strengths, place)


def free_folder(parent: Path, name: str) -> Path:
    """A folder of this name that is not there yet: frog, frog-2, frog-3."""
    names = [name, *(f"{name}-{n}" for n in range(2, 10_000))]
    return next(place for one in names if not (place := parent / one).exists())


def _refuse_unwritable(folder: Path) -> None:
    """It is made with the first image, so that nothing is left of a comparison that never began."""
    parent = next(place for place in folder.parents if place.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        code = errno.EACCES if parent.is_dir() else errno.ENOTDIR
        raise UserError(messages.COMPARE_FOLDER(path=folder.parent, reason=os.strerror(code)))


def _lineup(settings: CompareSettings, work: Work) -> Lineup:
    if settings.run:
        return run_models.of_run(settings.run, settings.most, work)
    if not settings.base:
        raise UserError(messages.COMPARE_BASE())
    hub.here(settings.base, "base")
    return run_models.of_files(settings.adapters, settings.base)


def _strengths(text: str) -> tuple[float, ...]:
    try:
        found = tuple(dict.fromkeys(block_lists.numbers(text)))
    except ValueError:
        found = ()
    if not found or any(abs(strength) > STRONGEST for strength in found):
        raise UserError(messages.COMPARE_STRENGTHS(most=STRONGEST, given=text[:60]))
    return tuple(strength for strength in found if strength) or (1.0,)


def _seeds(prompt: Prompt, count: int) -> tuple[Prompt, ...]:
    return tuple(replace(prompt, seed=(prompt.seed + n) % _SEED_COUNT) for n in range(count))


TOOL = Tool(
    "compare",
    Words("Compare models of a run", "学習のモデルを見比べる"),
    CompareSettings,
    "core.tools.compare:run",
    Card(
        Words(
            "Images of the same prompts and seeds by each saved model at several strengths, beside those of "
            "the base model, on one sheet for each prompt.",
            "保存された各モデルをいくつかの強さで使い、同じプロンプトとシードの画像を生成します。"
            "元モデルの画像と並べて、プロンプトごとに1枚の一覧にします。",
        ),
        Words("Compare", "比較画像を生成"),
        output="out",
        folder="compared",
        is_named=False,
        takes={"base": "model.base"},
        group="results",
    ),
    on_gpu=True,
)
