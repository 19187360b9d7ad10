"""Trying a result: what is generated with it, and how. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

from core.catalog import SAMPLERS
from core.config.schema.dataset_folders import parse_resolution
from core.config.schema.model import ModelConfig
from core.config.schema.option import Choice, Section, opt
from core.config.schema.train import TrainConfig
from core.families import size_step

Side = Annotated[int, Field(ge=64, le=4096, multiple_of=size_step())]
MOST_IMAGES = 8
STRONGEST = 4.0


class TrySettings(Section):
    """What is generated, and how."""

    prompt: str = opt(
        ...,
        ("Prompt", "プロンプト"),
        (
            "What the image shows; write the words it was trained with.",
            "画像の内容。学習に使った語を入れます。",
        ),
    )
    negative: str = opt(
        "",
        ("Negative prompt", "ネガティブプロンプト"),
        ("What to avoid. May be empty.", "避けたい内容。省略可。"),
    )
    strength: float = opt(
        1.0,
        ("LoRA strength", "LoRAの強さ"),
        ("1 is as trained, 0 the base model alone.", "1は学習したまま、0は元モデルのみ。"),
        ge=-STRONGEST,
        le=STRONGEST,
    )
    seed: int | None = opt(
        None,
        ("Seed", "シード"),
        (
            "The same seed gives the same image. Empty: a random one.",
            "同じシードなら同じ画像。空欄ならランダム。",
        ),
        ge=0,
        lt=2**32,
    )
    resolution: Annotated[tuple[Side, Side], BeforeValidator(parse_resolution)] | None = opt(
        None,
        ("Size", "サイズ"),
        ("512, or width,height. Empty: as trained.", "512、または幅,高さ。空欄なら学習時のサイズ。"),
    )
    steps: int = opt(
        30,
        ("Sampling steps", "サンプリングステップ数"),
        ("More is slower; 20 to 30 are usual.", "多いほど時間がかかります。通常20〜30。"),
        ge=1,
        le=1000,
    )
    scale: float = opt(
        7.5,
        ("Guidance scale", "CFGスケール"),
        ("How closely the prompt is followed; 5 to 8 are usual.", "プロンプトに従う強さ。通常5〜8。"),
        ge=-1000,
        le=1000,
    )
    sampler: Annotated[str, Choice(SAMPLERS)] = opt(
        "ddim", ("Sampler", "サンプラー"), ("How images are denoised.", "ノイズ除去の方法。")
    )
    count: int = opt(
        1,
        ("Number of images", "枚数"),
        ("Each has the seed after the one before.", "2枚目以降のシードは1ずつ増えます。"),
        ge=1,
        le=MOST_IMAGES,
    )


class TaughtWord(NamedTuple):
    """A word that was taught as vectors of its own, and the file that holds them."""

    text: str
    path: Path


@dataclass(frozen=True)
class Source:
    """What generates. model, train: as the run file says. lora: a file that is added, None for a whole model.

    size: (width, height) in pixels where none is asked for. word: that the model reads by a run's vectors.
    """

    model: ModelConfig
    train: TrainConfig
    size: tuple[int, int]
    lora: Path | None = None
    word: TaughtWord | None = None


@dataclass(frozen=True)
class Shot:
    """Images with one source. strength: of its LoRA; without one it says nothing."""

    source: Source
    strength: float = 1.0
