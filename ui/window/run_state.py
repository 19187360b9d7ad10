"""What the page knows of a run: its events folded into numbers, lists and lines. No Gradio here."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from core.config.output_names import state_of
from core.config.schema.run import RunConfig
from core.errors import Lang
from core.events import Event, EventLog, Paused, PlanReady, RunEnded, Saved, StageProgress, StepDone, Warned
from core.runs import lineage
from core.runs.state_folder import AUTO
from ui.parts.curve import Curve
from ui.parts.numbers import short_text
from ui.text import WORDS, say
from ui.window.last_run import seconds_of

LOG_STEPS, LOG_OTHERS = 60, 140
"""Lines of the log on the page; what happens between steps is not pushed out by them."""

_RECENT = 20
MOST_RATE_BINS = 120


class Run(Protocol):
    """What is needed of core.runner.RunHandle."""

    log: EventLog
    started: float
    folder: Path

    @property
    def status(self) -> str: ...
    @property
    def at_step(self) -> int: ...


@dataclass
class RunView:
    """The story of a run so far. live_step: where a run of this window is now, between two reports too.

    seconds_before: of the runs that it goes on from, until its plan tells. first_seen, seen: step and time of
    the first and the last step that was seen before any report.
    """

    status: str = "idle"
    started: float = 0.0
    folder: Path | None = None
    plan: PlanReady | None = None
    step: StepDone | None = None
    stage: StageProgress | None = None
    losses: Curve = field(default_factory=Curve)
    validation: Curve = field(default_factory=Curve)
    rates: dict[str, Curve] = field(default_factory=dict)
    samples: list[Saved] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    ended: RunEnded | None = None
    pause: Paused | None = None
    steps: deque[StepDone] = field(default_factory=lambda: deque(maxlen=_RECENT))
    live_step: int = 0
    seconds_before: float = 0.0
    first_seen: tuple[int, float] | None = None
    seen: tuple[int, float] | None = None
    logged_events: int = 0
    steps_taken: int = 0
    last_time: float = 0.0
    _stage_began: StageProgress | None = None
    _logged_steps: deque[tuple[int, Event]] = field(default_factory=lambda: deque(maxlen=LOG_STEPS))
    _logged: deque[tuple[int, Event]] = field(default_factory=lambda: deque(maxlen=LOG_OTHERS))

    @property
    def is_live(self) -> bool:
        return self.status in ("starting", "running", "pausing", "paused", "stopping")

    @property
    def total(self) -> int:
        return self.step.total if self.step else self.plan.steps if self.plan else 0

    @property
    def at_step(self) -> int:
        events = (self.plan, self.step, self.ended, *self.saved[-1:])
        return max((self.live_step, *(event.step for event in events if event is not None)))

    @property
    def seconds_per_step(self) -> float | None:
        """The mean over the last reports; before the first, over the steps that were seen to be done."""
        recent = tuple(self.steps)  # copied at once: another page's look may add to it meanwhile
        if recent:
            return sum(event.seconds for event in recent) / len(recent)
        first, last = self.first_seen, self.seen
        if first is None or last is None or last[0] == first[0]:
            return None
        return (last[1] - first[1]) / (last[0] - first[0])

    @property
    def seconds_left(self) -> float | None:
        per_step = self.seconds_per_step
        return None if per_step is None else per_step * max(0, self.total - self.at_step)

    @property
    def stage_left(self) -> float | None:
        """Seconds until what is done between steps is done, by how fast it went so far."""
        stage, began = self.stage, self._stage_began
        if stage is None or began is None or stage.done <= began.done:
            return None
        return (stage.time - began.time) / (stage.done - began.done) * max(0, stage.total - stage.done)

    @property
    def logged(self) -> list[Event]:
        """The events that the log shows, in order."""
        return [event for _, event in sorted((*self._logged, *self._logged_steps), key=lambda pair: pair[0])]

    def elapsed(self, now: float) -> float:
        """Seconds from the start to the end, or to now; with those of the runs that this one goes on from."""
        before = self.plan.seconds if self.plan else self.seconds_before
        return before + max(0.0, (now if self.is_live else self.last_time or self.started) - self.started)

    @property
    def state_path(self) -> str:
        """The newest state the run has saved, or "": what Resume goes on from."""
        return next((event.path for event in reversed(self.saved) if event.kind == "state"), "")

    @property
    def model(self) -> Saved | None:
        """The newest model the run has saved."""
        return next((event for event in reversed(self.saved) if event.kind == "model"), None)

    @property
    def model_path(self) -> str:
        return self.model.path if self.model else ""

    def see(self, step: int, now: float) -> None:
        """The run has come to this step: on a slow computer minutes before its first report."""
        if step > self.live_step and not self.steps and self.status == "running":
            self.seen = (step, now)
            self.first_seen = self.first_seen or self.seen
        self.live_step = step

    def take(self, event: Event) -> None:
        """Fold one event in."""
        self.last_time = event.time
        if isinstance(event, StageProgress):
            self._take_stage(event)
            return
        if isinstance(event, PlanReady):
            self.plan = event
        elif isinstance(event, StepDone):
            self._take_step(event)
        elif isinstance(event, Saved):
            (self.samples if event.kind == "sample" else self.saved).append(event)
        elif isinstance(event, Paused):
            self.pause = event
        elif isinstance(event, Warned):
            self.warned.append(event)
        elif isinstance(event, RunEnded):
            self.ended, self.stage = event, None
        self.logged_events += 1
        kept = self._logged_steps if isinstance(event, StepDone) else self._logged
        kept.append((self.logged_events, event))

    def recall(self, events: Iterable[Event]) -> None:
        """Begin with the curves and samples of the run that this one goes on from."""
        for event in events:
            if isinstance(event, StepDone):
                self._draw(event)
            elif isinstance(event, Saved) and event.kind == "sample":
                self.samples.append(event)

    def _take_step(self, event: StepDone) -> None:
        self.step, self.stage, self.pause = event, None, None
        self.steps_taken += 1
        self._draw(event)
        self.steps.append(event)

    def _draw(self, event: StepDone) -> None:
        self.losses.add(event.step, event.loss)
        if event.validation_loss is not None:
            self.validation.add(event.step, event.validation_loss)
        for name, rate in event.lr.items():
            if name not in self.rates:
                # A dictionary of its own: another page's look may be going through the old one.
                self.rates = {**self.rates, name: Curve(most=MOST_RATE_BINS)}
            self.rates[name].add(event.step, rate)

    def _take_stage(self, event: StageProgress) -> None:
        before = self.stage
        if before is None or before.stage != event.stage or event.done < before.done:
            self._stage_began = event
        self.stage = None if event.done >= event.total else event


class Watcher:
    """Reads each event of a run once, whoever asks; pages only look at the view."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._read = 0
        self._number = 0
        self._view = RunView()
        self._before: tuple[Event, ...] = ()

    def look(self, run: Run | None) -> tuple[RunView, tuple[int, int, str]]:
        """The view, and what changes whenever the view does."""
        with self._lock:
            if run is not self._run:
                self._before = self._resumed_events(run) or (lineage.before(run.folder) if run else ())
                self._run, self._read, self._number = run, 0, self._number + 1
                self._view = RunView(started=run.started, folder=run.folder) if run else RunView()
                self._view.recall(self._before)
                self._view.seconds_before = _seconds_before(run)
            if run is not None:
                # The status first: an end that comes in between is seen at the next look, with its event.
                self._view.status = run.status
                self._view.see(run.at_step if self._view.is_live else 0, time.time())
                events = run.log.since(self._read)
                self._read += len(events)
                for event in events:
                    self._view.take(event)
            return self._view, (self._number, self._read, self._view.status)

    def _resumed_events(self, run: Run | None) -> tuple[Event, ...]:
        """Events up to the state that this run resumes from; () when it is not one of the run shown last."""
        config: RunConfig | None = getattr(run, "config", None)  # a run of an earlier window has none
        if config is None or not config.save.resume or self._run is None:
            return ()
        events = [e for e in (*self._before, *self._run.log.since(0)) if isinstance(e, StepDone | Saved)]
        steps = [
            e.step
            for e in events
            if isinstance(e, Saved) and e.kind == "state" and _resumes(config, Path(e.path).resolve())
        ]
        return tuple(e for e in events if steps and e.step <= steps[-1])


