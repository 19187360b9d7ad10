"""Going on from a training state: which one it is, and whether it fits this run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config.schema import RunConfig
from core.errors import UserError
from core.events import Emit, Warned
from core.train import state_files
from core.train.state_files import Found


def find(config: RunConfig, emit: Emit) -> Found | None:
    """The state to go on from. Raises UserError when a named one is missing or damaged, or all are."""
    resume = config.save.resume
    output_dir = Path(config.save.output_dir)
    if not resume:
        return None
    if resume != state_files.AUTO:
        return state_files.read(Path(resume))
    found, passed_over = state_files.newest(output_dir, config.save.output_name)
    for problem in passed_over:
        emit(Warned(problem.code, problem.en, problem.ja, problem.path))
    if found is None:
        emit(
            Warned(
                "W-RESUME-NONE",
                "there is no state to resume from in the output folder; training starts from the beginning.",
                "出力先フォルダに再開できる学習状態がないため、最初から学習します。",
                str(output_dir),
            )
        )
    return found


def refuse_changes(config: RunConfig, found: Found, identity: Mapping[str, Any]) -> None:
    """Raises UserError when the state was made with other options, pictures or models."""
    problems = state_files.differences(config, identity, found)
    if problems:
        raise UserError(*problems)


def already_finished(found: Found, total: int) -> Warned:
    """Said when the state is of the last step."""
    return Warned(
        "W-ALREADY-DONE",
        f"already finished ({found.step}/{total} steps); set more steps to train on.",
        f"すでに完了しています（{found.step}/{total}ステップ）。続ける場合はステップ数を増やしてください。",
        str(found.path),
    )
