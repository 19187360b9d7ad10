"""How a run ended: the last event, in one sentence, from whatever was raised."""

from __future__ import annotations

import errno
import logging
import traceback
from typing import Any

from core import messages
from core.catalog import Words
from core.config import memory_savers
from core.config.schema.dataset import DatasetConfig
from core.config.schema.run import RunConfig
from core.control import StopRun
from core.errors import (
    EXIT_BUG,
    EXIT_DONE,
    EXIT_REFUSED,
    EXIT_RESOURCE,
    EXIT_STOPPED,
    LANGS,
    NumericFault,
    Problem,
    ResourceFault,
    UserError,
)
from core.events import RunEnded
from core.formats import atomic_write

_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "failed to map segment",
    "error return without exception set",  # a C extension that had no memory left for its exception
)
_OUT_OF_THREADS = "can't start new thread"
_OF_ANOTHER_PROCESS = (
    "Connection closed by peer",
    "Connection reset by peer",
    "DistBackendError",
    "DistNetworkError",
    "DistStoreError",
    "remote process exited",
)
_OF_THE_GPU = ("CUDA error", "AcceleratorError", "CUDNN_STATUS", "CUBLAS")


STOPPED = Words("Stopped at step {step}", "{step}ステップで停止しました。")
STOPPED_MODEL = Words("; the model of this step is {model}", "このステップのモデル：{model}")
STOPPED_STATE = Words("; resume from the state {state}", "\n再開用の学習状態：{state}")
BUG = Words(
    "The run failed through an internal error ({fault}); details are in log.txt in the run folder.",
    "プログラム内部のエラーにより失敗しました（{fault}）。詳細は実行フォルダーのlog.txtにあります。",
)


def done(step: int, early: Problem | None = None) -> RunEnded:
    """A run that came to its end. early: why that came before the last step."""
    if early is None:
        return _ended("done", EXIT_DONE, step, Words("Done.", "完了しました。"))
    en, ja, zh = early.words
    return _ended("done", EXIT_DONE, step, Words(en[:1].upper() + en[1:], ja, zh), code=early.code)


def unreported() -> RunEnded:
    """The end of a run that could not even say why it ended: only without any memory left."""
    return _ended("failed", EXIT_RESOURCE, 0, Words("Memory ran out.", "メモリが足りません。"), code="E-OOM")


def _ended(status: str, exit_code: int, step: int, words: Words, **more: Any) -> RunEnded:
    return RunEnded(status, exit_code, step, words.en, words.ja, zh=words.of("zh"), **more)


def of(error: BaseException, step: int, state_path: str = "", model_path: str = "") -> RunEnded:
    """The end of a run that raised `error`. Nothing of the exception is kept but text and plain facts.

    state_path, model_path: the newest training state and model, or "".
    """
    if isinstance(error, StopRun):
        return _stopped(error, step, state_path, model_path)
    if isinstance(error, UserError):
        status = "refused" if error.exit_code == EXIT_REFUSED else "failed"
        words = Words(*("\n".join(p.text(lang) for p in error.problems) for lang in LANGS))
        facts = error.facts if isinstance(error, NumericFault) else {}
        if facts:
            step = facts["step"] - 1  # on a GPU the run may have gone on before it was found out
        code = error.problems[0].code
        return RunEnded(status, error.exit_code, step, *words[:2], code=code, facts=facts, zh=words.zh)
    message = "".join(traceback.format_exception(error))
    problem = resource_problem(error)
    if problem is None:
        return _bug(step, message)
    logging.getLogger(__name__).warning("the run failed\n%s", message)
    en, ja, zh = (problem.text(lang) for lang in LANGS)
    return RunEnded("failed", EXIT_RESOURCE, step, en, ja, message, problem.code, zh=zh)


def _stopped(stop: StopRun, step: int, state_path: str, model_path: str) -> RunEnded:
    words = [STOPPED]
    if stop.save and model_path:
        words.append(STOPPED_MODEL)
    if stop.save and state_path:
        words.append(STOPPED_STATE)
    facts = {"step": step, "model": model_path, "state": state_path}
    en, ja, zh = ("".join(part.of(lang) for part in words).format(**facts) for lang in LANGS)
    return RunEnded("stopped", EXIT_STOPPED, step, en if stop.save and state_path else f"{en}.", ja, zh=zh)


def as_user_error(error: BaseException) -> UserError | None:
    """The ResourceFault that says what ran out; None when `error` is nothing of the kind."""
    if isinstance(error, UserError):
        return error
    problem = resource_problem(error)
    return None if problem is None else ResourceFault(problem)


def resource_problem(error: BaseException) -> Problem | None:
    """Out of memory, threads or disk, a drive, GPU or other process that failed; None for anything else."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno in atomic_write.FULL:
        return messages.DISK_FULL(path=_path_of(error))
    if _is_out_of_memory(error, text):
        # Of what run it was is not known here.
        usual = RunConfig(dataset=DatasetConfig(train_batch_size=2))
        helping = memory_savers.in_order([*memory_savers.savers(usual)])
        return messages.OUT_OF_MEMORY(savers=helping)
    if _OUT_OF_THREADS in text:
        return messages.OUT_OF_THREADS()
    if any(words in text for words in _OF_ANOTHER_PROCESS):
        return messages.PROCESS_LOST()
    if any(word in text for word in _OF_THE_GPU):
        return messages.GPU_FAULT(reason=str(error).strip().splitlines()[0])
    if isinstance(error, OSError) and error.errno is not None:
        path, reason = _path_of(error), error.strerror or str(error)
        return messages.DISK_FAULT(path=path, file=path or Words("a file", "ファイル"), reason=reason)
    return None


def _is_out_of_memory(error: BaseException, text: str) -> bool:
    if isinstance(error, MemoryError) or "OutOfMemoryError" in text:
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    kinds = (RuntimeError, OSError, ImportError, SystemError)
    return isinstance(error, kinds) and any(words in text.lower() for words in _OUT_OF_MEMORY)


def _path_of(error: OSError) -> str:
    name = error.filename
    return "" if name is None or isinstance(name, int) else str(name)


def _bug(step: int, message: str) -> RunEnded:
    logging.getLogger(__name__).error("the run failed\n%s", message)
    last = message.strip().splitlines()[-1]
    words = Words(*(BUG.of(lang).format(fault=last) for lang in LANGS))
    return _ended("failed", EXIT_BUG, step, words, message=message)
