"""A tiny model and a few tiny images, and one call that trains them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.config.schema.run import RunConfig
from core.control import RunControl
from core.events import Event
from core.train.run import run
from tests.tiny import make_tiny

CHANGES = {
    "dataset": {"resolution": [64, 64], "train_batch_size": 2, "cache_latents": True, "vae_batch_size": 2},
    "network": {"rank": 2, "alpha": 2.0},
    "train": {"max_train_steps": 6, "learning_rate": 1e-2, "seed": 7},
    "save": {"autosave_minutes": 0},
    "log": {"log_every_n_steps": 1},
}


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny SD1 single file."""
    return make_tiny(tmp_path_factory.mktemp("base") / "tiny.safetensors")


@pytest.fixture(scope="session")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with all blocks of the real U-Net, for what is set or counted by block."""
    return make_tiny(tmp_path_factory.mktemp("blocks") / "blocks.safetensors", with_blocks=True)


@pytest.fixture(autouse=True)
def _hurried(hurried: None) -> None:
    """All of these; a file of tests that are about the disk has a fixture `hurried` that does nothing."""


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 training images, 2 repeats each, and 2 regularization images, 64 x 64."""
    root = tmp_path_factory.mktemp("images")
    for folder, count, shade in (("train/2_sls frog", 3, 40), ("reg/1_frog", 2, 160)):
        (root / folder).mkdir(parents=True)
        for n in range(count):
            rng = np.random.default_rng(shade + n)
            pixels = rng.integers(shade, shade + 60, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{n}.png")
    return root


class Trial:
    """What a run left behind. events: everything it sent."""

    def __init__(self, config: RunConfig, folder: Path, events: list[Event]) -> None:
        self.config, self.folder, self.events = config, folder, events

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


Configure = Callable[..., RunConfig]


@pytest.fixture(scope="session")
def configured(base: Path, images: Path) -> Configure:
    """As `configure`, with the output folder given first."""

    def make(out: Path, **sections: dict[str, Any]) -> RunConfig:
        values: dict[str, dict[str, Any]] = {name: dict(section) for name, section in CHANGES.items()}
        values["model"] = {"base": str(base)}
        values["dataset"]["train_data_dir"] = str(images / "train")
        values["dataset"]["reg_data_dir"] = str(images / "reg")
        values["save"]["output_dir"] = str(out)
        for name, section in sections.items():
            values.setdefault(name, {}).update(section)
        return RunConfig(**values)

    return make


@pytest.fixture
def configure(configured: Configure, tmp_path: Path) -> Configure:
    """A run of 6 steps of a rank 2 LoRA; give sections to change, such as train={"max_train_steps": 3}."""
    return partial(configured, tmp_path / "out")


@pytest.fixture(scope="session")
def trained(configured: Configure, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trial]:
    """A finished run of sections as `configure` takes them, trained once for all tests: to be read only.

    To be called before the test puts anything of the program in another's place.
    """
    made: dict[str, Trial] = {}

    def get(**sections: dict[str, Any]) -> Trial:
        key = json.dumps(sections, sort_keys=True)
        if key not in made:
            place = tmp_path_factory.mktemp("trained")
            made[key] = trial_of(configured(place / "out", **sections), place)
        return made[key]

    return get


def trial_of(
    config: RunConfig,
    folder: Path,
    control: RunControl | None = None,
    on: Callable[[Event], None] = lambda event: None,
) -> Trial:
    """Run a config to its end; what is raised comes out, with the trial so far as its `trial`."""
    trial = Trial(config, folder, [])

    def emit(event: Event) -> None:
        trial.events.append(event)
        on(event)

    try:
        run(config, folder, control or RunControl(), emit)
    except Exception as e:
        e.trial = trial  # type: ignore[attr-defined]
        raise
    return trial


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Trial]:
    """`trial_of` with a run folder of its own: give a config and perhaps `control` and `on`."""

    def go(config: RunConfig, *more: Any, **named: Any) -> Trial:
        folder = tmp_path / "runs" / f"run-{len([*tmp_path.glob('runs/*')])}"
        folder.mkdir(parents=True)
        return trial_of(config, folder, *more, **named)

    return go
