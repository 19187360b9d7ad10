"""Going on from a training state: which one it is, and whether it fits this run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config.schema.option import Option, walk
from core.config.schema.run import RunConfig
from core.errors import Message, Problem, UserError
from core.events import Emit, Warned
from core.runs import owned_files, state_folder
from core.runs.state_folder import Found
from core.train import early_stop, messages
from core.train.lengths import Lengths

_IDENTITY: Mapping[str, Message] = {
    "base": messages.BASE_CHANGED,
    "world_size": messages.PROCESSES_CHANGED,
}


def find(config: RunConfig, emit: Emit) -> Found | None:
    """The state to go on from. Raises UserError when a named one is missing or damaged, or all are."""
    resume = config.save.resume
    output_dir = Path(config.save.output_dir)
    if not resume:
        return None
    if resume != state_folder.AUTO:
        return state_folder.read(Path(resume))
    found, passed_over = state_folder.newest(output_dir, config.save.output_name)
    for problem in passed_over:
        emit(Warned(problem))
    if found is None:
        emit(Warned(messages.NO_STATE(path=output_dir)))
    return found


def compare(config: RunConfig, found: Found, plan: str, kept: Lengths, emit: Emit) -> list[str]:
    """Hold the options and the data (the plan's fingerprint) against those of the state.

    kept: the lengths of the state, in steps. Returns what has changed that shapes the weights, by name: with
    resume_anyway that is said, without it UserError is raised.
    """
    is_other_data = found.values["identity"].get("plan") != plan
    changed: list[Problem] = []
    for option, then, now in _changed(config, found, kept):
        if option.meta.on_resume == "data" and not is_other_data:
            continue
        is_rounding = option.meta.on_resume == "rounding"
        message = messages.ROUNDING_CHANGED if is_rounding else messages.OPTION_CHANGED
        changed.append(message(then=then, now=now, key=option.key))
    if is_other_data:
        changed.append(messages.DATA_CHANGED(path=found.path))
    return _judge(config, changed, emit)


def compare_rest(config: RunConfig, found: Found, identity: Mapping[str, Any], emit: Emit) -> list[str]:
    """Hold what else makes a run the same against the state, "base" and "world_size"; as compare does."""
    then = found.values["identity"]
    changed = [_IDENTITY[name](path=found.path) for name, now in identity.items() if then.get(name) != now]
    return _judge(config, changed, emit)


def _changed(config: RunConfig, found: Found, kept: Lengths) -> list[tuple[Option, str, str]]:
    """Options that may not simply change, with their value then and now. Files count by what is in them."""
    now = state_folder.values_of(config)
    then = state_folder.values_of(RunConfig()) | found.values["config"]
    changed = []
    for option in walk(RunConfig):
        before, after = then[option.key], now[option.key]
        if option.meta.on_resume == "free" or option.meta.path or before == after:
            continue
        if kept.get(option.key) == after:
            continue  # the share, written as the steps that it came to
        old, new = (json.dumps(value, ensure_ascii=False) for value in (before, after))
        changed.append((option, old, new))
    return changed


def _judge(config: RunConfig, problems: list[Problem], emit: Emit) -> list[str]:
    """Refuse what is an error, or say it and go on; the names of what was said."""
    errors = [problem for problem in problems if problem.is_error]
    if errors and not config.save.resume_anyway:
        raise UserError(*(problem.framed(messages.SET_BACK) for problem in errors))
    for problem in problems:
        if problem.is_error:
            problem = problem.framed(messages.RESUMED_ANYWAY, code="W-RESUME-ANYWAY")
        emit(Warned(problem))
    return [problem.key or problem.code.removeprefix("E-RESUME-").lower() for problem in errors]


def is_finished(config: RunConfig, found: Found, total: int, emit: Emit) -> bool:
    """Whether there is nothing left to do, which is said: all steps are trained and the result is there.

    A run that was killed after its last step and before its last save has yet to write the result.
    """
    best = early_stop.best_in(found.values)
    is_early = found.step < total and early_stop.is_reached(best, config.train.early_stopping_patience)
    if found.step < total and not is_early:
        return False
    if found.step <= total and not owned_files.has_result(config.save, found):
        emit(Warned(messages.RESULT_MISSING(total=found.step, path=found.path)))
        return False
    if is_early and best is not None:
        emit(Warned(messages.ENDED_EARLY_BEFORE(step=found.step, waited=best.waited, path=found.path)))
        return True
    emit(Warned(messages.ALREADY_DONE(step=found.step, total=total, path=found.path)))
    return True
