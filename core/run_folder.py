"""The folder of a run: `<output_dir>/runs/<time>-<output_name>`, new for each."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from core.config.schema import RunConfig
from core.errors import Problem, ResourceFault, UserError
from core.formats import commit


def is_main_process() -> bool:
    """Whether this is the process that reports; accelerate and torchrun number the others from 1."""
    return int(os.environ.get("RANK", "0")) == 0


@contextlib.contextmanager
def new(config: RunConfig) -> Iterator[Path]:
    """A folder for this run; gone again when the block that begins the run raises.

    The other processes of a run have only a passing one for their logs.
    Raises UserError when it can't be made, ResourceFault when the disk is full.
    """
    folder = make(config) if is_main_process() else Path(tempfile.mkdtemp(prefix="rareword-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def make(config: RunConfig) -> Path:
    """Make the folder. Raises UserError when it can't be made, ResourceFault when the disk is full."""
    runs = Path(config.save.output_dir) / "runs"
    name = re.sub(r"\s+", "_", config.save.output_name or "last")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for n in range(1, 1000):
            folder = runs / (f"{stamp}-{name}" if n == 1 else f"{stamp}-{name}-{n}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder.resolve()
    except OSError as e:
        if e.errno in commit.FULL:
            with commit.explained(runs):
                raise
        raise UserError(
            Problem(
                "E-OUT-WRITE",
                f"the output folder can't be written ({e.strerror}); choose another.",
                f"出力先フォルダに書き込めません（{e.strerror}）。別のフォルダを指定してください。",
                key="save.output_dir",
                path=str(runs.parent),
            )
        ) from e
    raise ResourceFault(
        Problem(
            "E-OUT-NAMES",
            "a thousand runs started in one second; wait a moment.",
            "同じ秒に1000回開始されました。少し待ってください。",
        )
    )
