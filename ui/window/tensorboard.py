"""TensorBoard beside the window: on loopback, on a free port, gone when the window is."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import UserError
from ui.window import messages

HOST = "127.0.0.1"
SLOWEST = 60.0
"""Seconds that it may take to answer; a cold start reads a good deal from disk."""

# Its parent's end closes the pipe, also when the parent is killed: then it ends too, on every system.
_CHILD = """
import os, sys, threading
def leave():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=leave, daemon=True).start()
from tensorboard.main import run_main
run_main()
"""


class TensorBoard:
    """At most one of it; another folder means another process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.folder: Path | None = None

    @property
    def url(self) -> str:
        """Where it answers, or "" while it does not run."""
        is_on = self._process is not None and self._process.poll() is None
        return f"http://{HOST}:{self._port}/" if is_on else ""

    def start(self, folder: Path) -> Iterator[None]:
        """Begin to show the logs in a folder; goes on until it answers. Raises UserError when it does not."""
        with self._lock:
            if not (self.url and self.folder == folder):
                self._stop()
                self._port, self.folder = _free_port(), folder
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _CHILD, "--logdir", str(folder), "--host", HOST,
                     "--port", str(self._port), "--reload_interval", "10"],
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
        until = time.monotonic() + SLOWEST
        while not _answers(self._port):
            if not self.url or time.monotonic() > until:
                self.stop()
                raise UserError(messages.NO_TENSORBOARD())
            yield
            time.sleep(0.2)

    def stop(self) -> None:
        """End it, if it runs."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process, self.folder = None, None


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(0.5)
        return sock.connect_ex((HOST, port)) == 0
