"""The system's dialog for files and folders: only on a desktop, only for whoever sits before it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import Lang
from ui.window.pick import KINDS

_PROJECT = Path(__file__).resolve().parents[2]
_PATIENCE = 600
"""Seconds until a dialog that nobody answers is closed."""
_HERE = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def has_desktop() -> bool:
    """Whether a window can be shown to the user who started this."""
    if "SSH_CONNECTION" in os.environ:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def is_available() -> bool:
    """Whether there are a desktop and Tk; Tk itself is not imported."""
    return has_desktop() and importlib.util.find_spec("_tkinter") is not None


def is_here(request: Any) -> bool:
    """Whether a request comes from a browser on this very computer, and through nothing in between."""
    client = getattr(request, "client", None)
    headers = getattr(request, "headers", None) or {}
    return getattr(client, "host", "") in _HERE and not any(name in headers for name in _FORWARDED)


class Dialog:
    """Opens one dialog at a time, each in a short process with a fixed command."""

    def __init__(self, run: Callable[..., Any] = subprocess.run) -> None:
        self._run = run
        self._lock = threading.Lock()

    def ask(self, kind: str, lang: Lang) -> Path | None:
        """What was chosen; None for nothing, or while another dialog is open.

        kind: a key of ui.window.pick.KINDS.
        """
        if kind not in KINDS or not self._lock.acquire(blocking=False):
            return None
        try:
            done = self._run(
                [sys.executable, "-m", "ui.window.pick", kind, lang],
                cwd=_PROJECT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            chosen = json.loads(done.stdout)["path"]
        except (subprocess.SubprocessError, OSError, ValueError, KeyError):
            return None
        finally:
            self._lock.release()
        return Path(chosen) if chosen else None
