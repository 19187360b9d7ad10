"""How long, how fast and for whom: counts, schedules, rates of the parts, clipping, the stop, as effects."""

from pathlib import Path

import pytest
import torch

from core.config.imports.read_any import import_text
from core.control import RunControl
from core.events import PlanReady, Saved, StepDone
from core.formats import tensors
from core.train.device.engine import Engine
from core.train.run import build, prepare
from core.train.weights.update import Update


def last(trial) -> dict[str, torch.Tensor]:
    return tensors.load(Path(next(e.path for e in trial.of(Saved) if e.info.get("kind") == "last")))


def ups(weights, prefix: str) -> torch.Tensor:
    chosen = [t.flatten() for name, t in weights.items() if name.startswith(prefix) and "lora_up" in name]
    return torch.cat(chosen)


def test_each_part_learns_at_its_own_rate(configure, train):
    # Adam's first step is the rate, for every weight whose gradient is far above its eps.
    rates = {"max_train_steps": 1, "unet_lr": 1e-2, "text_encoder_lr": 1e-3}
    trial = train(configure(train=rates))
    found = last(trial)
    assert ups(found, "lora_unet").abs().max().item() == pytest.approx(1e-2, rel=1e-2)
    assert ups(found, "lora_te").abs().max().item() == pytest.approx(1e-3, rel=1e-2)
    assert trial.of(StepDone)[0].lr == {"unet": 1e-2, "text_encoder": 1e-3}


def test_the_guides_name_for_the_text_encoders_rate_is_read():
    assert import_text("train_db.py --learning_rate_te 1e-7").values["train.text_encoder_lr"] == 1e-7


@pytest.mark.parametrize(
    ("largest", "moved"), [(1.0, [-0.6, -0.8]), (10.0, [-3.0, -4.0]), (0.0, [-3.0, -4.0])]
)
def test_gradients_are_clipped_to_their_largest_norm_and_not_at_all_with_zero(largest, moved):
    parameter = torch.nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([3.0, 4.0])
    with Engine("no") as engine:
        update = Update(engine, torch.optim.SGD([parameter], lr=1.0), [parameter], largest)
        update(0, torch.zeros(()))
    assert parameter.tolist() == pytest.approx(moved, rel=1e-5)
    assert update.grad_norm.item() == 5.0


def test_accumulation_schedule_and_epochs_count_the_same_steps(configure, train):
    # 6 batches an epoch, 4 to a step: 2 steps an epoch (4 + 2 batches), 4 in two epochs, and the rate falls
    # over these 4.
    options = {"max_train_epochs": 2, "max_train_steps": 99, "gradient_accumulation_steps": 4}
    trial = train(
        configure(
            train=options | {"learning_rate": 1e-3},
            optimizer={"lr_scheduler": "linear", "lr_warmup_steps": 0},
            save={"save_every_n_epochs": 1},
        )
    )
    (plan,) = trial.of(PlanReady)
    assert (plan.steps_per_epoch, plan.steps, plan.epochs) == (2, 4, 2)
    done = trial.of(StepDone)
    assert [(event.step, event.epoch, event.total) for event in done] == [
        (1, 1, 4),
        (2, 1, 4),
        (3, 2, 4),
        (4, 2, 4),
    ]
    assert [event.lr["unet"] for event in done] == pytest.approx([1e-3, 7.5e-4, 5e-4, 2.5e-4])
    models = [(Path(e.path).stem, e.step) for e in trial.of(Saved) if e.kind == "model"]
    assert models == [("epoch-000001", 2), ("last", 4)]


def test_every_image_is_trained_once_an_epoch_also_with_accumulation(configure, tmp_path):
    config = configure(train={"max_train_epochs": 2, "gradient_accumulation_steps": 4})
    with Engine("no") as engine:
        job = prepare(config, tmp_path, RunControl(), [].append)
        training, _ = build(job, engine, RunControl(), [].append)
    seen = [name for step in range(2) for name in training.images_of(step)]
    again = [name for step in range(2, 4) for name in training.images_of(step)]
    assert sorted(seen) == sorted(again) and len(seen) == 12
    assert [training.micro_batches(step) for step in range(4)] == [4, 2, 4, 2]


@pytest.mark.parametrize(("method", "stop"), [("lora", "50%"), ("none", 0.5)])
def test_the_text_encoder_stops_at_a_share_of_the_run_and_the_unet_goes_on(
    configure, train, tmp_path, method, stop
):
    options = {"max_train_steps": 4, "stop_text_encoder_training": stop, "learning_rate": 1e-3}
    trial = train(
        configure(
            network={"method": method},
            train=options,
            save={"save_state": True, "save_every_n_steps": 1},
        )
    )
    states = [tmp_path / "out" / f"step-{step:08d}-state" for step in (1, 2, 3, 4)]
    weights = [tensors.load(state / "trainable.safetensors") for state in states]
    memory = [tensors.load(state / "optimizer.safetensors") for state in states]

    def is_same(one: int, other: int, part: str) -> bool:
        names = [name for name in weights[0] if name.startswith(part)]
        assert names
        return all(torch.equal(weights[one][name], weights[other][name]) for name in names)

    assert not is_same(0, 1, "text_encoder")
    assert is_same(1, 2, "text_encoder") and is_same(1, 3, "text_encoder")
    assert not is_same(1, 2, "unet") and not is_same(2, 3, "unet")
    kept = [any(name.startswith("text_encoder") for name in found) for found in memory]
    assert kept == [True, True, False, False]
    rates = [sorted(event.lr) for event in trial.of(StepDone)]
    assert rates == [["text_encoder", "unet"]] * 2 + [["unet"]] * 2
