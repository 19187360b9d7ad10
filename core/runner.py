"""One run at a time, on a worker thread that no page owns."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core import ending, messages, run_folder, webhook
from core.config.check import Checked, check
from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.console import language
from core.control import RunControl
from core.errors import Problem, UserError
from core.events import (
    Emit,
    Event,
    EventLog,
    Paused,
    PlanReady,
    RunEnded,
    Saved,
    StageProgress,
    StepDone,
    Stepped,
    Warned,
)
from core.formats import atomic_write
from core.run_folder import is_main_process
from core.runs import lock, result_names, sample_sheet
from core.runs.lock import Claim
from core.runs.state_folder import resume_seed
from core.sinks import JsonLines, Sink, TensorBoard
from core.tools.kept_model import KEPT
from core.webhook import WebHook

Train = Callable[[RunConfig, Path, RunControl, Emit], Problem | None]
"""Gives what is to be said of the end when that came before the last step."""


class NotNow(UserError):
    """A start that is refused for now only: another run lives, or other work takes the memory."""


class RunHandle:
    """A run seen from outside: its events, its state and the way to steer it. Safe from any thread."""

    def __init__(self, config: RunConfig, folder: Path, notices: Sequence[Problem]) -> None:
        self.config = config
        self.folder = folder
        self.notices = tuple(notices)
        self.log = EventLog()
        self.control = RunControl()
        self.started = time.time()
        self.at_step = 0
        self.has_begun = self.waits_for_room = False
        self._end: RunEnded | None = None
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
        return "running" if self.has_begun else "starting"

    @property
    def ended(self) -> RunEnded | None:
        """The last event once the run is over and its memory given back; then it is always there."""
        return self._end if self._ended.is_set() else None

    @property
    def is_over(self) -> bool:
        return self._ended.is_set()

    @property
    def can_be_given_up(self) -> bool:
        """Whether its last save waits for room on the disk, and nobody has given that up."""
        return self.waits_for_room and not self.control.gives_up

    def ask_to_end(self, is_again: bool) -> None:
        """What a signal asks: to stop with a state saved. Asked again while that waits for room: without."""
        if not self.control.gives_up:
            self.control.stop(save=not (is_again and self.waits_for_room))

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; False when it has not come in time."""
        return self._ended.wait(seconds)

    def mark_over(self, end: RunEnded) -> None:
        """Said by the worker when nothing of the run is left in memory."""
        self._end = end
        self._ended.set()


class Runner:
    """Starts runs, never two at once."""

    def __init__(
        self, train: Train | None = None, webhook: Callable[[], str] = webhook.from_environment
    ) -> None:
        """webhook: gives the address that hears of the end of each run, "" for none."""
        self._train, self.webhook = train or _train_in_core, webhook
        self.may_start: Callable[[], Problem | None] = lambda: None
        """What keeps every run from starting just now."""
        self._lock = threading.Lock()
        self.current: RunHandle | None = None

    def start(self, text: str, overrides: Sequence[str] = (), sinks: Sequence[Sink] = ()) -> RunHandle:
        """Check a run file and train it on a worker thread.

        Raises ConfigError when the text does not pass, NotNow while another run lives (E-RUN-BUSY) or for
        what `may_start` gives, ResourceFault when disk, memory or threads do not suffice to begin. Then no
        run has begun, and the next start is free.
        """
        checked = check(text, overrides, reads_base=True)
        with self._lock:
            if self.current is not None and not self.current.is_over:
                raise NotNow(messages.BUSY())
            if (hindrance := self.may_start()) is not None:
                raise NotNow(hindrance)
            try:
                self.current = self._begin(checked, list(sinks))
            except Exception as e:
                fault = ending.as_user_error(e)
                if fault is None or fault is e:
                    raise
                raise fault from e
            return self.current

    @property
    def is_busy(self) -> bool:
        """Whether a run lives; one that is just starting is waited for."""
        with self._lock:
            return self.current is not None and not self.current.is_over

    def _begin(self, checked: Checked, sinks: list[Sink]) -> RunHandle:
        config = with_seed(checked.config)
        notices = [*checked.notices, *_results_there(config)]
        with run_folder.begun(config) as (folder, claim):
            if claim is not None and not claim.is_certain:
                notices.append(messages.NO_LOCKS(path=config.save.output_dir))
            handle = RunHandle(config, folder, notices)
            run_file = folder / "run.toml"
            with atomic_write.explained(run_file):
                toml_text.write(run_file, toml_text.dumps(toml_text.values_of(config)))
            worker = threading.Thread(
                target=self._work, args=(handle, sinks, claim), name="rareword-run", daemon=False
            )
            worker.start()
        return handle

    def _work(self, handle: RunHandle, sinks: list[Sink], claim: Claim | None) -> None:
        """The worker thread: train, say how it ended, give the memory back. Whatever is raised is an end."""
        emit, end = _Emitter(handle, sinks), ending.unreported()
        try:
            with lock.held(handle.folder), _log_file(handle.folder / "log.txt", emit):
                KEPT.free()
                end = self._trained(handle, emit)
                emit(end)
                emit.close()
        except BaseException as e:
            end = ending.of(e, handle.at_step, emit.state_path, emit.model_path)
            emit(end)
        finally:
            if claim is not None:
                claim.release()
            handle.mark_over(end)

    def _trained(self, handle: RunHandle, emit: _Emitter) -> RunEnded:
        emit.open(JsonLines, handle.folder / "events.jsonl")
        if handle.config.log.logging_dir and is_main_process():
            stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(handle.started))
            emit.open(
                TensorBoard,
                Path(handle.config.log.logging_dir) / f"{handle.config.log.log_prefix or ''}{stamp}",
            )
        if (url := self.webhook()) and is_main_process():
            name = handle.config.save.output_name or "last"
            emit.add(WebHook(url, name, language(None)))
        for notice in handle.notices:
            emit(Warned(notice))
        try:
            told = self._train(handle.config, handle.folder, handle.control, emit)
            end = ending.done(handle.at_step, told)
        except BaseException as e:
            end = ending.of(e, handle.at_step, emit.state_path, emit.model_path)
        give_memory_back()
        _draw_sheet(handle, emit)
        return end


