"""How busy this computer is now: GPU, memory and the disk that results go to. No torch.

Looking takes up to seconds (nvidia-smi, a drive that sleeps), so it is done on a thread, and only while
somebody asks.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.forecast.machine import MIB, torch_has_cuda

FRESH, FRESH_IDLE = 2.0, 15.0
"""Seconds that a look is good for: while a training runs, and else, when a laptop's GPU may be asleep."""

_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows, no console window of its own."""

_PATIENCE = 10
"""Seconds for nvidia-smi to answer."""

_COMMAND = (
    "nvidia-smi",
    "--query-gpu=name,memory.used,memory.total,utilization.gpu,temperature.gpu",
    "--format=csv,noheader,nounits",
)


@dataclass(frozen=True)
class Gpu:
    """used, total: bytes. busy: percent of the last second or so. celsius: of the chip. None: not told."""

    name: str
    used: int | None = None
    total: int | None = None
    busy: int | None = None
    celsius: int | None = None


@dataclass(frozen=True)
class Load:
    """gpu: the first card, None without one. cpu: percent of all cores. In bytes: memory of the computer;
    disk_free, disk_total of the drive below `folder`, None where it can't be asked.
    """

    gpu: Gpu | None
    cpu: float
    ram_used: int
    ram_total: int
    folder: Path
    disk_free: int | None = None
    disk_total: int | None = None


class LoadWatch:
    """The load as it was a moment ago; asking for it has it looked for anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._looked_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._load: Load | None = None
        self._has_cuda: bool | None = None

    def ask(self, folder: Path, is_busy: bool) -> Load | None:
        """What is known, at once; None before the first look has come back.

        folder: where results go. is_busy: whether a training runs.
        """
        fresh = FRESH if is_busy else FRESH_IDLE
        with self._lock:
            known = self._load
            is_looking = self._thread is not None and self._thread.is_alive()
            if not is_looking and self._clock() - self._looked_at >= fresh:
                self._looked_at = self._clock()
                self._thread = threading.Thread(
                    target=self._measure, args=(folder,), name="rareword-load", daemon=True
                )
                self._thread.start()
        return known

    def _measure(self, folder: Path) -> None:
        if self._has_cuda is None:
            self._has_cuda = torch_has_cuda()
        self._load = look(folder, self._has_cuda)


def look(folder: Path, has_cuda: bool) -> Load:
    """The load of now. has_cuda: whether to ask for an NVIDIA card."""
    memory = psutil.virtual_memory()
    free, total = disk(folder)
    return Load(
        gpu=_gpu() if has_cuda else None,
        cpu=psutil.cpu_percent(None),
        ram_used=memory.total - memory.available,
        ram_total=memory.total,
        folder=folder,
        disk_free=free,
        disk_total=total,
    )


def disk(folder: Path) -> tuple[int | None, int | None]:
    """Free and all bytes of the drive; of a folder that is not there yet, of the first above it that is."""
    for place in (folder, *folder.parents):
        try:
            usage = shutil.disk_usage(place)
        except FileNotFoundError:
            continue
        except OSError:
            break
        return usage.free, usage.total
    return None, None


def _gpu() -> Gpu | None:
    try:
        done = subprocess.run(
            _COMMAND, capture_output=True, text=True, timeout=_PATIENCE, check=True, creationflags=_HIDDEN
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse(done.stdout)


def parse(told: str) -> Gpu | None:
    """The first card of nvidia-smi's table; memory is told in MiB, "[N/A]" is what a card does not tell."""
    cells = [cell.strip() for cell in told.strip().splitlines()[0].split(",")] if told.strip() else []
    if len(cells) != 5 or not cells[0]:
        return None
    used, total, busy, celsius = (int(cell) if cell.isdigit() else None for cell in cells[1:])
    return Gpu(
        cells[0],
        None if used is None else used * MIB,
        None if total is None else total * MIB,
        busy,
        celsius,
    )
