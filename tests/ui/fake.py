"""A runner that only pretends, and a window over a folder of a test's own."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any, cast

from core.config.check import check
from core.config.file import toml_text
from core.control import RunControl
from core.data.intake.copy_history import Copies
from core.data.undo import History
from core.errors import Message
from core.events import EventLog, PlanReady, RunEnded, Saved, StepDone
from core.forecast.machine_load import Gpu, Load, LoadWatch
from core.queue import RunQueue
from core.runner import NotNow
from core.tools.table import TOOLS
from ui.app import App
from ui.parts.job import Job
from ui.window import PROJECT, Draft, Window, gpu
from ui.window.captions import CaptionEditor
from ui.window.last_run import Left
from ui.window.paths import Paths
from ui.window.run_state import Watcher
from ui.window.tries import Tries


class FakeRun:
    """A run whose events a test writes by hand."""

    def __init__(self, text: str, overrides: tuple[str, ...], folder: Path) -> None:
        self.text, self.overrides = text, overrides
        self.config = check(text, overrides).config
        self.folder = folder
        folder.mkdir(parents=True)
        toml_text.write(folder / "run.toml", toml_text.dumps(toml_text.values_of(self.config)))
        self.log, self.control = EventLog(), RunControl()
        self.started = time.time()
        self.status, self.at_step = "running", 0

    @property
    def is_over(self) -> bool:
        return self.status in ("done", "stopped", "refused", "failed")

    def plan(self, steps: int = 20) -> None:
        self.log(PlanReady(4, 0, 40, 10, steps, 2, ()))

    def step(self, n: int, loss: float = 0.1, total: int = 20, validation: float | None = None) -> None:
        self.log(StepDone(n, total, 1, loss, {"unet": 1e-4}, 1.0, 0.5, validation_loss=validation))

    def end(self, status: str, step: int, state: Path | None = None) -> None:
        if state is not None:
            self.log(Saved("state", str(state), step))
        self.log(RunEnded(status, 0, step, f"Ended at step {step}.", f"ステップ{step}で終了。"))
        self.status = status


class FixedLoad:
    """Takes the place of core.forecast.machine_load.LoadWatch: a computer that is always as busy."""

    load: Load | None = Load(
        Gpu("NVIDIA GeForce RTX 4070", 7_400 * 2**20, 12_282 * 2**20, 96, 61),
        cpu=12.0,
        ram_used=9 * 2**30,
        ram_total=32 * 2**30,
        folder=Path("output"),
        disk_free=212 * 2**30,
        disk_total=931 * 2**30,
    )

    def ask(self, folder: Path, is_busy: bool) -> Load | None:
        return self.load


class FakeRunner:
    """Takes the place of core.runner.Runner."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self.current: FakeRun | None = None
        self.may_start: Any = lambda: None
        self.runs: list[FakeRun] = []

    def start(self, text: str, overrides: Any = (), sinks: Any = ()) -> FakeRun:
        with self._lock:
            if self.current is not None and not self.current.is_over:
                raise NotNow(Message("E-RUN-BUSY", "a run is in progress.", "学習を実行中です。")())
            if (hindrance := self.may_start()) is not None:
                raise NotNow(hindrance)
            self.current = FakeRun(text, tuple(overrides), self._folder / f"run-{len(self.runs)}")
            self.runs.append(self.current)
            return self.current

    @property
    def is_busy(self) -> bool:
        return self.current is not None and not self.current.is_over


def make_window(folder: Path, is_local: bool = True) -> Window:
    """A window that reads the demo and writes below this folder."""
    workspace = folder / "workspace"
    workspace.mkdir(parents=True, exist_ok=True)
    paths = Paths(PROJECT, workspace, (PROJECT / "demo",), is_local=is_local)
    window = Window(paths, folder / "cache", runner=FakeRunner(folder / "runs"))
    window.load = cast(LoadWatch, FixedLoad())
    return window


def as_new(window: Window) -> None:
    """Forget everything a test has done to a window and below its workspace."""
    workspace = window.workspace
    window.queue.close()
    window.when_idle.set_on(False)
    for folder in (workspace, workspace.parent / "runs"):
        shutil.rmtree(folder, ignore_errors=True)
    workspace.mkdir()
    window.paths = Paths(PROJECT, workspace, (PROJECT / "demo",))
    window.runner, window.watcher = FakeRunner(workspace.parent / "runs"), Watcher()
    window.runner.may_start = window.may_start
    window.load = cast(LoadWatch, FixedLoad())
    window.preview, window.jobs = Job("preview"), {name: Job(name) for name in TOOLS}
    vars(window).pop("known", None)
    window.unpack, window.copies = Job("unpack"), History(workspace / "copies.jsonl", Copies())
    window.queue = RunQueue(workspace / "queue.json", lambda: window.runner, window.queued.begin)
    window.tries = Tries(workspace)
    window.gpu = gpu.Gpu(lambda: window.runner.is_busy, window.jobs, window.tries.job)
    window.captions = CaptionEditor(workspace, window.may_write_caption)
    window.draft, window.left, window.lang = Draft(workspace / "window.json"), Left(), "auto"


def demo_raw(app: App) -> dict[str, Any]:
    """The form as a window that was opened for the first time shows it."""
    return app.form.shown(app._window.demo_values())
