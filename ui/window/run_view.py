"""What the page knows of a run: its events folded into numbers, lists and lines. No Gradio here."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from core.control import RunControl
from core.errors import Lang
from core.events import Event, EventLog, PlanReady, RunEnded, Saved, StageProgress, StepDone, Warned
from ui.text import WORDS, say

LOG_LINES = 200
_RECENT = 20


class Run(Protocol):
    """What is needed of core.runner.RunHandle."""

    log: EventLog
    control: RunControl
    started: float

    @property
    def status(self) -> str: ...


@dataclass
class RunView:
    """The story of a run so far."""

    status: str = "idle"
    started: float = 0.0
    plan: PlanReady | None = None
    step: StepDone | None = None
    stage: StageProgress | None = None
    losses: list[tuple[float, float]] = field(default_factory=list)
    validation: list[tuple[float, float]] = field(default_factory=list)
    samples: list[Saved] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    ended: RunEnded | None = None
    recent: deque[Event] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    steps: deque[StepDone] = field(default_factory=lambda: deque(maxlen=_RECENT))

    @property
    def is_live(self) -> bool:
        return self.status in ("starting", "running", "paused", "stopping")

    @property
    def total(self) -> int:
        return self.step.total if self.step else self.plan.steps if self.plan else 0

    @property
    def at_step(self) -> int:
        steps = [event.step for event in (self.step, self.ended, *self.saved[-1:]) if event is not None]
        return max(steps, default=0)

    @property
    def seconds_per_step(self) -> float | None:
        """The mean over the last reports."""
        recent = tuple(self.steps)  # copied at once: another page's look may add to it meanwhile
        return sum(event.seconds for event in recent) / len(recent) if recent else None

    @property
    def seconds_left(self) -> float | None:
        per_step = self.seconds_per_step
        return None if per_step is None else per_step * max(0, self.total - self.at_step)

    def elapsed(self, now: float) -> float:
        """Seconds from the start to the end, or to now."""
        return max(0.0, (self.ended.time if self.ended else now) - self.started)

    @property
    def state_path(self) -> str:
        """The newest state the run has saved, or "": what Resume goes on from."""
        return next((event.path for event in reversed(self.saved) if event.kind == "state"), "")

    @property
    def model_path(self) -> str:
        return next((event.path for event in reversed(self.saved) if event.kind == "model"), "")

    def take(self, event: Event) -> None:
        """Fold one event in."""
        if isinstance(event, PlanReady):
            self.plan = event
        elif isinstance(event, StepDone):
            self.step, self.stage = event, None
            self.losses.append((event.step, event.loss))
            if event.validation_loss is not None:
                self.validation.append((event.step, event.validation_loss))
            self.steps.append(event)
        elif isinstance(event, StageProgress):
            self.stage = None if event.done >= event.total and event.stage != "load_model" else event
        elif isinstance(event, Saved):
            (self.samples if event.kind == "sample" else self.saved).append(event)
        elif isinstance(event, Warned):
            self.warned.append(event)
        elif isinstance(event, RunEnded):
            self.ended, self.stage = event, None
        if not isinstance(event, StageProgress):
            self.recent.append(event)


class Watcher:
    """Reads each event of a run once, whoever asks; pages only look at the view."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._read = 0
        self._number = 0
        self._view = RunView()

    def look(self, run: Run | None) -> tuple[RunView, tuple[int, int, str]]:
        """The view, and what changes whenever the view does."""
        with self._lock:
            if run is not self._run:
                self._run, self._read, self._number = run, 0, self._number + 1
                self._view = RunView(started=run.started if run else 0.0)
            if run is not None:
                # The status first: an end that comes in between is seen at the next look, with its event.
                self._view.status = run.status
                events = run.log.since(self._read)
                self._read += len(events)
                for event in events:
                    self._view.take(event)
            return self._view, (self._number, self._read, self._view.status)


def log_lines(view: RunView, lang: Lang) -> list[str]:
    """The last events as lines with their time, in a language."""
    return [
        f"{time.strftime('%H:%M:%S', time.localtime(event.time))}  {line}"
        for event in list(view.recent)
        for line in _lines(event, lang)
    ]


def _lines(event: Event, lang: Lang) -> list[str]:
    if isinstance(event, PlanReady):
        return [
            say(
                "log.plan",
                lang,
                images=event.images,
                reg=event.reg_images,
                per=event.steps_per_epoch,
                epochs=event.epochs,
                steps=event.steps,
            )
        ]
    if isinstance(event, StepDone):
        values = {"step": event.step, "total": event.total, "epoch": event.epoch, "loss": f"{event.loss:.4f}"}
        return [say("log.step", lang, **values, lr=rates(event.lr))]
    if isinstance(event, Saved):
        key = f"log.saved.{event.kind}"
        return [say(key if key in WORDS else "log.saved.model", lang, path=event.path)]
    if isinstance(event, Warned):
        return [say("log.warned", lang, text=event.ja if lang == "ja" else event.en)]
    if isinstance(event, RunEnded):
        return (event.ja if lang == "ja" else event.en).splitlines()
    return []


def rates(lr: dict[str, float]) -> str:
    """The learning rates of the groups; one number when all are the same."""
    values = {f"{rate:.3g}" for rate in lr.values()}
    if len(values) == 1:
        return values.pop()
    return ", ".join(f"{name} {rate:.3g}" for name, rate in lr.items())
