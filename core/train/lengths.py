"""Lengths that an option gives in steps or as a share of the run: the steps that they came to.

A training state keeps them, so that they stay where they were when the run is made longer or shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config.schema.kinds import kind
from core.config.schema.option import Option, steps_of, walk
from core.config.schema.run import RunConfig
from core.data.plan.plan import Plan
from core.errors import Problem
from core.runs.state_folder import Found
from core.train import messages

Lengths = Mapping[str, int]
"""Steps by the option's key, "optimizer.lr_warmup_steps"; options that are not set are left out."""


def lengths(config: RunConfig, total: int, kept: Lengths) -> dict[str, int]:
    """In a run of `total` steps. kept: what the state that is resumed has kept; it wins over a share."""
    found = {}
    for option in _options():
        value = getattr(getattr(config, option.section), option.name)
        if value is not None:
            is_kept = isinstance(value, float) and option.key in kept
            found[option.key] = kept[option.key] if is_kept else steps_of(value, total)
    return found


def kept_in(found: Found, plan: Plan, config: RunConfig) -> dict[str, int]:
    """What a state has kept; of a state that was made before states kept them, what they were then."""
    kept = found.values.get("lengths")
    if kept is not None:
        return dict(kept)
    then = found.values["config"]
    train = {name: then[f"train.{name}"] for name in ("max_train_steps", "max_train_epochs")}
    total = plan.total_steps(config.train.model_copy(update=train))
    given = {option.key: then.get(option.key) for option in _options()}
    return {key: steps_of(value, total) for key, value in given.items() if value is not None}


def unchanged(config: RunConfig, found: Found, kept: Lengths) -> dict[str, int]:
    """Those of the kept lengths whose option still says what it said in the state."""
    then = found.values["config"]
    now = {option.key: getattr(getattr(config, option.section), option.name) for option in _options()}
    return {key: steps for key, steps in kept.items() if key in now and now[key] == then.get(key)}


def stopped_in(found: Found, kept: Lengths) -> bool:
    """Whether the text encoder of a state has stopped learning."""
    if "stopped" in found.values:
        return bool(found.values["stopped"])
    stop = kept.get("train.stop_text_encoder_training")
    return stop is not None and found.step > stop


def settled(config: RunConfig, steps: Lengths) -> RunConfig:
    """The run's options with these lengths in steps."""
    changed: dict[str, dict[str, Any]] = {}
    for key, value in steps.items():
        section, _, name = key.partition(".")
        changed.setdefault(section, {})[name] = value
    sections = {name: getattr(config, name).model_copy(update=update) for name, update in changed.items()}
    return config.model_copy(update=sections)


def moved(config: RunConfig, total: int, steps: Lengths) -> list[Problem]:
    """A notice for each share that comes to other steps than it would in a new run of `total` steps."""
    notices = []
    for key, fresh in lengths(config, total, {}).items():
        if steps[key] == fresh:
            continue
        section, _, name = key.partition(".")
        share = f"{100 * getattr(getattr(config, section), name):g}%"
        notices.append(
            messages.SHARE_KEPT(option=name, share=share, steps=steps[key], total=total, fresh=fresh, key=key)
        )
    return notices


def is_due(
    step: int, ended: int, every_steps: int | None, every_epochs: int | None, is_last: bool = False
) -> bool:
    """Whether something regular is due after `step` steps. ended: the epoch that ended with them, else 0."""
    by_step = every_steps is not None and step % every_steps == 0
    return is_last or by_step or (every_epochs is not None and ended > 0 and ended % every_epochs == 0)


def _options() -> list[Option]:
    return [option for option in walk(RunConfig) if kind(option) == "share"]
