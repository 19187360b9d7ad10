"""One run at a time, on a worker thread that no page owns."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import random
import re
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from core import alive, sheet
from core.config import toml_io
from core.config.check import check
from core.config.schema import RunConfig
from core.control import RunControl, StopRun
from core.errors import (
    EXIT_BUG,
    EXIT_DONE,
    EXIT_REFUSED,
    EXIT_RESOURCE,
    EXIT_STOPPED,
    Problem,
    ResourceFault,
    UserError,
)
from core.events import Emit, Event, EventLog, RunEnded, Saved, StageProgress, StepDone, Warned
from core.sinks import JsonLines, Sink, TensorBoard
from core.train import names
from core.train.state_files import resume_seed

Train = Callable[[RunConfig, Path, RunControl, Emit], None]


class RunHandle:
    """A run seen from outside: its events, its state and the way to steer it. Safe from any thread."""

    def __init__(self, config: RunConfig, folder: Path, notices: Sequence[Problem]) -> None:
        self.config = config
        self.folder = folder
        self.notices = tuple(notices)
        self.log = EventLog()
        self.control = RunControl()
        self.started = time.time()
        self.step = 0
        self._ended = threading.Event()

    @property
    def status(self) -> str:
        """starting, running, pausing, paused, stopping; then how it ended: done, stopped, refused, failed."""
        end = self.ended
        if end is not None:
            return end.status
        if self.control.is_stopping:
            return "stopping"
        if self.control.is_paused:
            return "paused" if self.control.is_waiting else "pausing"
        return "running" if self.step else "starting"

    @property
    def ended(self) -> RunEnded | None:
        """The last event once the run is over and its memory given back."""
        if not self._ended.is_set():
            return None
        last = self.log.since(len(self.log) - 1)[-1]
        return last if isinstance(last, RunEnded) else None

    @property
    def is_over(self) -> bool:
        return self._ended.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; False when it has not come in time."""
        return self._ended.wait(seconds)

    def mark_over(self) -> None:
        """Said by the worker when nothing of the run is left in memory."""
        self._ended.set()


class Runner:
    """Starts runs, never two at once."""

    def __init__(self, train: Train | None = None) -> None:
        self._train = train or _train_in_core
        self._lock = threading.Lock()
        self.current: RunHandle | None = None

    def start(
        self, text: str, overrides: Sequence[str] = (), sinks: Sequence[Sink] = (), start_number: int = 0
    ) -> RunHandle:
        """Check a run file and train it on a worker thread.

        Raises ConfigError when the text does not pass, UserError (E-RUN-BUSY) while another run lives.
        """
        checked = check(text, overrides)
        with self._lock:
            if self.current is not None and not self.current.is_over:
                raise UserError(
                    Problem(
                        "E-RUN-BUSY",
                        "a run is under way; stop it first, or wait for its end.",
                        "学習を実行中です。停止するか、終わるまでお待ちください。",
                    )
                )
            config = with_seed(checked.config)
            notices = (*checked.notices, *_results_there(config))
            handle = RunHandle(config, _folder_of_this_process(config), notices)
            self.current = handle
        toml_io.write(handle.folder / "run.toml", toml_io.dumps(toml_io.values_of(config)))
        worker = threading.Thread(
            target=self._work, args=(handle, list(sinks)), name="rareword-run", daemon=False
        )
        worker.start()
        return handle

    def _work(self, handle: RunHandle, sinks: list[Sink]) -> None:
        """The worker thread: train, say how it ended, give the memory back."""
        log_file = logging.FileHandler(handle.folder / "log.txt", encoding="utf-8")
        log_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(log_file)
        emit = _Emitter(handle, sinks)
        working = contextlib.ExitStack()
        working.enter_context(alive.held(handle.folder))
        try:
            emit.open(JsonLines, handle.folder / "events.jsonl")
            if handle.config.log.logging_dir and is_main_process():
                stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(handle.started))
                emit.open(
                    TensorBoard,
                    Path(handle.config.log.logging_dir) / f"{handle.config.log.log_prefix or ''}{stamp}",
                )
            for notice in handle.notices:
                emit(Warned(notice.code, notice.text("en"), notice.text("ja")))
            ending = _ending(self._train, handle, emit)
            give_memory_back()
            _draw_sheet(handle, emit)
            emit(ending)
        finally:
            emit.close()
            logging.getLogger().removeHandler(log_file)
            log_file.close()
            working.close()
            handle.mark_over()


