"""What a run has for itself: its folder `<output_dir>/runs/<time>-<output_name>`, and its output name."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from core import messages
from core.catalog import Words
from core.config.schema.run import RunConfig
from core.errors import Problem, ResourceFault, UserError
from core.forecast import disk
from core.formats import atomic_write, partial_files
from core.runs import lock, result_names
from core.runs.lock import Claim, Holder


def is_main_process() -> bool:
    """Whether this is the process that reports; accelerate and torchrun number the others from 1."""
    return int(os.environ.get("RANK", "0")) == 0


@contextlib.contextmanager
def begun(config: RunConfig) -> Iterator[tuple[Path, Claim | None]]:
    """A folder for this run and the lock on its results; both gone again when the block raises.

    The other processes of a run have only a passing folder for their logs, and no lock.
    Raises UserError when the output folder can't be written or another run has the lock, ResourceFault when
    the disk is full.
    """
    if not is_main_process():
        yield Path(tempfile.mkdtemp(prefix="rareword-")), None
        return
    mine, folder = claim(config), None
    try:
        output = Path(config.save.output_dir)
        partial_files.sweep(output, lambda name: result_names.is_result(name, config.save.output_name))
        for earlier in output.glob("runs/*/"):
            partial_files.sweep(earlier)  # a run killed at its very start has half a run file
        folder = make(config)
        refuse_without_room(config)
        yield folder, mine
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        mine.release()
        raise


def claim(config: RunConfig) -> Claim:
    """Have the results of this name in this output folder for oneself, until released or the process ends.

    Two runs would replace each other's models and states. Raises UserError (E-RUN-LOCKED).
    """
    runs, name = Path(config.save.output_dir) / "runs", config.save.output_name or "last"
    with _writable(runs):
        runs.mkdir(parents=True, exist_ok=True)
        try:
            return lock.claim(runs / f".{name}.lock")
        except lock.Taken as e:
            raise UserError(_locked(config, name, e.holder)) from None


def _locked(config: RunConfig, name: str, holder: Holder | None) -> Problem:
    who = Words("another program", "別のプログラム")
    if holder is not None:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.since))
        who = Words(
            f"process {holder.pid} on {holder.computer}, since {since}",
            f"{holder.computer}のプロセス{holder.pid}、{since}開始",
            f"{holder.computer}上的进程{holder.pid}，{since}启动",
        )
    return messages.LOCKED(path=config.save.output_dir, output_name=name, holder=who)


def make(config: RunConfig) -> Path:
    """Make the folder. Raises UserError when it can't be made, ResourceFault when the disk is full."""
    runs = Path(config.save.output_dir) / "runs"
    name = re.sub(r"\s+", "_", config.save.output_name or "last")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    with _writable(runs):
        for n in range(1, 1000):
            folder = runs / (f"{stamp}-{name}" if n == 1 else f"{stamp}-{name}-{n}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder.resolve()
    raise ResourceFault(messages.TOO_MANY_RUNS())


def refuse_without_room(config: RunConfig) -> None:
    """Raises UserError (E-DISK-ROOM) when the disk of the output folder can't hold what the run will save.

    Of a model that is not on this computer yet nothing is known, and nothing is said.
    """
    if (problem := disk.lacking(config)) is not None:
        raise UserError(problem)


@contextlib.contextmanager
def _writable(runs: Path) -> Iterator[None]:
    """Turns an OSError of making something in the output folder into a sentence."""
    try:
        yield
    except OSError as e:
        if e.errno in atomic_write.FULL:
            with atomic_write.explained(runs):
                raise
        # What is in the way may lie inside: a file where the folder of runs should be.
        reason = f"{e.filename}: {e.strerror}" if e.filename else e.strerror
        raise UserError(messages.OUTPUT_UNWRITABLE(path=runs.parent, reason=reason)) from e
