"""What the form's settings come to: the dataset's plan, as the run makes it, and the answer to Check."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import base_family
from core.config.schema import numbers
from core.config.schema.dataset import DatasetConfig
from core.config.schema.train import TrainConfig
from core.data.images.verify import verify
from core.data.plan import as_json, class_words, word_in_captions
from core.data.plan.plan import Plan, make
from core.data.plan.survey import Verify
from core.errors import ConfigError, Lang, Problem, UserError
from core.families import FamilySpec
from core.forecast import disk
from core.models.tokens import count_tokens
from core.patience import MOST_SECONDS, Patience
from core.train import run_checks
from ui.parts.job import Report
from ui.parts.markup import note, problems
from ui.settings.form import Form
from ui.text import say


def seed_of(raw: Mapping[str, Any]) -> int:
    """The seed of the form, or 0: the counts of a plan do not depend on it."""
    return numbers.whole(str(raw.get("train.seed") or 0)) or 0


def planned(
    config: DatasetConfig,
    seed: int,
    report: Report | None = None,
    check: Verify = verify,
    family: FamilySpec | None = None,
) -> Plan:
    """The very plan a run would make. Problems of the data are in it, not raised.

    family: the base model's, None while it is not known.
    """

    def progress(done: int, total: int) -> None:
        if report is not None:
            report("check_images", done, total)

    def waiting(path: Path | None) -> None:
        if report is not None and path is not None:
            report(f"wait:{path}", 0, 1)

    patience = Patience(waiting=waiting, most_seconds=MOST_SECONDS)
    return make(config, seed, progress=progress, check=check, patience=patience, family=family)


def train_config(form: Form, raw: Mapping[str, Any]) -> TrainConfig | None:
    """The form's settings about the length of the run, or None while they do not hold."""
    try:
        return form.part(raw, "train").config.train
    except ConfigError:
        return None


def findings(plan: Plan, limit: int = 75) -> list[Problem]:
    """Problems and notices of a plan, captions that are too long among them."""
    return [*plan.problems, *plan.notices, *as_json.long_captions(plan, count_tokens, limit)]


def check_html(form: Form, raw: Mapping[str, Any], lang: Lang) -> str:
    """Everything wrong with settings and images, or how much will be trained."""
    try:
        _, checked = form.check(raw, lang)
    except UserError as e:
        return problems(e.problems, lang)
    config = checked.config
    family = base_family.of(config.model.base, config.model.family)
    plan = class_words.checked(planned(config.dataset, seed_of(raw), family=family), config.train)
    plan = word_in_captions.checked(plan, config)
    each = plan.steps_per_epoch(config.train.gradient_accumulation_steps)
    steps = plan.total_steps(config.train) if each else 0
    room = disk.problems(config, steps, each or None)
    later = checked.located((*run_checks.problems(config), *room))
    everything = [*checked.notices, *later, *findings(plan, config.model.max_token_length)]
    if any(problem.is_error for problem in everything):
        return problems(everything, lang)
    images = len(plan.trained)
    text = say("run.checked", lang, images=images, steps=steps, epochs=epochs_text(steps, each, lang))
    return note(text, "good") + problems(everything, lang)


def epochs_text(total: int, steps: int, lang: Lang) -> str:
    """How many epochs of `steps` steps so many steps are: "3 epochs", "2.4 epochs", "14 % of an epoch"."""
    if total >= steps and not total % steps:
        return say("epochs.whole", lang, n=total // steps)
    if total < steps:
        return say("epochs.part", lang, n=max(1, round(100 * total / steps)))
    return say("epochs.about", lang, n=f"{total / steps:,.1f}")
