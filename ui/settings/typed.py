"""What is said of rates and sample prompts while they are typed: what a run would make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import Lang, UserError
from core.runs import sample_prompts
from ui.parts.markup import problems
from ui.settings.form import Form

RATES = ("train.learning_rate", "train.unet_lr", "train.text_encoder_lr")
PROMPTS = ("sample.sample_prompts",)


def typed_html(form: Form, raw: Mapping[str, Any], lang: Lang, keys: Sequence[str]) -> str:
    """Problems and warnings of these options, "" while there are none."""
    try:
        checked = form.part(raw, "network", "train", "optimizer", "sample", "dataset.resolution")
        remarks = [*checked.notices, *(sample_prompts.problems(checked.config) if keys == PROMPTS else ())]
    except UserError as e:
        remarks = list(e.problems)
    return problems([replace(problem, line=None) for problem in remarks if problem.key in keys], lang)
