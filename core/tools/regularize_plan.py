"""Regularization images: what is to be generated, and what of it exists already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.catalog import SAMPLERS, Words
from core.config.pydantic_messages import shown
from core.config.schema.dataset_folders import parse_resolution
from core.config.schema.option import Choice, Lines, Section, opt
from core.counting import counted
from core.data.sources.folders import Folder, scan
from core.errors import Problem, UserError
from core.families import FAMILIES, size_step
from core.formats import atomic_write
from core.formats.identify import identify
from core.tools.messages import REG_COUNT, REG_EMPTY_CLASS, REG_MODEL, REG_NO_CLASS, REG_PLACE, REG_SHARED
from core.tools.tool import Card, Tool

FORBIDDEN = '<>:"/\\|?*'
"""Signs that some system allows in no folder's name."""

Side = Annotated[int, Field(ge=size_step(), le=4096, multiple_of=size_step())]


class RegularizeSettings(Section):
    """What is generated, and how."""

    model: str = opt(
        ...,
        ("Base model", "元モデル"),
        ("A file, a Diffusers folder, or a Hub id.", "ファイル、Diffusersフォルダー、またはHubのモデル名。"),
        path="model",
    )
    out: str = opt(
        ...,
        ("Folder", "保存先"),
        (
            "Each prompt gets a folder `1_<class>` in it.",
            "プロンプトごとに「1_クラス」フォルダーを作ります。",
        ),
        path="folder",
    )
    prompt: Lines = opt(
        (),
        ("Prompts, one a line", "プロンプト（1行に1つ）"),
        (
            "Such as frog. Empty: those of the training folders.",
            "例：frog。空欄なら学習用フォルダーのクラス。",
        ),
    )
    count: int | None = opt(
        None,
        ("Number of each", "それぞれの枚数"),
        ("Empty: the guide's rule, repeats × training images.", "空欄ならガイドの式（繰り返し回数×枚数）。"),
        ge=1,
        le=100_000,
    )
    train_data_dir: str | None = opt(
        None,
        ("Training images", "学習用画像"),
        ("Gives the classes and the numbers.", "クラスと枚数を決めるために使います。"),
        path="folder",
    )
    steps: int = opt(
        30,
        ("Sampling steps", "サンプリングステップ数"),
        ("More is slower; 30 is usual.", "多いほど時間がかかります。通常30。"),
        ge=1,
        le=1000,
    )
    negative: str = opt("", ("Negative prompt", "ネガティブプロンプト"), ("May be empty.", "省略できます。"))
    resolution: Annotated[tuple[Side, Side], BeforeValidator(parse_resolution)] | None = opt(
        None, ("Size", "サイズ"), ("By default the model's own.", "省略時はモデル本来のサイズ。")
    )
    sampler: Annotated[str, Choice(SAMPLERS)] = opt(
        "ddim",
        ("Sampler", "サンプラー"),
        ("How images are denoised.", "ノイズ除去の方法。"),
        level="advanced",
    )
    scale: float = opt(
        7.5,
        ("Guidance scale", "CFGスケール"),
        ("How closely images follow the prompt; 7.5 is usual.", "プロンプトに従う強さ。通常7.5。"),
        level="advanced",
        ge=-1000,
        le=1000,
    )
    seed: int = opt(
        0,
        ("Seed", "シード"),
        ("Of the first image; the next has the next.", "最初の画像のシード。次の画像は1ずつ増えます。"),
        level="advanced",
        ge=0,
        lt=2**32,
    )
    batch: int = opt(
        1,
        ("Batch size", "バッチサイズ"),
        ("Images generated at once.", "同時に生成する枚数。"),
        level="advanced",
        ge=1,
        le=64,
    )


@dataclass(frozen=True)
class ClassPlan:
    """The images of one class. missing: seeds that do not exist yet."""

    prompt: str
    folder: Path
    count: int
    missing: tuple[int, ...]


def plan(settings: RegularizeSettings) -> tuple[ClassPlan, ...]:
    """What there is to generate, and what exists. Raises UserError for settings that can't be meant."""
    problems = [*_problems(settings)]
    if problems:
        raise UserError(*problems)
    atomic_write.refuse_below_file(Path(settings.out) / "1")
    plans = []
    for prompt, count in _counts(settings).items():
        folder = Path(settings.out) / _folder_name(prompt)
        seeds = range(settings.seed, settings.seed + count)
        missing = tuple(seed for seed in seeds if not image_path(folder, seed).exists())
        plans.append(ClassPlan(prompt, folder, count, missing))
    return tuple(plans)


