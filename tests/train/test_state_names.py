"""Weights in states are named by part, module and tensor; what earlier versions wrote is still read."""

import json
from pathlib import Path

import pytest
import torch

from core.control import RunControl, StopRun
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.runs import state_folder

PLUS = {"loraplus_lr_ratio": 4.0, "mid_lr_weight": "0.5"}
STATE = "step-00000002-state"
WEIGHT = "mid_block.attentions.0.proj_in.lora_up.weight"


def result(trial) -> dict[str, torch.Tensor]:
    [path] = [e.path for e in trial.of(Saved) if e.kind == "model" and e.info["kind"] == "last"]
    return tensors.load(Path(path))


def stop_after_two(config, train) -> None:
    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == 2:
            control.stop()

    with pytest.raises(StopRun):
        train(config, control, watch)


def named_as_before(state: Path) -> None:
    """Put the learning-rate group into every name, as states had it until November 2026."""
    path = state / "optimizer.json"
    numbers = json.loads(path.read_text(encoding="utf-8"))
    group_of = {weight: group for group, weights in numbers.pop("groups").items() for weight in weights}

    def old(name: str) -> str:
        owner, _, weight = name.partition("/")
        weight, slash, entry = weight.partition("/")
        if not weight or f"{owner}/{weight}" not in group_of:
            return name  # of a whole group
        return f"{group_of[f'{owner}/{weight}']}/{weight}{slash}{entry}"

    numbers["optimizer"] = {old(name): value for name, value in numbers["optimizer"].items()}
    path.write_text(json.dumps(numbers), encoding="utf-8")
    for file in state.glob("*.safetensors"):
        renamed = {old(name): tensor for name, tensor in tensors.load(file).items()}
        assert f"unet/b12/up/{WEIGHT}" in {"/".join(name.split("/")[:4]) for name in renamed}
        tensors.save(file, renamed, {})
    (state / "manifest.json").unlink()
    state_folder.seal(state)


@pytest.mark.parametrize(
    "options",
    [
        {"train": {"max_train_steps": 4, "ema_decay": 0.9}},
        {"train": {"max_train_steps": 4, "learning_rate": 1.0}, "optimizer": {"optimizer_type": "Prodigy"}},
    ],
    ids=["adamw with means", "prodigy"],
)
def test_a_state_of_the_earlier_names_goes_on_bit_for_bit(configure, train, tmp_path, options):
    options = options | {"network": PLUS}
    straight = train(configure(**options, save={"output_dir": str(tmp_path / "straight")}))
    stop_after_two(configure(**options), train)
    named_as_before(tmp_path / "out" / STATE)
    resumed = train(configure(**options, save={"resume": "auto"}))
    assert [event.step for event in resumed.of(StepDone)] == [3, 4]
    one, other = result(straight), result(resumed)
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_names_do_not_change_with_the_groups_which_stand_beside(configure, train, tmp_path):
    for folder, network in (("plain", {}), ("plus", PLUS)):
        save = {"output_dir": str(tmp_path / folder), "save_state": True}
        train(configure(network=network, train={"max_train_steps": 1}, save=save))
    plain, plus = (tmp_path / folder / "last-state" for folder in ("plain", "plus"))
    for name in ("trainable.safetensors", "optimizer.safetensors"):
        assert tensors.load(plain / name).keys() == tensors.load(plus / name).keys()
    groups = json.loads((plus / "optimizer.json").read_text(encoding="utf-8"))["groups"]
    assert f"unet/{WEIGHT}" in groups["unet/b12/up"] and "text_encoder/up" in groups


@pytest.mark.parametrize(("optimizer", "is_kept"), [("AdamW", True), ("Prodigy", False)])
def test_with_resume_anyway_the_groups_may_change_too(configure, train, tmp_path, optimizer, is_kept):
    options = {"train": {"max_train_steps": 3}, "optimizer": {"optimizer_type": optimizer}}
    stop_after_two(configure(**options), train)
    resume = {"resume": str(tmp_path / "out" / STATE), "resume_anyway": True}
    trial = train(configure(**options, network=PLUS, save=resume))
    assert [event.step for event in trial.of(StepDone)] == [3]
    codes = [event.code for event in trial.of(Warned)]
    assert "W-RESUME-ANYWAY" in codes and ("W-RESUME-OPTIMIZER" in codes) is not is_kept
