"""What is said of rates and sample prompts while they are typed: what a run would make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.config import check
from core.config.file import toml_text
from core.errors import Lang, UserError
from core.runs import sample_prompts
from ui.parts.markup import problems
from ui.settings.checking import STANDS_IN
from ui.settings.form import Form

RATES = ("train.learning_rate", "train.unet_lr", "train.text_encoder_lr")
PROMPTS = ("sample.sample_prompts",)

_SECTIONS = ("network", "train", "optimizer", "sample")


def typed_html(form: Form, raw: Mapping[str, Any], lang: Lang, keys: Sequence[str]) -> str:
    """Problems and warnings of these options, "" while there are none."""
    chosen = {k: v for k, v in raw.items() if k.split(".")[0] in _SECTIONS or k == "dataset.resolution"}
    try:
        values = form.collect(chosen) | {"model.base": STANDS_IN, "dataset.train_data_dir": STANDS_IN}
        checked = check.check(toml_text.dumps(values))
        found = [*checked.notices, *(sample_prompts.problems(checked.config) if keys == PROMPTS else ())]
    except UserError as e:
        found = list(e.problems)
    return problems([replace(problem, line=None) for problem in found if problem.key in keys], lang)
