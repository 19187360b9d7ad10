"""The guide's three commands as run files: each trains as a user starts it, the third resumes exactly."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.runner import Runner
from tests.tiny import make_tiny

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "demo"


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A tiny model, so that images of the guide's sizes are quick."""
    return make_tiny(tmp_path_factory.mktemp("base") / "tiny.safetensors")


@pytest.fixture
def demo(tmp_path):
    """One image of the demo in each folder; give a size that it is brought to."""

    def make(size: tuple[int, int] | None = None) -> tuple[str, ...]:
        for folder, name in (("20_sls frog", "sls_03"), ("1_frog", "frog_01")):
            kind = "train" if folder.startswith("20") else "reg"
            target = tmp_path / kind / f"1_{folder.split('_')[1]}"
            target.mkdir(parents=True, exist_ok=True)
            with Image.open(DEMO / kind / folder / f"{name}.png") as image:
                (image if size is None else image.resize(size)).save(target / f"{name}.png")
        return tuple(f"dataset.{kind}_data_dir='{tmp_path / kind}'" for kind in ("train", "reg"))

    return make


@pytest.fixture
def go(base, tmp_path):
    """Start a run file with some options set on the command line, and wait for its end."""

    def run(name: str, output: str, *options: str):
        text = (HERE / f"{name}.toml").read_text(encoding="utf-8")
        own = (f"model.base='{base}'", f"save.output_dir='{tmp_path / output}'", "save.autosave_minutes=0")
        logs = (f"log.logging_dir='{tmp_path / 'logs'}'",) if name == "buckets-augmentation" else ()
        handle = Runner().start(text, (*own, *logs, *options))
        assert handle.wait(600)
        assert handle.ended.status == "done", handle.ended.en
        return handle, tensors.load(tmp_path / output / "last.safetensors")

    return run


def of(handle, kind):
    return [event for event in handle.log.since(0) if isinstance(event, kind)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["least-memory", "more-memory"])
def test_the_first_two_commands_train_both_parts(go, demo, base, name):
    handle, after = go(name, "out", *demo((512, 512)), "train.max_train_steps=1")
    assert [event.lr for event in of(handle, StepDone)] == [{"unet": 1e-6, "text_encoder": 1e-6}]
    before = tensors.load(base)
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert {key.split(".")[0] for key in changed} == {"model", "cond_stage_model"}
    assert any("xformers" in event.problem.en for event in of(handle, Warned))


@pytest.mark.slow
def test_the_third_command_keeps_its_state_every_epoch_and_resumes_exactly(go, demo, tmp_path):
    small = "dataset.resolution=[384, 384]"  # a step of the command's own size takes long on a CPU
    options = (demo()[0], "dataset.reg_data_dir=''", "train.max_train_steps=2", small)
    straight, whole = go("buckets-augmentation", "straight", *options)
    states = [Path(event.path).name for event in of(straight, Saved) if event.kind == "state"]
    assert "epoch-000001-state" in states
    assert {tensor.dtype for tensor in whole.values() if tensor.is_floating_point()} == {torch.bfloat16}
    assert [*(tmp_path / "logs").rglob("events.out.tfevents*")]
    kept = tmp_path / "straight" / "epoch-000001-state"
    resumed, again = go("buckets-augmentation", "again", *options, f"save.resume='{kept}'")
    assert [event.step for event in of(resumed, StepDone)] == [2]
    ends = [tmp_path / run / "last-state" / "trainable.safetensors" for run in ("straight", "again")]
    one, other = map(tensors.load, ends)
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert all(torch.equal(again[key], whole[key]) for key in whole)
