"""Going on from a training state: which one it is, and whether it fits this run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.config.schema.option import Option, walk
from core.config.schema.run import RunConfig
from core.errors import Problem, UserError, plain_problem
from core.events import Emit, Warned
from core.runs import owned_files, state_folder
from core.runs.state_folder import Found
from core.train.lengths import Lengths

BACK = Words(
    "set it back to resume, or set save.resume_anyway: then training goes on, but not exactly",
    "再開するには元に戻してください。save.resume_anywayを有効にすると再開できますが、結果は厳密には一致しません",
)
ANYWAY = Words(
    "training goes on all the same (resume_anyway), so the result is not exactly that of a run in one go",
    "resume_anywayにより続行します。中断せずに学習した場合の結果とは厳密には一致しません",
)
DIGITS = Words(
    "training goes on from its step, but the last digits may differ",
    "同じステップから再開しますが、末尾の桁は異なることがあります",
)


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
        emit(
            Warned(
                plain_problem(
                    "W-RESUME-NONE",
                    "there is no state to resume from in the output "
                    "folder; training starts from the beginning.",
                    "出力先フォルダに再開できる学習状態がないため、最初から学習します。",
                    path=str(output_dir),
                )
            )
        )
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
        code = "W-RESUME-ROUNDING" if option.meta.on_resume == "rounding" else "E-RESUME-OPTION"
        changed.append(
            plain_problem(
                code,
                f"the state was made with {then}, now it is {now}",
                f"学習状態では{then}、今は{now}です",
                key=option.key,
            )
        )
    return _judge(config, [*changed, *([_of_identity("plan", found)] if is_other_data else [])], emit)


def compare_rest(config: RunConfig, found: Found, identity: Mapping[str, Any], emit: Emit) -> list[str]:
    """Hold what else makes a run the same against the state, "base" and "world_size"; as compare does."""
    then = found.values["identity"]
    return _judge(
        config, [_of_identity(name, found) for name, now in identity.items() if then.get(name) != now], emit
    )


def _changed(config: RunConfig, found: Found, kept: Lengths) -> list[tuple[Option, str, str]]:
    """Options that may not simply change, with their value then and now. Files count by what is in them."""
    now = state_folder.values_of(config)
    then = state_folder.values_of(RunConfig()) | found.values["config"]
    changed = []
    for option in walk(RunConfig):
        before, after = then[option.key], now[option.key]
        if option.meta.on_resume == "free" or option.meta.path or before == after:
            continue
        if option.is_share and kept.get(option.key) == after:
            continue  # the share, written as the steps that it came to
        changed.append((option, *(json.dumps(value, ensure_ascii=False) for value in (before, after))))
    return changed


def _judge(config: RunConfig, problems: list[Problem], emit: Emit) -> list[str]:
    """Refuse what is an error, or say it and go on; the names of what was said."""
    errors = [problem for problem in problems if problem.is_error]
    if errors and not config.save.resume_anyway:
        raise UserError(*(_ending_in(problem, BACK) for problem in errors))
    for problem in problems:
        said = _ending_in(problem, ANYWAY if problem.is_error else DIGITS)
        code = "W-RESUME-ANYWAY" if problem.is_error else problem.code
        emit(Warned(plain_problem(code, said.text("en"), said.text("ja"))))
    return [problem.key or problem.code.removeprefix("E-RESUME-").lower() for problem in errors]


def _ending_in(problem: Problem, words: Words) -> Problem:
    return problem.framed(Words("{sentence}; {advice}.", "{sentence}。{advice}。"), advice=words)


def _of_identity(name: str, found: Found) -> Problem:
    words = _IDENTITY[name]
    return plain_problem("E-RESUME-" + name.upper(), words.en, words.ja, path=str(found.path))


_IDENTITY: Mapping[str, Words] = {
    "plan": Words(
        "images, captions, sizes or batches are not the ones this state was trained on",
        "画像・キャプション・サイズ・バッチのいずれかが、この学習状態のものと異なります",
    ),
    "base": Words(
        "the base model is not the one this state was trained on",
        "元モデルが、この学習状態のものと異なります",
    ),
    "world_size": Words(
        "this state was trained with another number of processes",
        "この学習状態とはプロセス数が異なります",
    ),
}


def is_finished(config: RunConfig, found: Found, total: int, emit: Emit) -> bool:
    """Whether there is nothing left to do, which is said: all steps are trained and the result is there.

    A run that was killed after its last step and before its last save has yet to write the result.
    """
    if found.step < total:
        return False
    if found.step == total and not owned_files.has_result(config.save, found):
        emit(
            Warned(
                plain_problem(
                    "W-RESUME-RESULT",
                    f"all {total} steps were trained before, but the result is not there; it is saved now.",
                    f"{total}ステップの学習は済んでいますが結果のモデルがないため、いま保存します。",
                    path=str(found.path),
                )
            )
        )
        return False
    emit(
        Warned(
            plain_problem(
                "W-ALREADY-DONE",
                f"already finished ({found.step}/{total} steps); set more steps to train on.",
                f"すでに完了しています（{found.step}/{total}ステップ）。続ける場合はステップ数を増やしてください。",
                path=str(found.path),
            )
        )
    )
    return True


def still_stopped(found: Found) -> Warned:
    """Said when the options would have the text encoder learn, and in the state it has stopped."""
    return Warned(
        plain_problem(
            "I-RESUME-STOPPED",
            f"the text encoder had stopped learning in this state of step {found.step}; it stays as it is.",
            f"この学習状態（{found.step}ステップ）ではText "
            "Encoderの学習が終わっているため、以後も学習しません。",
            path=str(found.path),
        )
    )
