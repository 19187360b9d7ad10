"""A run that was left unfinished, found again after the window was restarted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.config import check
from core.errors import ConfigError, UserError
from core.train import state_files


@dataclass(frozen=True)
class Unfinished:
    """A complete state below an output folder whose run had more steps to go."""

    state: Path
    run_file: Path
    name: str
    step: int


def newest_unfinished(output_dir: Path) -> Unfinished | None:
    """The newest state of the output folder, when its run had not come to its end. Reads the whole state."""
    states = [path for path in _states(output_dir) if not state_files.fault(path)]
    if not states:
        return None
    try:
        found = state_files.read(max(states, key=lambda path: path.stat().st_mtime))
        run_file = found.path / "run.toml"
        config = check.load(run_file).config
    except (UserError, ConfigError, OSError):
        return None
    train = config.train
    if train.max_train_epochs is None and found.step >= train.max_train_steps:
        return None
    return Unfinished(found.path, run_file, config.save.output_name or "last", found.step)


def _states(output_dir: Path) -> list[Path]:
    if not output_dir.is_dir():
        return []
    return [p for p in output_dir.glob(f"*{state_files.SUFFIX}") if p.is_dir() and step_of(p) is not None]


def step_of(path: Path) -> int | None:
    """The step a state folder was saved at, or None when it is no state."""
    try:
        step = json.loads((path / state_files.STATE).read_text("utf-8")).get("step")
    except (OSError, ValueError, AttributeError):
        return None
    return step if isinstance(step, int) else None


def look_in_background(output_dir: Path, tell: Callable[[Unfinished | None], None]) -> threading.Thread:
    """Look on a thread, since a state's checksums take a while."""
    thread = threading.Thread(
        target=lambda: tell(newest_unfinished(output_dir)), name="rareword-unfinished", daemon=True
    )
    thread.start()
    return thread
