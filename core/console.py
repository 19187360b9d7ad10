"""The console belongs to us: what libraries print at import and in passing goes to a log file instead."""

from __future__ import annotations

import io
import locale
import logging
import os
import re
import sys
from pathlib import Path
from typing import TextIO, cast

from core.errors import LANGS, Lang

_DISGUISED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line ends, and those that turn the direction of writing."""


class _Terminal(io.TextIOWrapper):
    """A stream on which no file's name moves the cursor, changes colours or hides what comes after it."""

    def write(self, text: str) -> int:
        """As ever; on a terminal without control characters. What goes to a file or a pipe stays as it is."""
        return super().write(_DISGUISED.sub("\N{REPLACEMENT CHARACTER}", text) if self.isatty() else text)


def take_over(log: Path) -> TextIO:
    """A stream to the real console; from here on everything else that is printed goes to `log`.

    Works on the file descriptors, so it also holds for C++ libraries and child processes. Where the log can't
    be written, such as on a full disk, what would stand in it is lost and the command runs all the same.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    encoding = sys.stdout.encoding or "utf-8"
    console = _Terminal(os.fdopen(os.dup(1), "wb"), encoding, "replace", line_buffering=True)
    sink = _opened(log)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)
    for stream in (sys.stdout, sys.stderr):
        cast("TextIO", stream).reconfigure(encoding="utf-8", errors="replace")  # type: ignore[attr-defined]
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.captureWarnings(True)
    return console


def _opened(log: Path) -> int:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def calm_threads() -> None:
    """Let torch's CPU threads sleep, not spin, while they wait for each other; before torch is imported.

    Spinning threads take the cores away from the browser that shows the window, and from each other.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def language(asked: str | None) -> Lang:
    """As asked, else by the system's locale."""
    if asked in LANGS:
        return asked
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    named = next(filter(None, names), locale.getlocale()[0] or "")
    return next((lang for lang in LANGS if named.lower().startswith(lang)), "en")
