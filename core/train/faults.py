"""What is known of a step that went wrong, and how a fault is said with what helps against it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from core.catalog import Words
from core.config import memory_savers
from core.config.rules import usual_rates
from core.errors import Problem, UserError, plain_problem
from core.train.loop import RECENT
from core.train.outputs.state import Progress
from core.train.training import Training

WORSE = 100
"""A loss so many times that of the steps before tells that the weights are spoilt."""


@dataclass(frozen=True)
class BadBatch:
    """The step that went wrong and what it was made from.

    step: good steps before it. images: names of its images; broken: of those whose latents are not finite.
    timesteps: of the samples of this process. rates: learning rate of each group. losses: of the last good
    steps. is_model_sound: whether the weights before it still give a sensible loss on the batch before it.
    """

    step: int
    images: Sequence[str]
    broken: Sequence[str]
    timesteps: Sequence[int]
    rates: Mapping[str, float]
    losses: Sequence[float]
    is_model_sound: bool

    def facts(self) -> dict[str, Any]:
        """As the last event tells them."""
        return {
            "step": self.step + 1,
            "images": [*self.images],
            "broken_images": [*self.broken],
            "timesteps": [*self.timesteps],
            "lr": dict(self.rates),
            "losses": [*self.losses],
        }

    def problem(self, training: Training, is_kept: bool) -> Problem:
        """What went wrong and what helps. is_kept: whether the weights before it could be saved."""
        names = ", ".join(self.images)
        en = (
            f"loss or gradients became NaN, infinite or absurdly large in step {self.step + 1} "
            f"(images: {names}; learning rate {_listed(self.rates)})"
        )
        ja = (
            f"{self.step + 1}ステップ目でlossまたは勾配がNaN・無限大・異常な大きさになりました"
            f"（画像：{names}、学習率：{_listed(self.rates)}）。"
        )
        if is_kept:
            en += f"; the weights of step {self.step} are kept"
            ja += f"{self.step}ステップ目の重みを保持しています。"
        cure = _cure(training, self.broken)
        return plain_problem("E-NUMERIC", f"{en}. {cure.en}", f"{ja}{cure.ja}")


def examine(training: Training, progress: Progress, lost: int) -> BadBatch:
    """Look at the batch of the bad step again. progress: of the last good step. lost: steps taken since."""
    step = progress.step
    recent = [*progress.recent][: len(progress.recent) - lost]
    losses = torch.stack(recent[-RECENT:]).tolist() if recent else []
    images, broken, timesteps = training.pictures_of(step), list[str](), list[int]()
    # An image is gone meanwhile, or memory is: what is known without it is told.
    with contextlib.suppress(UserError, RuntimeError):
        for batch in islice(training.plan.stream(training.position(step)), training.micro_batches(step)):
            found = training.batches.one(batch)
            if found is None:
                continue
            timesteps += found.timesteps.tolist()
            finite = found.latents.flatten(1).isfinite().all(1).tolist()
            own = batch.samples[training.engine.rank :: training.engine.world_size]
            names = [training.plan.images[sample.image].path.name for sample in own]
            broken += [name for name, is_finite in zip(names, finite, strict=True) if not is_finite]
    is_sound = bool(losses) and _gives_a_loss(training, step, max(losses))
    return BadBatch(step, images, broken, timesteps, training.learning_rates(step), losses, is_sound)


def _gives_a_loss(training: Training, step: int, known: float) -> bool:
    """Whether the weights as they are give a sensible loss on the batch of the step before. known: a loss."""
    try:
        batch = next(training.plan.stream(training.position(step - 1)))
        found = training.batches.one(batch)
        with torch.no_grad():
            loss = math.nan if found is None else training.batch_loss(found).item()
    except (UserError, RuntimeError):
        return False
    return loss <= WORSE * known


def _cure(training: Training, broken: Sequence[str]) -> Words:
    if broken:
        names = ", ".join(broken)
        return Words(
            f"The VAE gives no finite numbers for {names}; leave it out, or use another VAE.",
            f"{names}をVAEで変換すると有限でない値になります。この画像を外すか、別のVAEを使ってください。",
        )
    config = training.config
    en, ja = "Lower the learning rate", "学習率を下げる"
    if (usual := usual_rates.of_run(config)) is not None:
        en, ja = f"{en} (usual here: {usual.words.en})", f"{ja}（この設定での目安：{usual.words.ja}）"
    if config.train.precision.endswith("fp16"):
        other = config.train.precision.replace("fp16", "bf16")
        en, ja = f"{en}, use {other} instead of {config.train.precision}", f"{ja}、{other}を使う"
    return Words(f"{en}, or look at these images.", f"{ja}、または画像を確認してください。")


def _listed(rates: Mapping[str, float]) -> str:
    """The rates, one number where they are the same."""
    return ", ".join(dict.fromkeys(map(usual_rates.shown, rates.values())))


def out_of_memory(training: Training, step: int, reason: str) -> Problem:
    """Said with what helps, in order. step: the one whose state was kept, 0 when there is none."""
    helping = [*memory_savers.savers(training.config)]
    fitting = memory_savers.in_order([s for s in helping if memory_savers.can_resume_with(s[0])])
    listed = memory_savers.in_order(helping)
    en = f"memory ran out ({reason}). Try, in this order: {listed.en}."
    ja = f"メモリが不足しました（{reason}）。次の順に試してください：{listed.ja}。"
    if step:
        en += f" The state of step {step} is kept"
        ja += f"{step}ステップ目の学習状態を保持しています"
        if fitting.en:
            en += f"; it can be resumed with {fitting.en}"
            ja += f"（{fitting.ja}は変更しても再開できます）"
        en += ". After any other of these changes it needs resume_anyway, and the result is not exact."
        ja += "。ほかの変更後に再開するにはresume_anywayが必要で、結果は厳密には一致しません。"
    return plain_problem("E-OOM", en, ja)
