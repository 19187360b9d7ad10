"""Judging the models of a run: with what they are compared, and what is drawn for it; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from core.catalog import Words
from core.config.schema.dataset import DatasetConfig
from core.config.schema.option import Lines, Section, opt
from core.data.plan import plan as data_plan
from core.data.sources.folders import scan, single
from core.errors import UserError
from core.patience import Patience
from core.runs.sample_prompts import Prompt
from core.tools import messages, run_models
from core.tools.compare_plan import ModelsSettings
from core.tools.run_models import Lineup
from core.tools.tool import Card, Tool, Work

Kind = Literal["given", "validation", "trained"]

MOST_IMAGES = 200
"""Of those to compare with; of more so many are taken, evenly over all."""


class JudgedRunSettings(Section):
    """The run whose models are judged."""

    run: str = opt(
        ...,
        ("Run", "学習"),
        (
            "Its folder in runs, or the output folder with the name of the run.",
            "runsにある学習のフォルダー、または出力先フォルダーと学習の名前。",
        ),
        path="run",
    )


class ImagesSettings(Section):
    """What its images are compared with, and of what they are drawn."""

    reference: str | None = opt(
        None,
        ("Held-out images", "比較用の画像"),
        (
            "Of the subject, not trained. Empty: the run's validation images, else its training images.",
            "学習に使っていない対象の画像。空欄なら学習時の検証用画像、なければ学習用画像。",
        ),
        path="folder",
    )
    prompt: Lines = opt(
        (),
        ("Prompts of the subject", "対象のプロンプト"),
        ("One a line. Empty: the words of the training folders.", "1行に1つ。空欄なら学習用フォルダーの語。"),
    )
    class_prompt: Lines = opt(
        (),
        ("Prompts of the class", "クラスのプロンプト"),
        (
            "One a line, such as frog. Empty: the class that the folders name.",
            "1行に1つ（例：frog）。空欄ならフォルダー名のクラス。",
        ),
    )
    count: Annotated[int, Field(ge=2, le=256)] = opt(
        8,
        ("Images of each prompt", "プロンプトごとの枚数"),
        (
            "By each model, with the same seeds.",
            "各モデルで同じシードを使って生成します。",
        ),
    )


class JudgeSettings(JudgedRunSettings, ImagesSettings, ModelsSettings):
    """What is judged, on what, and by what."""

    judge: str | None = opt(
        None,
        ("Judge", "判定モデル"),
        (
            "CLIP, DINO or DINOv2: Hub id or folder. Empty: facebook/dinov2-small; for the demo, its own.",
            "CLIP・DINO・DINOv2のHubのモデル名かフォルダー。空欄ならfacebook/dinov2-small（デモでは専用のもの）。",
        ),
        level="advanced",
        path="model",
    )
    as_json: bool = opt(False, ("JSON", "JSON"), ("Print JSON.", "JSONで出力します。"), alias="json")


@dataclass(frozen=True)
class Asked:
    """What is judged. subject, classes: prompts, each with its first seed. count: images of each.

    held_out: images to compare with, and of what kind they are. trained: those the run was trained on.
    """

    lineup: Lineup
    subject: tuple[Prompt, ...]
    classes: tuple[Prompt, ...]
    count: int
    held_out: tuple[Path, ...]
    kind: Kind
    trained: tuple[Path, ...]

    @property
    def steps(self) -> int:
        """Sampling steps of all images."""
        each = sum(prompt.steps for prompt in (*self.subject, *self.classes)) * self.count
        return each * (1 + len(self.lineup.models))


def plan(settings: JudgeSettings, work: Work) -> Asked:
    """What there is to do. Raises UserError for what can't be judged, StopRun."""
    lineup = run_models.of_run(settings.run, settings.most, work)
    assert lineup.config is not None and lineup.run is not None, "a run has both"
    work.may_write(lineup.run.folder)
    dataset = run_models.dataset_of(lineup.config, work)
    trained, validation = _images_of(dataset, lineup.config.train.seed or 0, work)
    held_out, kind = _held_out(settings.reference, trained, validation)
    subjects, classes = run_models.folder_words(dataset)
    subject = run_models.prompts_of(settings.prompt or _written(subjects), lineup)
    subject = subject or run_models.own_prompts(lineup)[:1]
    if not subject:
        raise UserError(messages.JUDGE_PROMPT())
    return Asked(
        lineup,
        subject,
        run_models.prompts_of(settings.class_prompt or _written(classes), lineup),
        settings.count,
        tuple(run_models.spread(held_out, MOST_IMAGES)),
        kind,
        tuple(run_models.spread(trained, MOST_IMAGES)),
    )


def _written(words: Sequence[str]) -> tuple[str, ...]:
    """Words of folders as lines of prompts: what begins with -- would be an option."""
    return tuple(word.replace("--", "- ") for word in words)


def _images_of(dataset: DatasetConfig, seed: int, work: Work) -> tuple[list[Path], list[Path]]:
    """The images that the run is trained on and those it holds out; of each content one."""
    made = data_plan.make(
        dataset,
        seed,
        progress=lambda done, total: work.progress("check_images", done, total),
        patience=Patience(work.control.check_stop),
    )
    held = {made.images[index].content for index in made.validation}
    own = {image.content: image.path for image in made.images if not image.is_reg}
    trained = [path for content, path in own.items() if content not in held]
    return trained, [path for content, path in own.items() if content in held]


def _held_out(
    folder: str | None, trained: Sequence[Path], validation: Sequence[Path]
) -> tuple[Sequence[Path], Kind]:
    """The images to compare with. Raises UserError where there are not two of them."""
    if folder:
        path = Path(folder)
        below = [image for one in scan(path, is_reg=False).folders for image in one.images]
        found = [*single(path, 1, "", is_reg=False).folders[0].images, *below]
        found = [*dict.fromkeys(found)]
        if len(found) < 2:
            raise UserError(messages.JUDGE_FEW(path=path, count=len(found)))
        return found, "given"
    if len(validation) >= 2:
        return validation, "validation"
    if len(trained) < 2:
        raise UserError(messages.JUDGE_NO_IMAGES())
    return trained, "trained"


def seeds_of(prompt: Prompt, count: int) -> tuple[int, ...]:
    """Of its images, the first one its own."""
    return tuple((prompt.seed + n) % 2**32 for n in range(count))


TOOL = Tool(
    "judge",
    Words("Judge the models of a run", "学習のモデルを評価する"),
    JudgeSettings,
    "core.tools.judge:run",
    Card(
        Words(
            "Measures for each saved model how like the subject its images are, and how much of the class is "
            "left as the base model knows it. Suggests the best one.",
            "保存された各モデルについて、画像が対象にどれだけ似ているか、"
            "クラスが元モデルのままどれだけ保たれているかを測り、最もよいモデルを提案します。",
        ),
        Words("Judge", "評価する"),
        left_out=("as_json",),
        is_kept=False,
        group="results",
    ),
    on_gpu=True,
)