def image_path(folder: Path, seed: int) -> Path:
    """Where the image of a seed is saved."""
    return folder / f"{seed:06d}.png"


def hint(values: Mapping[str, Any]) -> Words | None:
    """The guide's number of images from the training folders as they are; None without any."""
    parent = values.get("train_data_dir")
    try:
        folders = scan(Path(parent), is_reg=False).folders if parent else ()
    except UserError:
        return None
    sums = " + ".join(f"{folder.repeats} × {len(folder.images)}" for folder in folders if folder.images)
    total = sum(map(_size, folders))
    if not total:
        return None
    en = f"The guide's rule gives {counted(total, 'image')}: {sums}."
    return Words(en, f"ガイドの式では{total}枚になります：{sums}", f"按指南的公式需要{total}张：{sums}")


TOOL = Tool(
    "regularize",
    Words("Generate regularization images", "正則化画像を生成"),
    RegularizeSettings,
    "core.tools.regularize:run",
    Card(
        Words(
            "The base model (Model tab) generates images of the class, so that training keeps the class as "
            "it is. Existing images are kept: after a stop, start again to do the rest.",
            "モデルタブの元モデルでクラスの画像を生成します。"
            "学習後もクラス全体を元のまま保つために使います。"
            "すでにある画像はそのまま使うので、停止してももう一度実行すれば残りを生成します。",
        ),
        Words("Generate", "画像を生成"),
        output="out",
        folder="datasets/reg",
        is_named=False,
        takes={
            "model": "model.base",
            "train_data_dir": "dataset.train_data_dir",
            "resolution": "dataset.resolution",
        },
        fills="dataset.reg_data_dir",
        hint=hint,
        group="images",
    ),
    on_gpu=True,
)


def _folder_name(prompt: str) -> str:
    return f"1_{''.join(' ' if c in FORBIDDEN else c for c in prompt).strip(' .')}"


def _counts(settings: RegularizeSettings) -> dict[str, int]:
    """Images of each class. Raises UserError for training folders that can't be read.

    By the guide: repeats x images of the training folders, so that an epoch has as many of both. A class gets
    those of the folders whose words end with it; one that no folder names gets its share of all.
    """
    scanned = scan(Path(settings.train_data_dir), is_reg=False) if settings.train_data_dir else None
    errors = [problem for problem in scanned.problems if problem.is_error] if scanned else []
    if errors:
        raise UserError(*errors)
    folders = [folder for folder in scanned.folders if folder.images and folder.prompt] if scanned else []
    # "sls frog" -> "frog": what follows the identifier.
    classes = (folder.prompt.partition(" ")[2].strip() or folder.prompt for folder in folders)
    prompts = settings.prompt or tuple(dict.fromkeys(classes))
    if settings.count is not None:
        return dict.fromkeys(prompts, settings.count)
    total = sum(map(_size, folders))
    counts = {}
    for prompt in prompts:
        own = sum(_size(f) for f in folders if f"_{f.prompt}".endswith((f" {prompt}", f"_{prompt}")))
        counts[prompt] = own or -(-total // len(prompts))
    return counts


def _size(folder: Folder) -> int:
    return folder.repeats * len(folder.images)


def _problems(settings: RegularizeSettings) -> Iterator[Problem]:
    train = settings.train_data_dir
    if not settings.prompt and not train:
        yield REG_NO_CLASS()
    if any(not prompt.strip(f" .{FORBIDDEN}") for prompt in settings.prompt):
        yield REG_EMPTY_CLASS()
    if settings.count is None and not train:
        yield REG_COUNT()
    # Images that would be trained as the subject, and those that would be generated over one another.
    if train and os.path.realpath(train) == os.path.realpath(settings.out):
        yield REG_PLACE(path=settings.out, train=train)
    first: dict[str, str] = {}
    for prompt in dict.fromkeys(settings.prompt):
        folder = _folder_name(prompt)
        other = first.setdefault(folder.casefold(), prompt)
        if other != prompt:
            yield REG_SHARED(one=shown(other), other=shown(prompt), folder=folder)
    if Path(settings.model).exists():
        identity = identify(Path(settings.model))
        if not identity.problems and (identity.kind != "model" or identity.family not in FAMILIES):
            yield REG_MODEL(path=settings.model)