class _Emitter:
    """Passes each event to the log and to every sink; a sink that fails is said once and switched off."""

    def __init__(self, handle: RunHandle, sinks: list[Sink]) -> None:
        self._handle, self._sinks = handle, sinks
        self.state_path = ""
        self._mark = ("", 0)

    def open(self, kind: Callable[[Path], Sink], path: Path) -> None:
        try:
            self._sinks.append(kind(path))
        except (OSError, ImportError) as e:
            self(_sink_failed(kind.__name__, e))

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepDone | Saved):
            self._handle.step = max(self._handle.step, event.step)
        if isinstance(event, Saved) and event.kind == "state":
            self.state_path = event.path
        if not isinstance(event, StageProgress) or self._is_mark(event):
            self._handle.log(event)
        for sink in list(self._sinks):
            try:
                sink(event)
            except Exception as e:  # a log that can't be written must never end a training
                self._sinks.remove(sink)
                logging.getLogger(__name__).warning("sink failed", exc_info=True)
                self(_sink_failed(type(sink).__name__, e))

    def _is_mark(self, event: StageProgress) -> bool:
        """Of a long stage the log, which every page replays, keeps some fifty marks; the console sees all."""
        before, self._mark = self._mark, (event.stage, event.done // max(1, event.total // 50))
        return event.done >= event.total or self._mark != before

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()


def _draw_sheet(handle: RunHandle, emit: _Emitter) -> None:
    """All sample pictures of the run on one sheet beside its log."""
    path = handle.folder / "samples.png"
    try:
        if sheet.write(handle.log.since(0), path):
            emit(Saved("sheet", str(path), handle.step))
    except OSError as e:
        emit(_sink_failed(path.name, e))


def _sink_failed(name: str, error: Exception) -> Warned:
    return Warned(
        "W-LOG",
        f"{name} can't be written any more ({error}); the run goes on without it.",
        f"{name}への記録に失敗しました（{error}）。記録なしで学習を続けます。",
    )


def _ending(train: Train, handle: RunHandle, emit: _Emitter) -> RunEnded:
    """Run it, and say in one sentence how it ended. Nothing of the exception is kept but text."""
    try:
        train(handle.config, handle.folder, handle.control, emit)
    except StopRun as e:
        step = handle.step
        if e.save and emit.state_path:
            en = f"Stopped at step {step}; go on with the state {emit.state_path}"
            ja = f"{step}ステップで停止しました。再開用の学習状態：{emit.state_path}"
        else:
            en, ja = f"Stopped at step {step}.", f"{step}ステップで停止しました。"
        return RunEnded("stopped", EXIT_STOPPED, step, en, ja)
    except UserError as e:
        status = "refused" if e.exit_code == EXIT_REFUSED else "failed"
        code = e.problems[0].code
        en, ja = ("\n".join(p.text(lang) for p in e.problems) for lang in ("en", "ja"))  # type: ignore[arg-type]
        return RunEnded(status, e.exit_code, handle.step, en, ja, code=code)
    except (MemoryError, OSError, RuntimeError) as e:
        fault = _resource_fault(e)
        if fault is None:
            return _bug(handle.step)
        code, en, ja = fault
        return RunEnded("failed", EXIT_RESOURCE, handle.step, en, ja, traceback.format_exc(), code)
    except Exception:
        return _bug(handle.step)
    return RunEnded("done", EXIT_DONE, handle.step, "Done.", "完了しました。")


def _resource_fault(error: Exception) -> tuple[str, str, str] | None:
    """Out of memory or disk, or a fault of the GPU: code and words; None when it is none of these."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or "OutOfMemoryError" in text or "out of memory" in text.lower():
        return (
            "E-OOM",
            "Memory ran out. Try, in this order: train_batch_size = 1, gradient_checkpointing, "
            "cache_latents, optimizer AdamW8bit, a smaller resolution.",
            "メモリが足りません。次の順に試してください：train_batch_size = 1、gradient_checkpointing、"
            "cache_latents、AdamW8bit、解像度を下げる。",
        )
    if isinstance(error, OSError) and error.errno in (27, 28, 122):
        return (
            "E-DISK-FULL",
            "The disk is full; free some space and resume.",
            "ディスクの空きがありません。空きを作ってから再開してください。",
        )
    if "CUDA error" in text or "AcceleratorError" in text or "CUDNN_STATUS" in text or "CUBLAS" in text:
        reason = str(error).strip().splitlines()[0]
        return (
            "E-CUDA",
            f"The graphics card reported a fault ({reason}). It can't be used again until this program is "
            "closed and started anew; the last saved state is on disk and can be resumed from then. If it "
            "happens again: update the driver, and undo overclocking.",
            f"グラフィックカードがエラーを返しました（{reason}）。プログラムを終了して起動し直すまでGPUは"
            "使えません。最後に保存した学習状態はディスクにあり、起動後に再開できます。繰り返す場合はドライバーを"
            "更新し、オーバークロックを解除してください。",
        )
    return None


def _bug(step: int) -> RunEnded:
    message = traceback.format_exc()
    logging.getLogger(__name__).error("the run failed\n%s", message)
    last = message.strip().splitlines()[-1]
    return RunEnded(
        "failed",
        EXIT_BUG,
        step,
        f"The run failed through a fault of the program ({last}); log.txt in the run folder tells more.",
        f"プログラムの不具合により失敗しました（{last}）。詳細は実行フォルダのlog.txtにあります。",
        message,
    )


def _train_in_core(config: RunConfig, folder: Path, control: RunControl, emit: Emit) -> None:
    # Imported on the worker thread: torch and diffusers take seconds, and the window must not wait for them.
    from core.train.run import run

    run(config, folder, control, emit)


def give_memory_back() -> None:
    """Collect what a run left, and empty the GPU's cache when torch was used at all."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def with_seed(config: RunConfig) -> RunConfig:
    """The config with a seed: its own, else the resumed state's, else one drawn now and written down."""
    if config.train.seed is not None:
        return config
    seed = resume_seed(config)
    if seed is None and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            Problem(
                "E-CFG-NEEDED",
                "several processes need a common seed; set one.",
                "複数のプロセスで学習するときは、共通のシードを指定してください。",
                key="train.seed",
            )
        )
    if seed is None:
        seed = random.SystemRandom().randrange(2**31)
    return config.model_copy(update={"train": config.train.model_copy(update={"seed": seed})})


