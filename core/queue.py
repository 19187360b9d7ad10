"""Runs and tools that wait for their turn: kept in a file, begun one after the other on their own thread."""

from __future__ import annotations

import dataclasses
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import queue_entries
from core.catalog import Words
from core.config.check import check
from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.errors import LANGS, Problem, UserError
from core.queue_entries import Added, Again, Finished, Kept, Waiting
from core.queue_tools import Begin, Begun, QueuedTools, as_text, followed, no_tools
from core.runner import NotNow, Runner
from core.runs import result_names

SAME_CLICK = 5.0
"""Seconds in which the same settings added again are taken for one and the same click."""

POLL_SECONDS = 0.5
"""Between two looks at what is under way, while anything waits for its end."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """The queue at one moment. version: another for every change.

    held: "" while runs start by themselves; else why not: idle (nothing has been started yet), restart (the
    program was), person, or how the run before ended (failed, stopped, refused). notice: what the queue did
    by itself that a user should know. again: what holds the queue since it failed or was stopped, and can be
    tried again. begun: the work of a tool that is under way. finished: those that are over, the latest first.
    """

    version: int
    waiting: tuple[Waiting, ...]
    held: str
    keeps_going: bool
    notice: Words | None
    again: Again | None = None
    begun: Begun | None = None
    finished: tuple[Finished, ...] = ()


class RunQueue:
    """What waits in one program. Safe from any thread; every change is written before it is seen."""

    def __init__(
        self,
        path: Path,
        runner: Callable[[], Runner],
        begin: Begin = no_tools,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._runner, self._clock = path, runner, clock
        self._tools = QueuedTools(begin)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._judged: Any = None
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
            failed, tools = self._failed(), self._tools
            again = None
            if isinstance(failed, Waiting):
                again = Again(failed.name, failed.tool)
            elif failed is not None:
                again = Again(failed.save.output_name or "last")
            begun = tools.begun if tools.is_open else None
            now = (self._version, tuple(self._waiting), self._held, self._keeps_going, self._notice)
            return View(*now, again, begun, tools.finished)

    @property
    def last(self) -> Any:
        """The run or the work of a tool that was begun last, seen from outside; None before the first."""
        return self._tools.last(self._runner().current)

    def add(self, text: str) -> Added:
        """Put a run at the end; a name that is taken gets a number. Raises ConfigError."""
        config = check(text).config
        with self._lock:
            now = self._clock()
            for run in self._waiting:
                if run.text == text and now - run.added < SAME_CLICK:
                    return Added(run, is_again=True)
            run, wanted = self._made(text, config, now)
            self._append(run)
            return Added(run, wanted)

    def add_tool(self, tool: str, values: Mapping[str, Any], about: str) -> Added:
        """Put the work of a tool at the end.

        values: its settings, plain values that are checked again when it begins. about: what it works on.
        """
        text = as_text(values)
        with self._lock:
            now = self._clock()
            for entry in self._waiting:
                if (entry.tool, entry.text) == (tool, text) and now - entry.added < SAME_CLICK:
                    return Added(entry, is_again=True)
            entry = Waiting(secrets.token_hex(6), text, about, "", 0, 0, now, tool=tool)
            self._append(entry)
            return Added(entry)

    def _append(self, entry: Waiting) -> None:
        if not self._waiting:
            self._held = "" if self._is_busy() else "idle"
        self._waiting.append(entry)
        self._keep()
        self._wake()

    def retry(self) -> Waiting | None:
        """Put what holds the queue before all others, to be done from its beginning, and go on.

        None where nothing holds it. What a run left is kept: it gets another name where that is taken.
        """
        with self._lock:
            failed = self._failed()
            if failed is None:
                return None
            if isinstance(failed, Waiting):
                entry = self._as_new(failed)
            else:
                text = toml_text.dumps(toml_text.values_of(failed) | {"save.resume": None})
                entry, _ = self._made(text, check(text).config, self._clock())
            self._waiting.insert(0, entry)
            self.go_on()
            return entry

    def repeat(self, entry_id: str) -> Waiting | None:
        """Put the work of a tool that is over at the end once more; None when it is shown no longer."""
        with self._lock:
            ended = next((ended.entry for ended in self._tools.finished if ended.entry.id == entry_id), None)
            if ended is None:
                return None
            entry = self._as_new(ended)
            self._append(entry)
            return entry

    def _as_new(self, entry: Waiting) -> Waiting:
        return dataclasses.replace(entry, id=secrets.token_hex(6), added=self._clock())

    def forget(self) -> None:
        """Show the works of tools that are over no longer."""
        with self._lock:
            self._tools.finished = ()
            self._keep()

    def stop(self) -> None:
        """Ask the tool to stop that is at work."""
        with self._lock:
            self._tools.stop()
            self._version += 1

    def _failed(self) -> RunConfig | Waiting | None:
        """What holds the queue, since it did not come to its end: a run's config, or the work of a tool."""
        last = self.last
        if self._held not in ("failed", "stopped", "refused") or last is None or not last.is_over:
            return None
        if last.status == "done":
            return None
        begun = self._tools.begun
        return begun.entry if begun is not None and last is begun.task else last.config

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
            self._judged = self.last if not self._is_busy() else None
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
                starts = bool(self._waiting) and self._held in ("", "idle")
                if self._is_closed or not (self._tools.is_open or starts):
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
        """One look at what is under way; begin the next when it is time. Whether anything was done."""
        if self._tools.take_end(self._clock()):
            self._keep()
            return True
        if self._is_busy() or self._held not in ("", "idle"):
            if self._held == "idle":  # somebody pressed Start: what waits follows after that run
                self._held = ""
                self._keep()
            return False
        current = self.last
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
            self._start_one(run)
        except NotNow:
            return False
        except UserError as e:
            self._blame(run.id, e.problems)
            return True
        self._waiting = [other for other in self._waiting if other.id != run.id]
        self._keep()
        return True

    def _start_one(self, run: Waiting) -> None:
        """Raises NotNow, UserError."""
        if run.tool:
            self._tools.begin_work(run, self._runner().current)
        else:
            run = self._renamed(run)
            self._runner().start(run.text, run.overrides)

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
        self._waiting = followed(self._waiting, run, name)
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
        run = self._runner().current
        is_training = run is not None and not run.is_over
        return is_training or self._tools.is_at_work

    def _taken(self, but: str = "") -> list[tuple[str, str]]:
        """Output names of runs that wait or are under way."""
        taken = [(run.folder, run.name) for run in self._waiting if run.id != but and not run.tool]
        current = self._runner().current
        if current is not None and not current.is_over:
            save = current.config.save
            taken.append((save.output_dir, save.output_name or "last"))
        return taken

    # The file.

    def _keep(self) -> None:
        """Write the queue down; tell what looks at it."""
        self._version += 1
        tools = self._tools
        begun = tools.begun.entry if tools.begun is not None and tools.is_open else None
        kept = Kept(tuple(self._waiting), self._keeps_going, begun, tools.finished)
        try:
            queue_entries.write(self._path, kept)
        except OSError:
            _log.warning("the queue could not be kept in %s", self._path, exc_info=True)

    def _load(self) -> None:
        """Take up what an earlier program left. A file that can't be read is put aside, never overwritten."""
        try:
            kept = queue_entries.read(self._path)
            # Work that the end of the program has cut off comes first.
            self._waiting = [*([kept.begun] if kept.begun else []), *kept.waiting]
            self._keeps_going, self._tools.finished = kept.keeps_going, kept.finished
        except FileNotFoundError:
            return
        except (OSError, ValueError) as e:
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
