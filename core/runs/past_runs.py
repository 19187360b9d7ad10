"""Past runs, read back from the folders they left: a quick list, and one of them in full.

A run folder is `<output_dir>/runs/<time>-<name>/` with run.toml and events.jsonl. Whatever is broken, half
written or not ours is passed over, or read as far as it goes; nothing here raises for what lies in a folder.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import math
import os
import re
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.events import Event, PlanReady, RunEnded, Saved, StepDone, from_json
from core.formats import atomic_write
from core.runs import lock
from core.trash import OF_RUNS

RUNS = "runs"
"""Folder below an output folder."""

RUN_FILE, EVENTS, SAMPLES = "run.toml", "events.jsonl", "samples"
TITLE = "title.txt"
"""What the user calls a run, in its folder."""

LONGEST_TITLE = 120

_STEP, _PROGRESS = b'{"event": "step_done"', b'{"event": "stage_progress"'
_STEPS_READ = 8
"""Of the last ones; the loss of the very last may be no number."""

_LARGEST_RUN_FILE = 1_000_000
_STAMP = re.compile(r"(\d{8}-\d{6})(?:-(.*))?")
_MOST_REMEMBERED = 2048


@dataclass(frozen=True)
class PastRun:
    """A run as the list shows it.

    started: seconds since 1970. seconds: from the start to the last event. status: done, stopped, refused,
    failed; running while a program works in the folder; interrupted when none does and it has no end.
    title: the user's own name for it, or "". prompt: the first line of its sample prompts, or "".
    sampler: of its samples, a key of catalog.SAMPLERS, or "".
    saves: models and states it has reported, in turn.
    step, total: optimizer steps done and planned, 0 when unknown. loss: of the last report. model: path of
    the newest model as the run reported it, or "". samples: number of images in the folder.
    """

    folder: Path
    name: str
    started: float
    seconds: float
    status: str
    step: int
    total: int
    loss: float | None
    model: str
    samples: int
    method: str
    base: str
    ended: RunEnded | None = None
    saves: tuple[Saved, ...] = ()
    title: str = ""
    prompt: str = ""
    sampler: str = ""

    @property
    def shown_name(self) -> str:
        """What the user calls it, else its output name."""
        return self.title or self.name

    @property
    def output_dir(self) -> Path:
        """The output folder it lies in, which is another than it was trained into when that was moved."""
        return self.folder.parent.parent


@dataclass(frozen=True)
class Record:
    """A run in full. values: the options in its run file, {"section.name": value}, as they stand there."""

    run: PastRun
    text: str
    values: Mapping[str, Any]
    events: Sequence[Event] = field(repr=False)


def last_image(run: PastRun) -> Path | None:
    """The sample image of the first prompt at the last step that has some; None without samples."""
    if not run.samples:
        return None
    try:
        with os.scandir(run.folder / SAMPLES) as entries:
            names = sorted(entry.name for entry in entries if entry.name.lower().endswith(".png"))
    except OSError:
        return None
    last = names[-1].partition("_")[0] if names else ""
    return next((run.folder / SAMPLES / name for name in names if name.startswith(last)), None)


def set_title(run: PastRun, title: str) -> None:
    """Give a run a name of the user's own; "" takes it away. Its files keep theirs. Raises OSError."""
    path = run.folder / TITLE
    words = " ".join("".join(c if c.isprintable() else " " for c in title).split())[:LONGEST_TITLE]
    if words:
        atomic_write.replace_file(path, lambda file: file.write(words.encode("utf-8", "replace")))
    else:
        path.unlink(missing_ok=True)


def past_runs(output_dir: Path, live: Path | None = None) -> tuple[PastRun, ...]:
    """The runs of an output folder, newest first. live: folder of the run under way, if any.

    Reads an event file anew only when it has changed.
    """
    return _in(output_dir / RUNS, live)


def _in(place: Path, live: Path | None = None) -> tuple[PastRun, ...]:
    runs = [as_live(run, live) for path in _folders(place) if (run := _read(path)) is not None]
    return tuple(sorted(runs, key=lambda run: (run.started, run.folder.name), reverse=True))


def as_live(run: PastRun, live: Path | None) -> PastRun:
    """The run with the status "running" when its folder is that of the run under way."""
    is_live = live is not None and run.ended is None and _same(run.folder, live)
    return replace(run, status="running") if is_live else run


def read(folder: Path, live: Path | None = None) -> Record | None:
    """A run in full, or None when the folder holds none.

    Sample images are given where they lie now, inside the folder, also when it was moved since.
    """
    run = _read(folder)
    if run is None:
        return None
    text = _text(folder / RUN_FILE)
    events = tuple(_settled(event, folder) for event in _parsed(_lines(folder / EVENTS)))
    return Record(as_live(run, live), text, values_in(text), events)


def to_trash(run: PastRun) -> PastRun:
    """Take a run out of the list: its folder moves beside the others, below runs/.trash. Raises OSError."""
    return _moved(run, run.folder.parent / OF_RUNS)


def trashed(output_dir: Path) -> tuple[PastRun, ...]:
    """The runs that were taken out of the list, newest first."""
    return _in(output_dir / RUNS / OF_RUNS)


def from_trash(run: PastRun) -> PastRun:
    """Put a run back where it was. Raises OSError."""
    return _moved(run, run.folder.parent.parent)


