"""Kills trainings without warning, resumes them, and compares what they leave with one that was never killed.

    nice python -m bench.kills [--real 8] [--random 30] [--pairs 6] [--write]

A tiny model of Stable Diffusion's structure that was trained for two steps is trained for a third one:
model and state of that step are saved, those of the first are deleted, and those of the end are replaced. So
a LoRA, a whole model, and a LoRA with averaged weights (EMA).

What a kill leaves is what lies on the disk at that instant, so before each action on the disk the output
folder is copied, and every different copy is resumed to the end. At some of the actions (--real) the process
is truly killed (SIGKILL), then at random times until the training comes through, then one of two processes
(gloo). Equal means every bit of the final model and of the last state, with nothing half-written left.

Children are forked from a warm process, so it needs Linux or macOS. Prints JSON; --write keeps it in
bench/results.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests import kills
from tests.kills import MODES, Trial, trial_of
from tests.tiny import make_tiny

RESULT = Path(__file__).parent / "results" / "kills.json"
ALONE = 60.0
"""Seconds after which a process whose other half was killed must have ended."""

ACTIONS = range(12, 75)
"""Of the first of two processes that train two steps; before these they have not found each other yet, and
the launcher (accelerate launch, torchrun) has to end the one that waits."""


def make_data(place: Path) -> tuple[Path, Path]:
    """A tiny base model and a folder with four images."""
    folder = place / "data" / "1_sls frog"
    folder.mkdir(parents=True)
    for n in range(4):
        Image.fromarray(np.full((64, 64, 3), 50 * n, np.uint8)).save(folder / f"{n}.png")
    return make_tiny(place / "base.safetensors", with_blocks=True), place / "data"


def compared(trial: Trial, expected: dict[str, str]) -> list[str]:
    """What is wrong with what a training left."""
    found = kills.left_in(trial.out)
    wrong = kills.faults(trial.out)
    if found.keys() != expected.keys():
        wrong.append(f"{len(expected.keys() ^ found.keys())} weights more or fewer")
    differing = [name for name in found.keys() & expected.keys() if found[name] != expected[name]]
    return wrong + ([f"{len(differing)} weights differ, such as {differing[0]}"] if differing else [])


def at_every_action(trial: Trial, real: int, draws: random.Random) -> dict[str, Any]:
    """As a kill before each action would leave it, and killed before some, and resumed."""
    began = time.monotonic()
    trial.prepare(2)
    found = trial.snapshots()
    expected = kills.left_in(trial.out)
    actions = sum(len(same) for _, same in found.values())
    wrong: dict[str, list[str]] = {}
    for folder, same in found.values():
        code = trial.go_on_from(folder)
        if code or (faults := compared(trial, expected)):
            wrong[f"before action {same[0]}"] = [f"exit code {code}", *faults]
    points = sorted(draws.sample(range(1, actions + 1), min(real, actions)))
    for point in points:
        trial.renew()
        killed = kills.ended(trial.start(point))
        code = trial.to_the_end()
        faults = compared(trial, expected)
        if killed != -signal.SIGKILL or code != 0 or faults:
            wrong[f"killed at action {point}"] = [f"exit codes {killed}, {code}", *faults]
    return {
        "actions": actions,
        "different_folders_resumed": len(found),
        "truly_killed": len(points),
        "wrong": wrong,
        "seconds": round(time.monotonic() - began, 1),
    }


def at_random(trial: Trial, count: int, draws: random.Random) -> dict[str, Any]:
    """Killed after random times, resumed and killed again, until each has come through."""
    began = time.monotonic()
    trial.renew()
    trial.to_the_end()
    length = time.monotonic() - began
    expected = kills.left_in(trial.out)
    done, trainings, wrong = 0, 0, []
    while done < count:
        trial.renew()
        trainings += 1
        while True:
            pid = trial.start()
            time.sleep(draws.uniform(0, 1.2 * length))
            os.kill(pid, signal.SIGKILL)
            code = kills.ended(pid)
            done += code == -signal.SIGKILL
            if code != -signal.SIGKILL:
                break
        found = compared(trial, expected)
        if code or found:
            wrong.append([f"exit code {code}", *found])
    return {
        "killed": done,
        "trainings": trainings,
        "equal": trainings - len(wrong),
        "wrong": wrong,
        "seconds": round(time.monotonic() - began, 1),
    }


def of_two(trial: Trial, pairs: int, draws: random.Random) -> dict[str, Any]:
    """Two processes train together; one of them is killed, the other must end, and both go on later."""
    began = time.monotonic()
    trial.renew()
    codes = [kills.ended(pid) for pid in kills.as_two(trial)]
    assert codes == [0, 0], trial.log.read_text()
    expected = kills.left_in(trial.out)
    slowest, wrong = 0.0, []
    for n in range(pairs):
        trial.renew()
        if n % 2:  # the second process writes nothing, so it is killed by time
            first, second = kills.as_two(trial)
            time.sleep(draws.uniform(0, 3))
            killed, other = second, first
            os.kill(killed, signal.SIGKILL)
        else:
            killed, other = kills.as_two(trial, (draws.choice(ACTIONS), 0))
        kills.ended(killed)
        alone = time.monotonic()
        try:
            kills.ended(other, ALONE)
        except TimeoutError:
            wrong.append([f"pair {n}: the other did not end"])
        slowest = max(slowest, time.monotonic() - alone)
        codes = [kills.ended(pid) for pid in kills.as_two(trial)]
        if (found := compared(trial, expected)) or codes != [0, 0]:
            wrong.append([f"pair {n}: exit codes {codes}", *found])
    return {
        "killed": pairs,
        "equal": pairs - len(wrong),
        "other_ended_after_seconds_at_most": round(slowest, 1),
        "wrong": wrong,
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", type=int, default=8, help="actions at which the process is truly killed")
    parser.add_argument("--random", type=int, default=30, help="kills at random times")
    parser.add_argument("--pairs", type=int, default=6, help="kills of one of two processes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    draws = random.Random(args.seed)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    report: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "machine": machine}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        base, data = make_data(place)
        warm = trial_of("lora", base, data, place / "warm", 1)
        assert warm.train() == 0, "the training in the parent failed"
        report["every_action"] = {
            mode: at_every_action(trial_of(mode, base, data, place / f"every-{mode}", 3), args.real, draws)
            for mode in MODES
        }
        report["random"] = at_random(
            trial_of("averaged", base, data, place / "random", 6), args.random, draws
        )
        report["two_processes"] = of_two(trial_of("lora", base, data, place / "two", 2), args.pairs, draws)
    text = json.dumps(report, indent=1)
    print(text)
    if args.write:
        RESULT.write_text(text + "\n", encoding="utf-8")
    parts = [*report["every_action"].values(), report["random"], report["two_processes"]]
    return 1 if any(part["wrong"] for part in parts) else 0


if __name__ == "__main__":
    sys.exit(main())
