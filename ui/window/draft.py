"""The settings as they stand on the page, kept on disk; what can't be used is put aside, never lost."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.config.file import toml_text
from core.reading import reason
from ui.parts.options import OPTIONS
from ui.window import changes
from ui.window.changes import Change

PLAIN = (str, int, float, bool, type(None))
LARGEST = 4_000_000
"""Bytes; the settings of a page take some ten thousand."""

_LENT, _DECIDED, _PRESET, _CHANGES = "lent", "decided", "preset", "changes"

_MOST_PAGES = 64
"""Pages whose changes are told apart."""

_log = logging.getLogger(__name__)


class Draft:
    """The settings as they stand on the page, kept over reloads and restarts; as typed, not checked.

    lent: of what a preset or an import has brought beside its recipe, and of what an offer for a family of
    models has set, (brought, what the user had) by key.
    decided: family -> the values that suit another one and are kept all the same.
    preset: the one that was applied last, "own/name" or "shipped/name"; "" for none.
    changes: of many settings at once, the newest last, for `undo`.
    damaged: why the file of an earlier window could not be read, and where it lies now; None if it could.
    refused, copy: what was left out because the page can't show it, and where the file as it was lies.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.damaged: tuple[Words, Path] | None = None
        self._is_sound: Callable[[str, Any], bool] = _is_plain
        self.refused: dict[str, Any] = {}
        self._number = 0
        self._written: dict[str, int] = {}
        self._taken: dict[str, int] = {}
        self.copy: Path | None = None
        found = self._read()
        self._lent = _pairs(found.pop(_LENT, None))
        self._decided = _tables(found.pop(_DECIDED, None))
        preset = found.pop(_PRESET, "")
        self._preset = preset if isinstance(preset, str) else ""
        self._changes = changes.read(found.pop(_CHANGES, None), _is_plain, _pairs, _tables)
        self._values = {key: value for key, value in found.items() if _is_plain(key, value)}
        self._unknown = {key: value for key, value in found.items() if key not in self._values}

    def _read(self) -> dict[str, Any]:
        """Everything in the file. One that can't be read is renamed: writing the next one must not end it."""
        try:
            if self._path.stat().st_size > LARGEST:
                raise ValueError(f"more than {LARGEST:,} bytes")
            values = json.loads(self._path.read_text("utf-8-sig"))  # editors may add a mark
            if not isinstance(values, dict):
                raise ValueError("no settings in it")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as e:
            _log.warning("the settings in %s can't be read", self._path, exc_info=True)
            aside = self._beside("damaged")
            try:
                os.replace(self._path, aside)
            except OSError:
                aside = self._path
            self.damaged = reason(e), aside
            return {}
        return values

    def _beside(self, why: str) -> Path:
        """A name that is not taken, next to the file."""
        name = f"{self._path.stem}.{time.strftime('%Y%m%d-%H%M%S')}.{why}"
        names = (f"{name}{'' if n == 1 else f'-{n}'}{self._path.suffix}" for n in range(1, 1000))
        return next(path for name in names if not (path := self._path.with_name(name)).exists())

    @property
    def values(self) -> dict[str, Any]:
        with self._lock:
            return dict(self._values)

    @property
    def lent(self) -> dict[str, tuple[Any, Any]]:
        with self._lock:
            return dict(self._lent)

    @property
    def decided(self) -> dict[str, dict[str, Any]]:
        with self._lock:
            return {family: dict(values) for family, values in self._decided.items()}

    @property
    def preset(self) -> str:
        return self._preset

    @property
    def changes(self) -> tuple[Change, ...]:
        with self._lock:
            return tuple(self._changes)

    def decide(self, family: str, values: Mapping[str, Any]) -> None:
        """Remember that these values are meant for models of a family."""
        with self._lock:
            self._decided = {**self._decided, family: {**self._decided.get(family, {}), **values}}
            self._save()

    def refuse(self, is_sound: Callable[[str, Any], bool]) -> None:
        """Leave out what the page can't show, now and later; the file as it was is kept beside."""
        with self._lock:
            self._is_sound = is_sound
            found = {**self._unknown, **self._values}
            refused = {k: v for k, v in found.items() if k in self._unknown or not is_sound(k, v)}
            if not refused:
                return
            self._values = {k: v for k, v in self._values.items() if k not in refused}
            self._lent = {k: pair for k, pair in self._lent.items() if all(is_sound(k, v) for v in pair)}
            self._unknown = {}
            self.refused |= refused
            copy = self._beside("refused")
            try:
                shutil.copyfile(self._path, copy)
                self.copy = copy
                self._write()
            except OSError:
                _log.warning("%s could not be kept beside as %s", self._path, copy, exc_info=True)

    def keep(
        self,
        values: Mapping[str, Any],
        lent: Mapping[str, tuple[Any, Any]] | None = None,
        preset: str | None = None,
        page: str = "",
    ) -> None:
        """Remember; on disk too, unless the disk does not want to. lent, preset: None for what it was.

        page: the one that this comes from, "" where no page shows it already.
        """
        with self._lock:
            merged = {**self._values, **{k: v for k, v in values.items() if self._is_sound(k, v)}}
            borrowed = self._lent if lent is None else dict(lent)
            applied = self._preset if preset is None else preset
            if (merged, borrowed, applied) == (self._values, self._lent, self._preset):
                return
            self._values, self._lent, self._preset = merged, borrowed, applied
            self._save(page)

    def change(
        self,
        act: str,
        name: str,
        values: Mapping[str, Any],
        lent: Mapping[str, tuple[Any, Any]] | None = None,
        preset: str = "",
    ) -> None:
        """As `keep`, of many settings at once, which `undo` takes back. act, name, preset: see Change."""
        with self._lock:
            merged = {**self._values, **{k: v for k, v in values.items() if self._is_sound(k, v)}}
            after, before = changes.difference(self._values, merged)
            if after:
                decided = {family: dict(table) for family, table in self._decided.items()}
                made = Change(act, name, after, before, dict(self._lent), decided, self._preset)
                self._changes = [*self._changes, made][-changes.MOST :]
            self._values, self._preset = merged, preset
            self._lent = self._lent if lent is None else dict(lent)
            self._save()

    def undo(self) -> Change | None:
        """Take back the last change of many settings; gives it, or None when there is none left."""
        with self._lock:
            if not self._changes:
                return None
            last = self._changes.pop()
            self._values = last.undone(self._values)
            self._lent, self._preset = dict(last.lent), last.preset
            self._decided = {family: dict(table) for family, table in last.decided.items()}
            self._save()
            return last

    def written_by_others(self, page: str) -> int:
        """The number of the last change that did not come from this page; 0 for none."""
        with self._lock:
            return max((n for name, n in self._written.items() if name != page), default=0)

    def take(self, page: str, number: int) -> None:
        """Note that what a page has told of as this number, or before, is kept."""
        with self._lock:
            self._taken[page] = max(number, self._taken.pop(page, 0))
            for forgotten in [*self._taken][:-_MOST_PAGES]:
                del self._taken[forgotten]

    def taken(self, page: str) -> int:
        """The number of the last that a page has told of and that is kept; 0 for none."""
        with self._lock:
            return self._taken.get(page, 0)

    def _save(self, page: str = "") -> None:
        self._written.pop(page, None)
        self._written[page] = self._number = self._number + 1
        for forgotten in [*self._written][:-_MOST_PAGES]:
            del self._written[forgotten]
        try:
            self._write()
        except OSError:
            _log.warning("the settings could not be kept in %s", self._path, exc_info=True)

    def _write(self) -> None:
        made = [change.written() for change in self._changes]
        beside = {_LENT: self._lent, _DECIDED: self._decided, _PRESET: self._preset, _CHANGES: made}
        written = {**self._values, **{name: table for name, table in beside.items() if table}}
        text = json.dumps(written, ensure_ascii=False, indent=1)
        toml_text.write(self._path, text.encode("utf-8", "replace").decode("utf-8"))


def _is_plain(key: str, value: Any) -> bool:
    return isinstance(value, PLAIN) and (key in OPTIONS or key == "level")


def _pairs(found: Any) -> dict[str, tuple[Any, Any]]:
    return {
        key: (pair[0], pair[1])
        for key, pair in (found.items() if isinstance(found, dict) else ())
        if key in OPTIONS and isinstance(pair, list) and len(pair) == 2
        if all(isinstance(value, PLAIN) for value in pair)
    }


def _tables(found: Any) -> dict[str, dict[str, Any]]:
    return {
        family: {key: v for key, v in values.items() if key in OPTIONS and isinstance(v, PLAIN)}
        for family, values in (found.items() if isinstance(found, dict) else ())
        if isinstance(values, dict)
    }