def _moved(run: PastRun, to: Path) -> PastRun:
    to.mkdir(exist_ok=True)
    place = to / run.folder.name
    if place.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place))
    run.folder.rename(place)
    return replace(run, folder=place)


def values_of(folder: Path) -> dict[str, Any]:
    """The options in the run file of a run folder, as values_in gives them."""
    return values_in(_text(folder / RUN_FILE))


def values_in(text: str) -> dict[str, Any]:
    """{"section.name": value} of a run file's text, unchecked; {} when it can't be read."""
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return {
        f"{section}.{name}": value
        for section, options in tables.items()
        if isinstance(options, dict)
        for name, value in options.items()
    }


def _folders(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            return [Path(e.path) for e in entries if e.is_dir() and not e.name.startswith(".")]
    except OSError:
        return []


Mark = tuple[tuple[int, int] | None, tuple[int, int] | None]


def mark(folder: Path) -> Mark:
    """Changes whenever a run's files do; (None, None) where there is no run."""
    return _mark(folder / RUN_FILE), _mark(folder / EVENTS)


def _read(folder: Path) -> PastRun | None:
    """The run of a folder, from memory when nothing in it has changed."""
    marks = mark(folder)
    if not any(marks):
        return None
    title = _text(folder / TITLE).strip()[:LONGEST_TITLE]
    run = replace(_summary(folder, *marks), samples=_count(folder / SAMPLES), title=title)
    is_running = run.ended is None and lock.is_held(folder)
    return replace(run, status="running") if is_running else run


def _mark(path: Path) -> tuple[int, int] | None:
    """Changes whenever the file does; None when there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_size)


def _count(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(entry.name.lower().endswith(".png") for entry in entries)
    except OSError:
        return 0


@functools.lru_cache(maxsize=_MOST_REMEMBERED)
def _summary(folder: Path, run_file: tuple[int, int] | None, events: tuple[int, int] | None) -> PastRun:
    """What the files tell. The marks only say when what is remembered is out of date."""
    values = values_in(_without_comments(_text(folder / RUN_FILE)))
    stamp = _STAMP.fullmatch(folder.name)
    recorded = list(_parsed(_without_most_steps(_lines(folder / EVENTS))))
    steps = [event for event in recorded if isinstance(event, StepDone)]
    ended = next((event for event in reversed(recorded) if isinstance(event, RunEnded)), None)
    started = _from_stamp(stamp.group(1)) if stamp else None
    if started is None:
        started = recorded[0].time if recorded else (run_file or events or (0, 0))[0] / 1e9
    plan = next((event for event in recorded if isinstance(event, PlanReady)), None)
    model = next((e.path for e in reversed(recorded) if isinstance(e, Saved) and e.kind == "model"), "")
    losses = [event.loss for event in steps if math.isfinite(event.loss)]
    return PastRun(
        folder=folder,
        name=str(values.get("save.output_name") or (stamp and stamp.group(2)) or folder.name),
        started=started,
        seconds=max(0.0, recorded[-1].time - started) if recorded else 0.0,
        status=ended.status if ended else "interrupted",
        step=max(
            (e.step for e in recorded if isinstance(e, PlanReady | StepDone | Saved | RunEnded)), default=0
        ),
        total=steps[-1].total if steps else plan.steps if plan else 0,
        loss=losses[-1] if losses else None,
        model=model,
        samples=0,
        method=str(values.get("network.method", "")),
        base=str(values.get("model.base", "")),
        ended=ended,
        prompt=_first(values.get("sample.sample_prompts")),
        sampler=str(values.get("sample.sample_sampler", "")),
        saves=tuple(e for e in recorded if isinstance(e, Saved) and e.kind in ("model", "state")),
    )


def _first(lines: Any) -> str:
    given = lines if isinstance(lines, list) else []
    return next((line for line in given if isinstance(line, str) and line.strip()), "")


def _from_stamp(text: str) -> float | None:
    try:
        return time.mktime(time.strptime(text, "%Y%m%d-%H%M%S"))
    except (ValueError, OverflowError):
        return None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_RUN_FILE:
            return ""
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _without_comments(text: str) -> str:
    """Our run files are half comments, and reading TOML is what takes the time."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _without_most_steps(lines: Sequence[bytes]) -> list[bytes]:
    """The lines without most of those that come by the hundred: reading their JSON is what takes the time."""
    steps = [n for n, line in enumerate(lines) if line.startswith(_STEP)]
    kept = {*steps[-_STEPS_READ:], len(lines) - 1, len(lines) - 2}
    return [line for n, line in enumerate(lines) if n in kept or not line.startswith((_STEP, _PROGRESS))]


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError:
        return []


def _parsed(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of lines; a line cut short by a crash, or of something else, is passed over."""
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, RecursionError, OverflowError):
            yield from_json(line)


def _settled(event: Event, folder: Path) -> Event:
    """A sample image where it lies now; never a path outside of the folder."""
    if isinstance(event, Saved) and event.kind == "sample":
        return replace(event, path=str(folder / SAMPLES / _last_part(event.path)))
    return event


def _last_part(path: str) -> str:
    """The name a path ends in, whichever system wrote it; "_" for what names nothing inside a folder."""
    name = re.split(r"[\\/]", path)[-1]
    return name if name not in ("", ".", "..") else "_"


def _same(one: Path, other: Path) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