def _results_there(config: RunConfig) -> list[Problem]:
    """A notice when results of this name are there; they are kept, and said again when it happens."""
    found = names.existing(config.save)
    if not found or not is_main_process():
        return []
    name, count = config.save.output_name or "last", len(found)
    files = "1 file or folder" if count == 1 else f"{count} files and folders"
    return [
        Problem(
            "W-OUT-THERE",
            f"{files} of earlier runs named {name} are in the output folder; what this run would replace "
            f"is kept under names with .old. Set save.output_name to keep them apart.",
            f"出力先フォルダに{name}という名前の結果がすでに{count}個あります。上書きはせず、名前に.oldを付けて"
            "残します。分けるにはsave.output_nameを指定してください。",
            key="save.output_name",
        )
    ]


def is_main_process() -> bool:
    """Whether this is the process that reports; accelerate and torchrun number the others from 1."""
    return int(os.environ.get("RANK", "0")) == 0


def _folder_of_this_process(config: RunConfig) -> Path:
    """The run's folder; the other processes of a run have only a passing one for their logs."""
    return make_run_folder(config) if is_main_process() else Path(tempfile.mkdtemp(prefix="rareword-"))


def make_run_folder(config: RunConfig) -> Path:
    """`<output_dir>/runs/<time>-<output_name>`, new for each run. Raises UserError when it can't be made."""
    runs = Path(config.save.output_dir) / "runs"
    name = re.sub(r"\s+", "_", config.save.output_name or "last")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for n in range(1, 1000):
            folder = runs / (f"{stamp}-{name}" if n == 1 else f"{stamp}-{name}-{n}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder.resolve()
    except OSError as e:
        raise UserError(
            Problem(
                "E-OUT-WRITE",
                f"the output folder can't be written ({e.strerror}); choose another.",
                f"出力先フォルダに書き込めません（{e.strerror}）。別のフォルダを指定してください。",
                key="save.output_dir",
                path=str(runs.parent),
            )
        ) from e
    raise ResourceFault(
        Problem(
            "E-OUT-NAMES",
            "a thousand runs started in one second; wait a moment.",
            "同じ秒に1000回開始されました。少し待ってください。",
        )
    )
