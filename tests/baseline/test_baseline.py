"""Nothing that trains or reads has changed since it was recorded (record.py); trainings read every option."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from types import FrameType
from typing import Any

import pytest
import toml

from core.config.schema.option import Section, walk
from core.config.schema.run import RunConfig
from core.runner import Runner
from tests.baseline import runs
from tests.baseline.record import FOLDER, RECORDINGS
from tests.tiny import make_tiny

OPTIONS = {option.key for option in walk(RunConfig)}
SECTIONS = {field.annotation: name for name, field in RunConfig.model_fields.items()}
WHOLE = ("core.config.rules", "core.config.file")
"""What checks and writes settings reads every option; nothing comes of that in a training."""

BY_NAME = {"save.training_comment"}
"""Goes into the metadata from the list of all values: tests/train/test_metadata.py."""


def is_read_by_the_core(frame: FrameType | None) -> bool:
    """Whether an attribute of the settings is asked for by the core, maybe with the help of core.config."""
    while frame and frame.f_globals["__name__"].startswith("core.config"):
        if frame.f_globals["__name__"].startswith(WHOLE):
            return False
        frame = frame.f_back
    return frame is not None and frame.f_globals["__name__"].startswith("core.")


@pytest.fixture(scope="module")
def options_read() -> Iterator[set[str]]:
    """The options that the core reads from now on."""
    read: set[str] = set()
    plain = Section.__getattribute__

    def noted(self: Section, name: str) -> Any:
        key = f"{SECTIONS.get(type(self))}.{name}"
        if key in OPTIONS and is_read_by_the_core(sys._getframe(1)):
            read.add(key)
        return plain(self, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Section, "__getattribute__", noted)
        yield read


@pytest.fixture(scope="module")
def recorded(options_read) -> Any:
    return cache(lambda what: RECORDINGS[what][0]())


@pytest.mark.slow
@pytest.mark.parametrize("what", RECORDINGS)
def test_what_was_recorded_is_still_so(recorded, what):
    was = json.loads((FOLDER / f"{what}.json").read_text("utf-8"))
    assert RECORDINGS[what][1](was, recorded(what)) == []


def train(**sections: dict[str, Any]) -> None:
    handle = Runner().start(toml.dumps(sections | {"format": 1}))
    handle.wait()
    assert handle.ended is not None and handle.ended.exit_code == 0, handle.ended


@pytest.mark.slow
def test_every_option_is_read_by_some_training(recorded, options_read, tmp_path):
    recorded("runs")
    runs.make_inputs(tmp_path)
    folder, out = tmp_path / "train" / "2_sls frog", tmp_path / "out"
    (folder / "0.png").write_bytes(b"no image")
    (tmp_path / "meta.json").write_text(json.dumps({f"{n}": {"caption": "sls frog"} for n in range(3)}))
    common = {
        "model": {"base": str(tmp_path / "sd1.safetensors")},
        "dataset": {
            **{"in_json": str(tmp_path / "meta.json"), "train_data_dir": str(folder), "resolution": [64, 64]},
            **{"dataset_repeats": 2, "skip_bad_images": True},
        },
    }
    save = {"output_dir": str(out), "save_state_on_train_end": True, "output_name": "frog"}
    train(
        **common,
        train={"max_train_steps": 9, "seed": 1},
        save=save | {"save_every_n_epochs": 1, "save_last_n_epochs": 1, "save_last_n_epochs_state": 1},
        log={"log_with": "tensorboard", "logging_dir": str(tmp_path / "logs"), "log_prefix": "frog-"},
    )
    (state,) = out.glob("*-state")
    train(
        **common,
        network={"base_weights": [str(out / "frog.safetensors")], "base_weights_multiplier": "0.5"},
        train={"max_train_steps": 10, "seed": 2, "lr_scheduler": "piecewise_constant"},
        optimizer={"lr_scheduler_args": ["step_rules=1:10,0.5"]},
        save=save | {"output_name": "frog 2", "resume": str(state), "resume_anyway": True},
    )
    train(
        model=common["model"],
        dataset={
            **{"train_data_dir": str(folder.parent), "conditioning_data_dir": str(tmp_path / "masks")},
            **{"skip_bad_images": True, "resolution": [64, 64], "caption_extension": ".txt"},
        },
        train={
            **{"masked_loss": True, "masked_prior_weight": 0.5, "class_prior_weight": 1.0},
            **{"max_train_steps": 1, "seed": 5},
        },
        save=save | {"output_name": "priors"},
    )
    xl = make_tiny(tmp_path / "xl.safetensors", family="sdxl")
    train(**common | {"model": {"base": str(xl)}}, train={"max_train_steps": 1, "seed": 3}, save=save)
    train(
        **common | {"dataset": common["dataset"] | {"caption_prefix": "frg-x"}},
        embedding={"token_string": "frg-x"},
        train={"max_train_steps": 1, "seed": 4},
        save=save | {"output_name": "word"},
    )
    assert OPTIONS - options_read == BY_NAME
