"""Runs that wait for their turn: kept in a file, started one after the other on a thread of its own."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from core.catalog import Words
from core.config.check import check
from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.errors import LANGS, Problem, UserError
from core.runner import NotNow, RunHandle, Runner
from core.runs import result_names

FORMAT = 1
"""Version of the file."""

SAME_CLICK = 5.0
"""Seconds in which the same settings added again are taken for one and the same click."""

POLL_SECONDS = 0.5
"""Between two looks at the run under way, while anything waits for its end."""

_log = logging.getLogger(__name__)


_Text = Annotated[str, StringConstraints(min_length=1)]


@dataclass(frozen=True)
class Waiting:
    """A run in the queue.

    text: its run file as it was given. name: output name, which may be another than the file's. folder: its
    output folder. steps: optimizer steps, 0 when epochs are given. fault: why it could not be started.
    """

    id: _Text
    text: _Text
    name: str
    folder: str
    steps: int
    epochs: int
    added: float
    fault_en: str = ""
    fault_ja: str = ""
    fault_zh: str = ""

    @property
    def overrides(self) -> list[str]:
        """What is set beside the run file's own text."""
        return [f"save.output_name={toml_text.toml_value(self.name)}"]


_READER = TypeAdapter(Waiting)


@dataclass(frozen=True)
class Added:
    """How adding went. wanted: the name asked for, when it was taken. is_again: the click came twice."""

    run: Waiting
    wanted: str = ""
    is_again: bool = False


@dataclass(frozen=True)
class View:
    """The queue at one moment. version: another for every change.

    held: "" while runs start by themselves; else why not: idle (nothing has been started yet), restart (the
    program was), person, or how the run before ended (failed, stopped, refused). notice: what the queue did
    by itself that a user should know. again: the name of the run that holds the queue since it failed or was
    stopped, which can be tried again.
    """

    version: int
    waiting: tuple[Waiting, ...]
    held: str
    keeps_going: bool
    notice: Words | None
    again: str = ""


