"""What was generated to try results: the images of this workspace with their settings, the newest last."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.config.output_names import is_plain
from ui.parts.job import Job

FOLDER = "tries"
"""Below the workspace."""

MOST = 48
"""Images that are shown."""

_LIST = "tries.jsonl"
_LARGEST = 200_000
"""Bytes of the end of the list that are read."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """An image. file: its name. group: the same for all of one click. label: what generated it.

    strength: of the LoRA, None where there is none. values: the fields as texts, to be filled in again.
    """

    file: str
    group: str
    label: str
    seed: int
    strength: float | None
    values: Mapping[str, str] = field(default_factory=dict)


class Tries:
    """The images and the work that makes them. Safe from any thread."""

    def __init__(self, workspace: Path) -> None:
        self.folder = workspace / FOLDER
        self.job: Job[None] = Job("rareword-try")
        self._lock = threading.Lock()
        self._known: list[Tried] | None = None

    def place(self) -> Path:
        """A free path for the next image."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        number = 1
        while (path := self.folder / f"{stamp}-{number:02d}.png").exists():
            number += 1
        return path

    def add(self, tried: Tried) -> None:
        """Remember an image; a disk that takes no more of the list loses it at the next start only."""
        with self._lock:
            self._read().append(tried)
            try:
                with (self.folder / _LIST).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(tried), ensure_ascii=False) + "\n")
            except OSError:
                _log.warning("the list of generated images can't be written", exc_info=True)

    def last(self) -> Sequence[Tried]:
        """The newest images that are still there, the newest first."""
        with self._lock:
            known = self._read()[-MOST:]
        return [tried for tried in reversed(known) if (self.folder / tried.file).is_file()]

    def _read(self) -> list[Tried]:
        if self._known is None:
            self._known = [tried for line in self._lines() if (tried := _tried(line)) is not None]
        return self._known

    def _lines(self) -> list[str]:
        try:
            with (self.folder / _LIST).open("rb") as file:
                file.seek(max(0, (self.folder / _LIST).stat().st_size - _LARGEST))
                return file.read(_LARGEST).decode("utf-8", "replace").splitlines()
        except OSError:
            return []


def _tried(line: str) -> Tried | None:
    """None for a line that was cut short, or is not ours."""
    try:
        values: dict[str, Any] = json.loads(line)
        strength = values["strength"]
        texts = {str(name): str(text) for name, text in values["values"].items()}
        tried = Tried(
            str(values["file"]),
            str(values["group"]),
            str(values["label"]),
            int(values["seed"]),
            None if strength is None else float(strength),
            texts,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None
    return tried if is_plain(tried.file) else None
