"""What a run has saved: its models, where they lie now, the best of them, deleting one; its newest state."""

from __future__ import annotations

import errno
import functools
import glob
import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.config.output_names import EMBEDDING, is_plain
from core.errors import UserError
from core.formats import sidecar_yaml
from core.formats.header import read_header
from core.runs import judgement, lineage, owned_files, state_folder
from core.runs.judgement import Judged
from core.runs.past_runs import RUNS, PastRun
from core.runs.result_names import LINEAGE
from core.trash import OF_RUNS

MODELS = "models"
"""Folder in the trash of runs for models, a folder in it for each run."""


@dataclass(frozen=True)
class Checkpoint:
    """A model that lies in the output folder. step: optimizer steps it was trained for.

    kind: "last", "epoch", "step" or "best". loss: validation loss at its step, None where not measured.
    is_best: of the lowest validation loss among the checkpoints of its run. judged: what a judge said of it.
    """

    path: Path
    step: int
    kind: str
    size_bytes: int
    loss: float | None = None
    is_best: bool = False
    judged: Judged | None = None


def of_run(run: PastRun, losses: Mapping[int, float] | None = None) -> tuple[Checkpoint, ...]:
    """The saved models of a run that are still there, the newest first. losses: step -> validation loss.

    A file that a run has written several times, as that of its best model, is of the last time.
    """
    losses = losses or {}
    found: dict[Path, Checkpoint] = {}
    for event in run.saves:
        path = place_of(run, event.path) if event.kind == "model" else None
        if path is None:
            continue
        own = event.info.get("validation_loss")
        loss = float(own) if isinstance(own, int | float) else losses.get(event.step)
        found.pop(path, None)
        found[path] = Checkpoint(path, event.step, str(event.info.get("kind", "")), size_of(path), loss)
    listed = sorted(found.values(), key=lambda one: (-one.step, one.kind != "last"))
    measured = [one for one in listed if one.loss is not None]
    best = min(measured, key=lambda one: (one.loss or 0.0, one.kind != "best", one.step), default=None)
    said = judgement.of(run.folder)
    return tuple(
        replace(one, is_best=one is best, judged=said.get((one.path.name, one.step))) for one in listed
    )


def newest(run: PastRun) -> Path | None:
    """Where the newest model of a run lies, or None."""
    return place_of(run, run.model) if run.model else None


def place_of(run: PastRun, path: str) -> Path | None:
    """Where a model lies that a run reported: in its output folder, also when that was moved since.

    A later run of the same name leaves it beside its own as name.old-1; the file itself tells whose it is.
    """
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    place = run.output_dir / name
    if not is_plain(name):
        return None
    if place.suffix != ".safetensors":
        return place if place.exists() else None
    old = run.output_dir.glob(f"{glob.escape(place.stem)}.old-*{place.suffix}")
    return next((one for one in (place, *sorted(old)) if _is_by(one, run, is_old=one != place)), None)


def _is_by(path: Path, run: PastRun, *, is_old: bool) -> bool:
    """Whether a file is of this run. One that does not tell is taken for it where no run has set it aside."""
    try:
        state = path.stat()
        mark = _lineage(path, state.st_mtime_ns, state.st_size)
    except (UserError, OSError):
        return False
    if mark is None:
        return not is_old
    return lineage.is_of(run.folder, mark)


@functools.lru_cache(maxsize=4096)
def _lineage(path: Path, changed_ns: int, size_bytes: int) -> str | None:
    """The mark of a file only says when what is remembered is out of date."""
    return read_header(path).metadata.get(LINEAGE)


def newest_state(run: PastRun) -> tuple[Path, int] | None:
    """The newest state of a run that still lies in its output folder, and its step.

    Not looked into for damage. A later run may have put one of its own under the same name.
    """
    for event in reversed(run.saves):
        name = event.path.replace("\\", "/").rsplit("/", 1)[-1]
        if event.kind == "state" and is_plain(name) and _is_saved_by(run.output_dir / name, event.step, run):
            return run.output_dir / name, event.step
    return None


def _is_saved_by(path: Path, step: int, run: PastRun) -> bool:
    """Whether this run saved a state at this step. An older state tells only which training it is of."""
    try:
        values = json.loads((path / state_folder.STATE).read_text("utf-8"))
        if values["step"] != step:
            return False
        saver, first = str(values.get("run", "")), str(values["lineage"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return saver == run.folder.name if saver else lineage.is_of(run.folder, first)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 when it can't be read."""
    try:
        if path.is_dir():
            return sum(inside.stat().st_size for inside in path.rglob("*") if inside.is_file())
        return path.stat().st_size
    except OSError:
        return 0


def delete(run: PastRun, checkpoint: Checkpoint) -> None:
    """Move a model, with what was written beside it, into the trash of its output folder. Raises OSError."""
    _move(checkpoint.path, _trash(run))


def deleted(run: PastRun) -> tuple[Path, ...]:
    """The models of a run that lie in the trash."""
    try:
        with os.scandir(_trash(run)) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return ()
    stems = {name.rpartition(".")[0] for name in names}
    return tuple(_trash(run) / name for name in sorted(names) if not _is_companion(name, stems))


def _is_companion(name: str, stems: Collection[str]) -> bool:
    """Whether a file belongs to a model. stems: the names of all that lie there, without their endings."""
    is_word = name.endswith(EMBEDDING) and name.removesuffix(EMBEDDING) in stems
    return is_word or name.endswith(sidecar_yaml.YAML)


def restore(run: PastRun, path: Path) -> None:
    """Put a model from the trash back into the output folder. Raises OSError, also when its name is taken."""
    _move(path, run.output_dir)


def _trash(run: PastRun) -> Path:
    return run.output_dir / RUNS / OF_RUNS / MODELS / run.folder.name


def _move(path: Path, folder: Path) -> None:
    """Never over something that is there. What belongs to it goes first: after a kill in between the next try
    finds it where it is to be."""
    pairs = [(one, folder / one.name) for one in _with_sidecar(path)]
    for _, place in pairs:
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place))
    folder.mkdir(parents=True, exist_ok=True)
    for one, place in pairs:
        one.rename(place)


def _with_sidecar(path: Path) -> Iterator[Path]:
    beside = path.with_suffix(sidecar_yaml.YAML)
    if path.suffix and beside.is_file():
        yield beside
    yield from (one for one in owned_files.companions(path) if one != beside)
    yield path
