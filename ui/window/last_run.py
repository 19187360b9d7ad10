"""What the window before this one left: the story of its last run, and a state to go on from."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

from core.config import check, output_names
from core.errors import UserError
from core.events import EventLog
from core.runs import lineage, owned_files, past_runs, state_folder


@dataclass(frozen=True)
class Unfinished:
    """A complete state below an output folder whose run had more steps to go."""

    state: Path
    run_file: Path
    name: str
    step: int


def newest_unfinished(output_dir: Path) -> Unfinished | None:
    """The newest state of the output folder, when its run had not come to its end. Reads the whole state.

    The end is the result, not the last step: a run may have been killed between the two. A result that was
    moved elsewhere since is known from the record of the run.
    """
    state, _ = state_folder.newest_of(p for p in output_dir.glob(f"*{output_names.STATE}") if p.is_dir())
    if state is None:
        return None
    run_file = state.path / "run.toml"
    try:
        config = check.load(run_file).config
    except (UserError, OSError):
        return None
    name = config.save.output_name or "last"
    here = config.save.model_copy(update={"output_dir": str(output_dir)})
    was_done = any(
        run.status == "done" and run.step >= state.step and lineage.is_of(run.folder, state.values["lineage"])
        for run in past_runs.past_runs(output_dir)
    )
    if was_done or owned_files.has_result(here, state):
        return None
    return Unfinished(state.path, run_file, name, state.step)


def step_of(path: Path) -> int | None:
    """The step a state folder was saved at, or None when it is no state."""
    step = _reported_by(path, "step")
    return step if isinstance(step, int) else None


def seconds_of(path: Path) -> float:
    """How long the training took until this state, 0 when it is no state or does not tell."""
    seconds = _reported_by(path, "seconds")
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def _reported_by(path: Path, name: str) -> object:
    """A value of a state folder, unchecked; None without one."""
    try:
        return json.loads((path / state_folder.STATE).read_text("utf-8")).get(name)
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


@dataclass
class Story:
    """A run of the past, shown as a run of this window is: all its events are there at once.

    status: as it ended, or "interrupted" when its program ended before it.
    """

    name: str
    folder: Path
    started: float
    status: str
    log: EventLog
    at_step: int = 0


def last_story(output_dir: Path) -> Story | None:
    """The newest run of an output folder, from the folder it left."""
    past = past_runs.past_runs(output_dir)
    record = past_runs.read(past[0].folder) if past else None
    if record is None or record.run.status == "running":
        return None
    log = EventLog()
    for event in record.events:
        log(event)
    run = record.run
    return Story(run.name, run.folder, run.started, run.status, log)


@dataclass
class Left:
    """The last run, and what could be resumed before the run of now."""

    story: Story | None = None
    unfinished: Unfinished | None = None
    earlier: Unfinished | None = None


def look_in_background(output_dir: Path, left: Left) -> threading.Thread:
    """Look on a thread, since a state's checksums take a while."""

    def look() -> None:
        left.story = last_story(output_dir)
        left.unfinished = newest_unfinished(output_dir)

    thread = threading.Thread(target=look, name="rareword-unfinished", daemon=True)
    thread.start()
    return thread