@contextlib.contextmanager
def _log_file(path: Path, emit: _Emitter) -> Iterator[None]:
    """What the program and its libraries log meanwhile goes to this file too, where it can be written."""
    try:
        file = logging.FileHandler(path, encoding="utf-8")
    except OSError as e:
        emit(_sink_failed(path.name, e))
        yield
        return
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(file)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(file)
        with contextlib.suppress(OSError):  # what it could not write in time
            file.close()


class _Emitter:
    """Passes each event to the log and to every sink; one that fails is said once and ends no run."""

    def __init__(self, handle: RunHandle, sinks: list[Sink]) -> None:
        self._handle, self._sinks = handle, sinks
        self._failed: set[int] = set()
        self.state_path = ""
        self._model = ("", 0)
        self._mark = ("", 0)

    @property
    def model_path(self) -> str:
        """The model of the very step that the run has come to, or ""."""
        path, step = self._model
        return path if step == self._handle.at_step else ""

    def add(self, sink: Sink) -> None:
        self._sinks.append(sink)

    def open(self, kind: Callable[[Path], Sink], path: Path) -> None:
        try:
            self._sinks.append(kind(path))
        except (OSError, ImportError) as e:
            self(_sink_failed(kind, e))

    def __call__(self, event: Event) -> None:
        if isinstance(event, PlanReady | Stepped | StepDone | Saved | Paused):
            self._handle.at_step = max(self._handle.at_step, event.step)
        if isinstance(event, Stepped | StepDone):
            self._handle.has_begun = True
        if isinstance(event, StageProgress) and event.stage == "room":
            self._handle.waits_for_room = event.done < event.total
        if isinstance(event, Saved) and event.kind == "state":
            self.state_path = event.path
        if isinstance(event, Saved) and event.kind == "model":
            self._model = (event.path, event.step)
        if not isinstance(event, StageProgress | Stepped) or self._is_mark(event):
            self._handle.log(event)
        for sink in list(self._sinks):
            try:
                sink(event)
            except Exception as e:
                self._note(sink, e)

    def _note(self, sink: Sink, error: Exception) -> None:
        recovers = getattr(sink, "recovers", False)
        if not recovers:
            self._sinks.remove(sink)
        if id(sink) not in self._failed:
            self._failed.add(id(sink))
            logging.getLogger(__name__).warning("sink failed", exc_info=True)
            self(_sink_failed(sink, error, recovers))

    def _is_mark(self, event: StageProgress | Stepped) -> bool:
        """Of a long stage the log, which every page replays, keeps some fifty marks; the console sees all."""
        if isinstance(event, Stepped):
            return False
        before, self._mark = self._mark, (event.stage + event.path, event.done // max(1, event.total // 50))
        return event.done >= event.total or self._mark != before

    def close(self) -> None:
        for sink in self._sinks:
            try:
                sink.close()
            except Exception:
                logging.getLogger(__name__).warning("sink failed", exc_info=True)


def _draw_sheet(handle: RunHandle, emit: _Emitter) -> None:
    """All sample images of the run on one sheet beside its log."""
    path = handle.folder / "samples.png"
    try:
        if sample_sheet.write(handle.log.since(0), path):
            emit(Saved("sheet", str(path), handle.at_step))
    except Exception as e:  # an image of images must never change how a training ended
        logging.getLogger(__name__).warning("the sheet of samples failed", exc_info=True)
        emit(_sink_failed(path.name, e))


def _sink_failed(sink: object, error: Exception, recovers: bool = False) -> Warned:
    kind = type(sink).__name__ if not isinstance(sink, type) else sink.__name__
    name = sink if isinstance(sink, str) else getattr(sink, "name", kind)
    message = messages.LOG_RETRIED if recovers else messages.LOG_LOST
    return Warned(message(log=name, reason=str(error)))


def _train_in_core(config: RunConfig, folder: Path, control: RunControl, emit: Emit) -> Problem | None:
    # Imported on the worker thread: torch and diffusers take seconds, and the window must not wait for them.
    from core.train.run import run

    return run(config, folder, control, emit)


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
        raise UserError(messages.COMMON_SEED())
    if seed is None:
        seed = random.SystemRandom().randrange(2**31)
    return config.model_copy(update={"train": config.train.model_copy(update={"seed": seed})})


def _results_there(config: RunConfig) -> list[Problem]:
    """A notice when results of this name are there; they are kept, and said again when it happens."""
    results = result_names.existing(config.save)
    if not results or not is_main_process():
        return []
    return [messages.RESULTS_THERE(count=len(results), output_name=config.save.output_name or "last")]
