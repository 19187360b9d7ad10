"""Where a run's events go: the console, a JSON lines file, TensorBoard. Each is a callable with close()."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any, Protocol, TextIO

from core.catalog import Words
from core.counting import filled
from core.errors import LINE, Lang
from core.events import (
    STAGES,
    Event,
    PlanReady,
    RunEnded,
    Saved,
    StageProgress,
    StepDone,
    Stepped,
    Warned,
    to_json,
)

DAYS_FROM = 100 * 3600
"""Seconds from which a time is told in days."""

TENSORBOARD_AGAIN = 30.0
"""Seconds after a fault until TensorBoard's folder is tried again."""

WAITING = Words("Waiting for {path}", "{path} の読み込み待ちです")
ITEM = Words("image {item} of {items}", "{item}/{items}枚目")
STEP = Words(
    "{step} · loss {loss:.4f} · {seconds:.2f} s/step · {left} left",
    "{step} ・ loss {loss:.4f} ・ {seconds:.2f}秒/ステップ ・ 残り {left}",
)
PLAN = Words(
    "{images:# image|# images}, {reg:# regularization image|# regularization images}; "
    "{each:# step|# steps} an epoch, {epochs:# epoch|# epochs}, {steps:# step|# steps}\nSizes: {sizes}",
    "画像 {images}枚・正則化画像 {reg}枚、1エポック {each}ステップ × {epochs}エポック"
    " = {steps}ステップ\n解像度：{sizes}",
)
VALIDATION = Words("validation loss", "検証loss")
SAVED = Words("Saved", "保存しました")
NOTE = Words("Note", "注意")

UNITS = {"fetch_model": " MiB"}
"""Stage -> what it is counted in, where that is not plain."""


def waiting(path: str, lang: Lang) -> str:
    """What is said while a drive does not answer."""
    return WAITING.of(lang).format(path=path)


def progress(event: StageProgress, lang: Lang) -> str:
    """How far a stage is: "3/12", "340/4000 MiB", "image 1 of 5" where it goes on within each image."""
    if event.items:
        return ITEM.of(lang).format(item=event.item, items=event.items)
    return f"{event.done}/{event.total}{UNITS.get(event.stage, '')}"


class Sink(Protocol):
    """Takes every event of a run, in order, on the run's thread.

    One that raises is not asked again, unless it has a true attribute `recovers`.
    """

    def __call__(self, event: Event) -> None: ...
    def close(self) -> None: ...