def _seconds_before(run: Run | None) -> float:
    config: RunConfig | None = getattr(run, "config", None)
    resume = config.save.resume if config else None
    return seconds_of(Path(resume)) if resume and resume != AUTO else 0.0


def _resumes(config: RunConfig, state: Path) -> bool:
    """Whether a run resumes from this state, or by "auto" from those of its folder and name."""
    save = config.save
    if save.resume != AUTO:
        return Path(save.resume or "").resolve() == state
    is_there = state.parent == Path(save.output_dir).resolve()
    return is_there and state_of(state.name, save.output_name) is not None


class LogLine(NamedTuple):
    """clock: time of day. level: step, info, good, warn or bad."""

    clock: str
    level: str
    text: str


def log_lines(view: RunView, lang: Lang) -> list[LogLine]:
    """The last events as lines, in a language."""
    return [
        LogLine(time.strftime("%H:%M:%S", time.localtime(event.time)), level, line)
        for event in view.logged
        for level, line in _lines(event, lang)
    ]


def _lines(event: Event, lang: Lang) -> list[tuple[str, str]]:
    if isinstance(event, PlanReady):
        text = say(
            "log.plan", lang, images=event.images, reg=event.reg_images, per=event.steps_per_epoch,
            epochs=event.epochs, steps=event.steps,
        )  # fmt: skip
        return [("info", text)]
    if isinstance(event, StepDone):
        text = say(
            "log.step", lang, step=event.step, total=event.total, epoch=event.epoch,
            loss=f"{event.loss:.4f}", lr=rates(event.lr),
        )  # fmt: skip
        return [("step", text)]
    if isinstance(event, Saved):
        key = f"log.saved.{event.kind}"
        path = Path(event.path).name if event.kind == "sample" else event.path
        return [("info", say(key if key in WORDS else "log.saved.model", lang, path=path))]
    if isinstance(event, Paused):
        return [("info", say("log.paused", lang, step=event.step))]
    if isinstance(event, Warned):
        return [("warn", say("log.warned", lang, text=event.problem.logged(lang)))]
    if isinstance(event, RunEnded):
        level = {"done": "good", "stopped": "info"}.get(event.status, "bad")
        return [(level, line) for line in event.of(lang).splitlines()]
    return []


def rates(lr: dict[str, float]) -> str:
    """The learning rates of the groups; one number when all are the same."""
    values = {short_text(rate) for rate in lr.values()}
    if len(values) == 1:
        return values.pop()
    return ", ".join(f"{name} {short_text(rate)}" for name, rate in lr.items())
