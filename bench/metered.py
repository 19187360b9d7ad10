"""Runs a training program as it is, notes the time of each optimizer step, and ends it after enough of them.

    python -m bench.metered LOG STEPS PROGRAM ARGUMENTS...

PROGRAM is a .py file or the name of a module. LOG gets JSON: wall and process-CPU clock (all threads) after
each step, in seconds, and the peak of resident memory before the U-Net is first trained and at the end.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

STANDIN = Path(__file__).resolve().parent / "standin"


class Meter:
    """Clocks of one program. Exact, and the same for every contestant."""

    def __init__(self, log: Path, steps: int) -> None:
        self._log, self._steps = log, steps
        self._clocks: list[tuple[float, float]] = []
        self._loading = 0
        self._hook = register_module_forward_pre_hook(self._first_forward)
        register_optimizer_step_post_hook(self._stepped)

    def _first_forward(self, module: torch.nn.Module, _: Any) -> None:
        if isinstance(module, diffusers.UNet2DConditionModel) and torch.is_grad_enabled():
            self._loading = peak_kib()
            self._hook.remove()

    def _stepped(self, *_: Any) -> None:
        self._clocks.append((time.monotonic(), time.process_time()))
        if len(self._clocks) < self._steps:
            return
        found = {"clocks": self._clocks, "loading_kib": self._loading, "peak_kib": peak_kib()}
        self._log.write_text(json.dumps(found), encoding="utf-8")
        os._exit(0)


def peak_kib() -> int:
    """Highest resident memory of this process so far. Not ru_maxrss, which counts the parent's in."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise OSError("no VmHWM in /proc/self/status")


def main() -> None:
    log, steps, program, *arguments = sys.argv[1:]
    # Both libraries have looked by now for the real torchvision, and found none.
    assert transformers.__version__ and diffusers.__version__
    Meter(Path(log), int(steps))
    sys.argv = [program, *arguments]
    if program.endswith(".py"):
        sys.path[0:0] = [str(Path(program).parent), str(STANDIN)]
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    raise SystemExit(f"{program} ended before {steps} steps")


if __name__ == "__main__":
    main()
