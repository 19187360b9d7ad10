"""What is known about images, cached by the content of their files: checked again, nothing is decoded."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.catalog import Size
from core.data.health.measure import Traits, measure
from core.data.images import decode
from core.data.images.load import content_hash
from core.data.images.verify import Verified, verify
from core.patience import in_order

VERSION = 1
"""To be raised whenever a trait means something else: what older versions wrote is then measured anew."""

_MOST_BYTES = 64 * 2**20
_log = logging.getLogger(__name__)


class FactsCache:
    """Verified files and traits by content, in memory and in a file of one JSON line each; safe for threads.

    A file that can't be written or read costs time only, never an answer.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._verified: dict[tuple[str, str], Verified] = {}
        self._traits: dict[str, Traits] = {}
        self._unsaved: list[dict[str, Any]] = []
        if path is not None:
            self._read(path)

    def verify(self, path: Path) -> Verified:
        """As `verify.verify`, without decoding a file that was sound before."""
        try:
            content = content_hash(decode.read(path))
        except OSError:
            return verify(path)
        key = (content, path.suffix.lower())
        if key not in self._verified:
            fresh = verify(path)
            if fresh.problems or fresh.size is None or fresh.content != content:
                return fresh
            self._verified[key] = fresh
            self._note({"suffix": key[1], "size": [*fresh.size], "alpha": fresh.has_alpha}, content)
        return self._verified[key]

    def traits(
        self,
        files: Mapping[str, Path],
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> dict[str, Traits]:
        """The traits of files by content, several measured at a time; those that can't be are left out.

        progress: called with (done, total) images.
        """
        missing = [content for content in files if content not in self._traits]
        measured = in_order(lambda content: _measured(files[content], content), missing, name="health")
        try:
            for done, (content, traits) in enumerate(zip(missing, measured, strict=True), 1):
                if traits is not None:
                    self._traits[content] = traits
                    grid = base64.b64encode(traits.grid).decode("ascii")
                    self._note({"traits": {**asdict(traits), "grid": grid}}, content)
                progress(done, len(missing))
        finally:
            measured.close()
            self.keep()
        return {content: self._traits[content] for content in files if content in self._traits}

    def _note(self, row: dict[str, Any], content: str) -> None:
        with self._lock:
            self._unsaved.append({"v": VERSION, "content": content, **row})

    def keep(self) -> None:
        """Write what is new to the file."""
        with self._lock:
            rows, self._unsaved = self._unsaved, []
        if self._path is None or not rows:
            return
        lines = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            is_full = self._path.is_file() and self._path.stat().st_size > _MOST_BYTES
            with self._path.open("w" if is_full else "a", encoding="utf-8") as file:
                file.write(lines)
        except OSError:
            _log.warning("facts about images could not be cached in %s", self._path, exc_info=True)

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                self._take_row(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                continue  # a line cut short by a crash; its image is measured again

    def _take_row(self, row: dict[str, Any]) -> None:
        if row["v"] != VERSION:
            return
        content = str(row["content"])
        if "traits" in row:
            grid = base64.b64decode(row["traits"]["grid"], validate=True)
            self._traits[content] = Traits(**{**row["traits"], "grid": grid})
        else:
            size, suffix = Size(*row["size"]), str(row["suffix"])
            self._verified[content, suffix] = Verified(size, content, (), bool(row["alpha"]))


def _measured(path: Path, content: str) -> Traits | None:
    """The traits, or None when the file is gone, another one by now, or more than the memory holds."""
    try:
        data = decode.read(path)
        return measure(data) if content_hash(data) == content else None
    except Exception:  # Pillow raises nearly anything; broken files are among the plan's problems
        _log.info("%s could not be measured", path, exc_info=True)
        return None
