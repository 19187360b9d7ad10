"""What came before a run that was resumed: the runs that it goes on from, back to the first."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

from core.config import output_names
from core.events import Event, Saved, StepDone
from core.runs import past_runs
from core.runs.state_folder import AUTO

MOST_RUNS = 64
"""Of one lineage; more are not followed."""


def before(folder: Path) -> tuple[Event, ...]:
    """Steps and saves of the runs that the run in this folder goes on from, each up to where it was resumed.

    () for a run that began at its first step, and where the runs before it are gone.
    """
    parts: list[list[Event]] = []
    until: int | None = None
    for _, step, events in _followed(folder):
        until = step if until is None else min(step, until)
        parts.append([e for e in events if isinstance(e, StepDone | Saved) and e.step <= until])
    return tuple(event for part in reversed(parts) for event in part)


def folders(folder: Path) -> tuple[Path, ...]:
    """The folder of this run and those of the runs that it goes on from, back to the first that is there."""
    return (folder, *(earlier for earlier, _, _ in _followed(folder)))


def is_of(folder: Path, first: str) -> bool:
    """Whether a run is the first of a training, by the name of its folder, or goes on from that.

    Where the runs before it are gone, so must that one be.
    """
    try:
        changed_ns = folder.parent.stat().st_mtime_ns
    except OSError:
        return False
    return first == folder.name or _is_resumed_from(folder, first, changed_ns)


@functools.lru_cache(maxsize=4096)
def _is_resumed_from(folder: Path, first: str, changed_ns: int) -> bool:
    """The mark of the folder of runs only says when what is remembered is out of date."""
    known = folders(folder)
    if first in (one.name for one in known):
        return True
    is_whole = not past_runs.values_of(known[-1]).get("save.resume")
    return not is_whole and first < known[-1].name and not os.path.lexists(folder.parent / first)


def _followed(folder: Path) -> Iterator[tuple[Path, int, tuple[Event, ...]]]:
    """Each run before this one as _resumed_from gives it, the newest first."""
    for _ in range(MOST_RUNS):
        found = _resumed_from(folder)
        if found is None:
            return
        yield found
        folder = found[0]


def _resumed_from(folder: Path) -> tuple[Path, int, tuple[Event, ...]] | None:
    """The run that saved the state which this one resumes, the step of that state, and what that run told."""
    values = past_runs.values_of(folder)
    resume, name = str(values.get("save.resume") or ""), values.get("save.output_name")
    if not resume:
        return None
    beside = {} if resume == AUTO else {Path(resume).parent / past_runs.RUNS: None}
    for place in {folder.parent: None} | beside:
        for earlier in _earlier(place, folder.name):
            if not _may_have_saved(earlier, "" if resume == AUTO else Path(resume).name):
                continue
            record = past_runs.read(earlier)
            events = tuple(record.events) if record else ()
            steps = [
                event.step
                for event in events
                if isinstance(event, Saved) and event.kind == "state" and _is(event.path, resume, name)
            ]
            if steps:
                return earlier, steps[-1], events
    return None


def _earlier(place: Path, name: str) -> list[Path]:
    """The run folders of a place from before this one, the newest first: their names begin with the time."""
    try:
        found = [path for path in place.iterdir() if path.name < name and not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(found, key=lambda path: path.name, reverse=True)


def _may_have_saved(folder: Path, state: str) -> bool:
    """Whether its events speak of this state, or of any: looked for as text, which takes no time."""
    try:
        told = (folder / past_runs.EVENTS).read_bytes()
    except OSError:
        return False
    return b'"kind": "state"' in told and (state.encode("utf-8", "replace") in told or not state.isascii())


def _is(path: str, resume: str, output_name: str | None) -> bool:
    """Whether a state that was saved there is the one to resume, or by "auto" one of this output name."""
    state = Path(path).name
    return state == Path(resume).name if resume != AUTO else bool(output_names.state_of(state, output_name))
