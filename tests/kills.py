"""Training in forked children that are killed: a warm process is there already, so a trial takes a second.

POSIX only. What a child trains is told by a run file; what it leaves is compared bit by bit.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate.state import PartialState

from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.formats import partial_files, tensors
from core.runner import Runner
from core.runs import lock, state_folder

PATIENCE = 300.0
"""Seconds after which a child is taken to hang."""

ACTIONS = ("fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "link", "symlink", "truncate")
"""What of `os` changes the disk for good."""


def fork(work: Callable[[], int], log: Path, env: Mapping[str, str] | None = None) -> int:
    """Start a child that does `work`, whose return value is its exit code; its process number.

    log: takes what it prints, and the traceback of what it raises (exit code 99).
    """
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        os.environ.update(env or {})
        sys.dont_write_bytecode = True  # else what is compiled on the way counts as an action
        PartialState._reset_state()  # a fork has that of the runs before it, which were of one process
        sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int, seconds: float = PATIENCE) -> int:
    """The exit code of a child, -9 for one that was killed. Raises TimeoutError for one that hangs."""
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise TimeoutError(f"a child did not end in {seconds:.0f} s")
        time.sleep(0.005)


@dataclass(frozen=True)
class Trial:
    """One training in a folder of its own, to be killed and resumed. config: resumes the newest state."""

    config: RunConfig
    log: Path

    @property
    def begun(self) -> Path:
        """What `prepare` left: the output folder of the same training when it was to be shorter."""
        return self.log.with_name("begun")

    @property
    def out(self) -> Path:
        return Path(self.config.save.output_dir)

    def train(self) -> int:
        """Train to the end in this process; the exit code that the command line would give."""
        torch.set_num_threads(1)
        handle = Runner().start(toml_text.dumps(toml_text.values_of(self.config)))
        handle.wait()
        assert handle.ended is not None
        if handle.ended.exit_code:
            print(handle.ended.en, handle.ended.message)
        return handle.ended.exit_code

    def start(self, kill_at: int = 0, env: Mapping[str, str] | None = None) -> int:
        """Train in a child that is killed before its action number `kill_at` (0: never); its number."""
        return self.start_acting(killed_at(kill_at), env)

    def start_acting(self, before_each: Callable[[int], None], env: Mapping[str, str] | None = None) -> int:
        """Train in a child, see `acting`; its number."""

        def work() -> int:
            with acting(before_each):
                return self.train()

        return fork(work, self.log, env)

    def to_the_end(self) -> int:
        """Train in a child; its exit code."""
        return ended(self.start())

    def count(self) -> int:
        """Train in a child; how many actions it did."""
        told = self.log.with_suffix(".count")
        _wait_for_another_second()

        def work() -> int:
            with acting(killed_at(0)) as done:
                code = self.train()
            told.write_text(str(len(done)))
            return code

        assert ended(fork(work, self.log)) == 0, self.log.read_text()
        return int(told.read_text())

    def snapshots(self) -> dict[str, tuple[Path, list[int]]]:
        """What a kill before each action leaves, from one training: digest -> folder and actions.

        That is what lies on the disk at that instant, so the output folder is copied then. Folders that are
        the same once the parts of the dead process are cleared away are one.
        """
        place = self.log.with_name("snapshots")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()

        def copy(action: int) -> None:
            if self.out.exists():
                shutil.copytree(self.out, place / f"{action:04}", symlinks=True)
            else:
                (place / f"{action:04}").mkdir()

        _wait_for_another_second()
        assert ended(self.start_acting(copy)) == 0, self.log.read_text()
        found: dict[str, tuple[Path, list[int]]] = {}
        for folder in sorted(place.iterdir()):
            partial_files.sweep(folder)
            same = found.setdefault(_digest(folder), (folder, []))
            same[1].append(int(folder.name))
            if same[0] != folder:
                shutil.rmtree(folder)
        return found

    def go_on_from(self, folder: Path) -> int:
        """Resume what lies in a copy of the output folder; the exit code."""
        shutil.rmtree(self.out, ignore_errors=True)
        folder.rename(self.out)
        return self.to_the_end()

    def prepare(self, steps: int) -> None:
        """Let the training come to an end after so many steps; each trial then begins there."""
        train = self.config.train.model_copy(update={"max_train_steps": steps})
        shorter = Trial(self.config.model_copy(update={"train": train}), self.log)
        assert shorter.to_the_end() == 0, self.log.read_text()
        self.out.rename(self.begun)
        self.renew()

    def renew(self) -> None:
        """Begin anew with what was prepared, or with an empty output folder."""
        shutil.rmtree(self.out, ignore_errors=True)
        if self.begun.exists():
            shutil.copytree(self.begun, self.out)


def _wait_for_another_second() -> None:
    """Runs are named by it; to find that a name is taken would be one action more."""
    time.sleep(1 - time.time() % 1)


def _digest(folder: Path) -> str:
    """Of every name, time of change and content in a folder but for the logs of runs."""
    told = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if name.parts[0] != "runs":
            told.update(f"{name}\0{path.stat().st_mtime_ns if path.is_file() else 0}\0".encode())
            told.update(path.read_bytes() if path.is_file() else b"")
    return told.hexdigest()


@contextmanager
def acting(before_each: Callable[[int], None]) -> Iterator[list[str]]:
    """Have `before_each` called with the number, from 1, of each thing that is done to the disk."""
    done: list[str] = []
    real = {name: getattr(os, name) for name in ACTIONS}
    own = threading.local()  # what before_each does itself does not count

    def counted(name: str) -> Callable[..., Any]:
        def act(*args: Any, **more: Any) -> Any:
            if not getattr(own, "is_busy", False):
                done.append(name)
                own.is_busy = True
                try:
                    before_each(len(done))
                finally:
                    own.is_busy = False
            return real[name](*args, **more)

        return act

    for name in ACTIONS:
        setattr(os, name, counted(name))
    try:
        yield done
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def killed_at(number: int) -> Callable[[int], None]:
    """Kills this process before the action of that number; 0: never."""

    def before(action: int) -> None:
        if action == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return before


def full_at(number: int) -> Callable[[int], None]:
    """Finds the disk full at the action of that number."""

    def before(action: int) -> None:
        if action == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return before


def left_in(out: Path) -> dict[str, str]:
    """A digest of every weight in the final model and in the last state, with its averages and optimizer."""
    found: dict[str, str] = {}
    for path in sorted(out.rglob("*.safetensors")):
        name = path.relative_to(out)
        if name.parts[0] in ("runs", "cache") or not name.parts[0].startswith("last"):
            continue
        for key, tensor in tensors.load(path).items():
            data = tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
            found[f"{name}/{key}"] = hashlib.sha256(data).hexdigest()
    return found


def faults(out: Path) -> list[str]:
    """What a killed and resumed training must not leave: parts, broken states, files that can't be read.

    The lock of a killed run stays in its folder of `runs`, and counts no longer.
    """
    wrong = [f"left over: {path.name}" for path in out.rglob(".*") if path.name != lock.NAME]
    for path in out.iterdir():
        if path.name.endswith("-state") and (fault := state_folder.fault(path)):
            wrong.append(f"{path.name}: {fault}")
        if path.suffix == ".safetensors":
            tensors.load(path)
    return wrong


def free_port() -> int:
    """A port of this computer that nobody has right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def as_two(trial: Trial, kills: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Train by two processes (gloo), each killed before its action of that number; their process numbers."""
    port = str(free_port())
    envs = [
        {
            "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo",
        }
        for rank in range(2)
    ]  # fmt: skip
    first, second = (trial.start(kill, env) for kill, env in zip(kills, envs, strict=True))
    return first, second


MODES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "lora": {"network": {"rank": 2, "alpha": 2.0}},
    "whole model": {"network": {"method": "none"}, "train": {"learning_rate": 1e-4}},
    "averaged": {"network": {"rank": 2, "alpha": 2.0}, "train": {"ema_decay": 0.9}},
}
"""What is trained -> the options that differ."""


def trial_of(mode: str, base: Path, images: Path, place: Path, steps: int) -> Trial:
    """A training of a few steps that saves model and state after each, and both once more at the end.

    images: a folder with folders of training images. place: gets the output folder and a log.
    """
    options: dict[str, dict[str, Any]] = {
        "model": {"base": str(base)},
        "dataset": {
            "train_data_dir": str(images), "resolution": [64, 64], "train_batch_size": 2,
            "cache_latents": True,
        },
        "train": {"max_train_steps": steps, "learning_rate": 1e-2, "seed": 7},
        "save": {
            "output_dir": str(place / "out"), "save_every_n_steps": 1, "save_state": True, "resume": "auto",
            "save_last_n_steps": 1,
        },
        "log": {"log_every_n_steps": 1},
    }  # fmt: skip
    for section, changes in MODES[mode].items():
        options[section] = options.get(section, {}) | dict(changes)
    place.mkdir(parents=True, exist_ok=True)
    return Trial(RunConfig(**options), place / "log.txt")
