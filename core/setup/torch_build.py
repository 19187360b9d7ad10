"""Which build of torch belongs on this machine, and how pip is told to put it in."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass

from core.setup.pip import Pip, install, installed, say

TORCH_INDEX = "https://download.pytorch.org/whl"
CUDA_13_DRIVER = 580


@dataclass(frozen=True)
class Card:
    """An NVIDIA card; compute_cap is 0 where the driver is too old to tell it."""

    compute_cap: float
    driver: int


def nvidia_smi() -> str | None:
    return shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path="/usr/lib/wsl/lib")


def nvidia_cards(program: str | None) -> list[Card]:
    for fields in ("driver_version,compute_cap", "driver_version"):  # old drivers do not know the second
        if program is None:
            break
        query = [program, f"--query-gpu={fields}", "--format=csv,noheader"]
        try:
            answer = subprocess.run(query, capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            break
        found = re.findall(r"^(\d+)[\d.]*(?:,\s*([\d.]+))?\s*$", answer.stdout, re.MULTILINE)
        if answer.returncode == 0 and found:
            return [Card(float(cap or 0), int(driver)) for driver, cap in found]
    return []


def torch_build(cards: list[Card], system: str) -> str:
    """cpu, cu126 or cu130: CUDA 13 wants a driver of 580 and has no code for cards before Turing (7.5)."""
    if not cards or system not in ("Linux", "Windows"):
        return "cpu"
    is_new = all(card.compute_cap >= 7.5 and card.driver >= CUDA_13_DRIVER for card in cards)
    return "cu130" if is_new or any(card.compute_cap >= 10 for card in cards) else "cu126"  # 10: Blackwell


def torch_arguments(version: str, build: str, system: str, machine: str) -> tuple[str, tuple[str, ...]]:
    """The requirement and options for pip; the build is named where the default index holds another one."""
    default = {"Linux": "cu130" if machine == "x86_64" else "", "Windows": "cpu", "Darwin": "cpu"}
    if default.get(system) == build:
        return f"torch=={version}", ()
    return f"torch=={version}+{build}", ("--extra-index-url", f"{TORCH_INDEX}/{build}")


def can_reach(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=8):
            return True
    except (OSError, ValueError):
        return False


def keeps_torch(version: str, present: str | None, build: str, ours: str | None) -> bool:
    """A torch of the wanted release stays, whoever put it in; only our own CPU build gives way to a card."""
    return present is not None and present.split("+")[0] == version and not (ours == "cpu" != build)


def install_torch(version: str, build: str, singly: bool, pip: Pip) -> None:
    requirement, options = torch_arguments(version, build, platform.system(), platform.machine())
    if build == "cpu" and options and not can_reach(f"{TORCH_INDEX}/cpu/"):
        say(
            "  download.pytorch.org is out of reach; the default index may give a far larger PyTorch.",
            "  download.pytorch.org に届きません。既定の配布元の PyTorch は大きいことがあります。",
        )
        requirement, options = f"torch=={version}", ()
    size = ("0.2 GB", "0.2 GB") if build == "cpu" else ("several GB", "数 GB")
    say(f"  PyTorch {version}, {build} build, {size[0]}", f"  PyTorch {version} {build} 版、{size[1]}")
    if installed("torch") is not None:
        pip(["uninstall", "-y", "torch"])  # else another build of the same release would count as good enough
    install(pip, [requirement], options, singly)