class JsonLines:
    """One event a line, written through at once, so that a crash loses nothing; not where a run is right now.

    What can't be written is kept and goes before the next event: a drive that was full or gone for a while
    leaves no gap.
    """

    recovers = True
    name = "events.jsonl"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._pending = b""

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stepped):
            return
        # Half of a letter, as in a file name that is no UTF-8, becomes \udcxx, which JSON reads back as such.
        self._pending += (to_json(event) + "\n").encode("utf-8", "backslashreplace")
        self._write()

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = FileIO(self._path, "a")
            while self._pending:
                self._pending = self._pending[self._file.write(self._pending) :]
        except OSError:
            self._drop()
            raise

    def _drop(self) -> None:
        """Open it anew the next time: a drive that was gone knows the old handle no more."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def close(self) -> None:
        try:
            self._write()
        finally:
            self._drop()


class Console:
    """Plain lines, and one progress bar that is redrawn where the console can do so."""

    def __init__(self, stream: TextIO, lang: Lang, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._lang, self._clock = stream, lang, clock
        self._last: StepDone | None = None
        self._is_live = stream.isatty()
        self._bar_drawn_at = float("-inf")
        self._bar_width = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, StageProgress) and event.stage == "wait":
            if event.path:
                self._print(waiting(event.path, self._lang))
        elif isinstance(event, StageProgress):
            stage = STAGES[event.stage].of(self._lang) if event.stage in STAGES else event.stage
            self._bar(f"{stage} {progress(event, self._lang)}", event.done >= event.total)
        elif isinstance(event, Stepped):
            last = self._last
            line = step_line(replace(last, step=event.step), self._lang) if last else first_line(event)
            self._bar(line, event.step >= event.total)
        elif isinstance(event, StepDone):
            if event.validation_loss is not None:
                said = f"{VALIDATION.of(self._lang)} {event.validation_loss:.4f}"
                self._print(f"{event.step}/{event.total}: {said}")
            self._last = event
            self._bar(step_line(event, self._lang), event.step >= event.total)
        elif line := self._line(event):
            self._print(line)

    def _line(self, event: Event) -> str:
        if isinstance(event, PlanReady):
            sizes = ", ".join(f"{b['size'][0]}×{b['size'][1]} ({b['images']})" for b in event.buckets)
            return filled(
                PLAN.of(self._lang),
                {
                    "images": event.images,
                    "reg": event.reg_images,
                    "each": event.steps_per_epoch,
                    "epochs": event.epochs,
                    "steps": event.steps,
                    "sizes": sizes,
                },
            )
        if isinstance(event, Saved):
            return f"{SAVED.of(self._lang)}: {event.path}"
        if isinstance(event, Warned):
            problem = event.problem
            place = "" if problem.line is None else f"{LINE.of(self._lang).format(n=problem.line)}: "
            return f"{NOTE.of(self._lang)}: {place}{problem.logged(self._lang)}"
        if isinstance(event, RunEnded):
            return event.of(self._lang)
        return ""

    def _print(self, text: str) -> None:
        self._clear()
        self._stream.write("".join(c for c in text if c.isprintable() or c == "\n") + "\n")
        self._stream.flush()

    def _bar(self, text: str, is_last: bool) -> None:
        """Redraw at most five times a second; where nothing can be redrawn, a line every ten seconds."""
        now = self._clock()
        if not is_last and now - self._bar_drawn_at < (0.2 if self._is_live else 10.0):
            return
        self._bar_drawn_at = float("-inf") if is_last else now
        if not self._is_live:
            self._stream.write(text + "\n")
        else:
            self._stream.write("\r" + text.ljust(self._bar_width))
            self._bar_width = len(text)
            if is_last:
                self._stream.write("\n")
                self._bar_width = 0
        self._stream.flush()

    def _clear(self) -> None:
        if self._bar_width:
            self._stream.write("\r" + " " * self._bar_width + "\r")
            self._bar_width = 0

    def close(self) -> None:
        self._clear()


class TensorBoard:
    """Loss, learning rates, gradient norm, speed, memory and samples, in a folder named by the time.

    After a fault a new file is begun a while later; what came in between is missing in the curves.
    """

    recovers = True
    name = "TensorBoard"

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        # Imported here: it takes a second, and the window must not wait for it.
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._open: Callable[[], Any] = lambda: EventFileWriter(str(folder))
        self._clock = clock
        self._writer: Any = None
        self._again_at = clock()

    def __call__(self, event: Event) -> None:
        try:
            if self._writer is None and self._clock() >= self._again_at:
                self._writer = self._open()
            if self._writer is not None:
                self._take(event)
        except Exception:
            self._writer, self._again_at = None, self._clock() + TENSORBOARD_AGAIN
            raise

    def _take(self, event: Event) -> None:
        if isinstance(event, StepDone):
            values = {
                "loss": event.loss,
                "grad_norm": event.grad_norm,
                "seconds_per_step": event.seconds,
                "epoch": float(event.epoch),
                **{f"lr/{name}": rate for name, rate in event.lr.items()},
            }
            if event.validation_loss is not None:
                values["loss/validation"] = event.validation_loss
            values |= {f"max_norm/{name}": value for name, value in event.weight_norms.items()}
            if event.vram_bytes:
                values["vram_gib"] = event.vram_bytes / 2**30
            self._add(event.step, event.time, [(tag, {"simple_value": v}) for tag, v in values.items()])
        elif isinstance(event, Saved) and event.kind == "sample":
            self._add_image(event)

    def _add_image(self, event: Saved) -> None:
        from PIL import Image
        from tensorboard.compat.proto.summary_pb2 import Summary

        path = Path(event.path)
        with Image.open(path) as image:
            width, height = image.size
        image = Summary.Image(
            width=width, height=height, colorspace=3, encoded_image_string=path.read_bytes()
        )
        self._add(event.step, event.time, [(f"sample/{event.info.get('prompt', '')[:60]}", {"image": image})])

    def _add(self, step: int, at: float, values: list[tuple[str, dict[str, Any]]]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event as Record
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(tag=tag, **value) for tag, value in values])
        self._writer.add_event(Record(wall_time=at, step=step, summary=summary))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def first_line(event: Stepped | StepDone) -> str:
    """A bar and the number of the step: '[###----] 37/300'."""
    done = int(24 * event.step / event.total)
    return f"[{'#' * done}{'-' * (24 - done)}] {event.step:>{len(str(event.total))}}/{event.total}"


def step_line(event: StepDone, lang: Lang) -> str:
    """'  37/300 steps · loss 0.1234 · 0.52 s/step · 2:17 left'."""
    left = duration(event.seconds * (event.total - event.step))
    return STEP.of(lang).format(step=first_line(event), loss=event.loss, seconds=event.seconds, left=left)


def duration(seconds: float) -> str:
    """75 -> '1:15', 3725 -> '1:02:05'; from 100 hours on days, 432000 -> '5 d 0 h'."""
    whole = max(0, round(seconds))
    if whole >= DAYS_FROM:
        return f"{whole // 86400:,} d {whole // 3600 % 24} h"
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