class RunQueue:
    """The waiting runs of one program. Safe from any thread; every change is written before it is seen."""

    def __init__(
        self, path: Path, runner: Callable[[], Runner], clock: Callable[[], float] = time.time
    ) -> None:
        self._path, self._runner, self._clock = path, runner, clock
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._judged: RunHandle | None = None
        self._version = 0
        self._notice: Words | None = None
        self._keeps_going = False
        self._waiting: list[Waiting] = []
        self._load()
        self._held = "restart" if self._waiting else ""

    # What a user does.

    def look(self) -> View:
        """The queue as it stands."""
        with self._lock:
            failed = self._failed()
            again = "" if failed is None else failed.save.output_name or "last"
            waiting = tuple(self._waiting)
            return View(self._version, waiting, self._held, self._keeps_going, self._notice, again)

    def add(self, text: str) -> Added:
        """Put a run at the end; a name that is taken gets a number. Raises ConfigError."""
        config = check(text).config
        with self._lock:
            now = self._clock()
            for run in self._waiting:
                if run.text == text and now - run.added < SAME_CLICK:
                    return Added(run, is_again=True)
            run, wanted = self._made(text, config, now)
            if not self._waiting:
                self._held = "" if self._is_busy() else "idle"
            self._waiting.append(run)
            self._keep()
            self._wake()
            return Added(run, wanted)

    def retry(self) -> Waiting | None:
        """Put the run that holds the queue before all others, to be trained from its beginning, and go on.

        None where no run holds it. What it left is kept: it gets another name where that is taken.
        """
        with self._lock:
            config = self._failed()
            if config is None:
                return None
            values = toml_text.values_of(config) | {"save.resume": None}
            text = toml_text.dumps(values)
            run, _ = self._made(text, check(text).config, self._clock())
            self._waiting.insert(0, run)
            self.go_on()
            return run

    def _failed(self) -> RunConfig | None:
        """The config of the run that holds the queue, since it did not come to its end."""
        current = self._runner().current
        if self._held not in ("failed", "stopped", "refused") or current is None or not current.is_over:
            return None
        return None if current.status == "done" else current.config

    def _made(self, text: str, config: RunConfig, now: float) -> tuple[Waiting, str]:
        """A run under a name that is free, and the name that it asked for where that was taken."""
        wanted = config.save.output_name or "last"
        name = wanted if config.save.resume else result_names.free(config.save, self._taken())
        epochs = config.train.max_train_epochs or 0
        steps = 0 if epochs else config.train.max_train_steps
        run = Waiting(secrets.token_hex(6), text, name, config.save.output_dir, steps, epochs, now)
        return run, wanted if name != wanted else ""

    def remove(self, run_id: str) -> Waiting | None:
        """Take a run out of the queue; None when it is gone, such as when it was started."""
        with self._lock:
            run = next((run for run in self._waiting if run.id == run_id), None)
            if run is not None:
                self._waiting.remove(run)
                self._keep()
            return run

    def put_back(self, run: Waiting, at: int) -> None:
        """Undo a removal: the run waits in its place again."""
        with self._lock:
            if all(run.id != other.id for other in self._waiting):
                self._waiting.insert(at, run)
                self._keep()
                self._wake()

    def move(self, run_id: str, by: int) -> None:
        """Let a run change places: -1 earlier, +1 later."""
        with self._lock:
            at = next((n for n, run in enumerate(self._waiting) if run.id == run_id), None)
            if at is not None and 0 <= at + by < len(self._waiting):
                self._waiting.insert(at + by, self._waiting.pop(at))
                self._keep()

    def go_on(self) -> None:
        """Start what waits, at once or after the run under way; what could not be started is tried anew."""
        with self._lock:
            self._held = ""
            self._waiting = [
                dataclasses.replace(run, fault_en="", fault_ja="", fault_zh="") for run in self._waiting
            ]
            self._keep()
            self._wake()

    def hold(self) -> None:
        """Start nothing more until a user says so."""
        with self._lock:
            self._held = "person"
            self._keep()

    def set_keeps_going(self, is_on: bool) -> None:
        """Whether the next run starts also after one that failed or was stopped."""
        with self._lock:
            if self._keeps_going != is_on:
                self._keeps_going = is_on
                self._keep()

    def close(self) -> None:
        """Start nothing any more, since the program ends; what waits stays in the file."""
        with self._lock:
            self._is_closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10)

    # What the thread does.

    def _wake(self) -> None:
        """Have a thread look after the queue."""
        if self._thread is None and not self._is_closed:
            self._judged = self._runner().current if not self._is_busy() else None
            thread = threading.Thread(target=self._work, name="rareword-queue", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system allows no further thread now; the next call tries again
                _log.warning("the queue has no thread", exc_info=True)
            else:
                self._thread = thread
        self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._is_closed or not self._waiting or self._held not in ("", "idle"):
                    self._thread = None
                    return
                try:
                    is_started = self._turn()
                except Exception:  # the queue must outlive whatever goes wrong with one run
                    _log.exception("the queue could not go on")
                    self._held, is_started = "failed", False
                    self._keep()
                if not is_started:
                    self._changed.wait(POLL_SECONDS)

    def _turn(self) -> bool:
        """One look at the run under way; start the next one when it is time. Whether anything was done."""
        current = self._runner().current
        if current is not None and not current.is_over:
            if self._held == "idle":  # somebody pressed Start: what waits follows after that run
                self._held = ""
                self._keep()
            return False
        if current is not None and current is not self._judged:
            self._judged = current
            if current.status != "done" and not self._keeps_going:
                self._held = current.status
                self._keep()
                return True
        return self._held == "" and self._start_next()

    def _start_next(self) -> bool:
        run = next((run for run in self._waiting if not run.fault_en), None)
        if run is None:
            self._held = "refused"
            self._keep()
            return True
        try:
            run = self._renamed(run)
            self._runner().start(run.text, run.overrides)
        except NotNow:
            return False
        except UserError as e:
            self._blame(run.id, e.problems)
            return True
        self._waiting = [other for other in self._waiting if other.id != run.id]
        self._keep()
        return True

    def _renamed(self, run: Waiting) -> Waiting:
        """The run under a name that is still free: results may have come under its own meanwhile."""
        save = check(run.text, run.overrides).config.save
        name = run.name if save.resume else result_names.free(save, self._taken(run.id))
        if name == run.name:
            return run
        self._notice = Words(
            f"“{run.name}” was started as “{name}”: results of that name have come in between.",
            f"「{run.name}」という名前の結果がすでにあるため、「{name}」として開始しました。",
            f"“{run.name}”这个名称已有结果，因此以“{name}”的名称开始。",
        )
        return dataclasses.replace(run, name=name)

    def _blame(self, run_id: str, problems: Sequence[Problem]) -> None:
        en, ja, zh = ("\n".join(problem.text(lang) for problem in problems) for lang in LANGS)
        self._waiting = [
            dataclasses.replace(run, fault_en=en, fault_ja=ja, fault_zh=zh) if run.id == run_id else run
            for run in self._waiting
        ]
        if not self._keeps_going:
            self._held = "refused"
        self._keep()

    def _is_busy(self) -> bool:
        current = self._runner().current
        return current is not None and not current.is_over

    def _taken(self, but: str = "") -> list[tuple[str, str]]:
        """Output names of runs that wait or are under way."""
        taken = [(run.folder, run.name) for run in self._waiting if run.id != but]
        current = self._runner().current
        if current is not None and not current.is_over:
            save = current.config.save
            taken.append((save.output_dir, save.output_name or "last"))
        return taken

    # The file.

    def _keep(self) -> None:
        """Write the queue down; tell what looks at it."""
        self._version += 1
        values = {
            "format": FORMAT,
            "keeps_going": self._keeps_going,
            "waiting": [dataclasses.asdict(run) for run in self._waiting],
        }
        try:
            toml_text.write(self._path, json.dumps(values, ensure_ascii=False, indent=1))
        except OSError:
            _log.warning("the queue could not be kept in %s", self._path, exc_info=True)

    def _load(self) -> None:
        """Take up what an earlier program left. A file that can't be read is put aside, never overwritten."""
        try:
            values = json.loads(self._path.read_text("utf-8"))
            self._waiting = [_READER.validate_python(run) for run in values["waiting"]]
            self._keeps_going = values.get("keeps_going") is True
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            aside = self._path.with_name(f"{self._path.stem}.{time.strftime('%Y%m%d-%H%M%S')}.broken")
            _log.warning("the queue in %s can't be read (%s); it is put aside", self._path, e)
            try:
                os.replace(self._path, aside)
            except OSError:
                return
            self._notice = Words(
                f"The list of waiting runs was damaged; it is kept as {aside.name}.",
                f"キューのファイルが壊れていたため、{aside.name}として残しました。",
                f"队列文件已损坏，保留为{aside.name}。",
            )
