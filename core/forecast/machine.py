"""What memory this computer has for a run, found without torch."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 2**20

CONTEXT = 500 * MIB
"""What CUDA and its libraries take on a GPU beside torch's own blocks; 300 to 600 MiB by card and driver."""

SLACK = 0.05
"""Share of a GPU's memory in use that torch's allocator holds in blocks that are too small or too large; an
allowance."""

PROCESS = 600 * MIB
"""Resident memory of Python with torch, diffusers and transformers on a CPU, beside the tensors."""

_ASKED = ("name,memory.total,memory.used,compute_cap", "name,memory.total,memory.used")
"""Older drivers do not know the last one."""

_CUDA = re.compile(r"^cuda(?:\s*:[^=]*)?\s*=\s*'[\d.]+'", re.MULTILINE)


@dataclass(frozen=True)
class Machine:
    """total: bytes there are; free: those that other programs leave. has_bf16: the GPU computes in it."""

    is_gpu: bool
    name: str
    total: int
    free: int
    has_bf16: bool = True

    def overhead(self, peak: int) -> int:
        """What is needed beside what a forecast counts."""
        return CONTEXT + int(SLACK * peak) if self.is_gpu else PROCESS


class Looker:
    """Looks at the machine on a thread of its own; `machine` is None until it knows."""

    def __init__(self) -> None:
        self.machine: Machine | None = None

    def start(self) -> None:
        threading.Thread(target=self._probe, name="rareword-machine", daemon=True).start()

    def _probe(self) -> None:
        self.machine = look()


def look() -> Machine:
    """The GPU a run would use, else the CPU with the computer's memory."""
    if torch_has_cuda():
        for asked in _ASKED:
            found = _gpu(asked)
            if found is not None:
                return found
    memory = psutil.virtual_memory()
    return Machine(False, "", memory.total, memory.available)


def free_ram() -> int:
    """Bytes of the computer's memory that are free."""
    return int(psutil.virtual_memory().available)


def torch_has_cuda() -> bool:
    """Whether the installed torch was built for NVIDIA cards; from its files, since importing is slow."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return False
    try:
        text = (Path(found.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return False
    return _CUDA.search(text) is not None


def _gpu(asked: str) -> Machine | None:
    command = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return parse(told)


def parse(told: str) -> Machine | None:
    """The first card of nvidia-smi's table, in MiB; None when it tells something else."""
    cells = [cell.strip() for cell in told.strip().splitlines()[0].split(",")] if told.strip() else []
    try:
        name, total, used, *capability = cells
        has_bf16 = float(capability[0]) >= 8 if capability else False
        return Machine(True, name, int(total) * MIB, (int(total) - int(used)) * MIB, has_bf16)
    except (ValueError, IndexError):
        return None
