"""The loss of held-out images: on fixed noise and timesteps, and nothing else feels it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.catalog import Size
from core.config.schema.train import TrainConfig
from core.control import RunControl
from core.data.plan.plan import Batch, Plan
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.train.device.engine import Engine
from core.train.run import build, prepare
from core.train.validation import Validation, timesteps

HELD = {"validation_split": 0.25, "reg_data_dir": None}


@pytest.fixture(scope="module")
def eight(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("eight") / "1_sls frog"
    folder.mkdir()
    for n in range(8):
        pixels = np.random.default_rng(n).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
    return folder.parent


@pytest.fixture
def held(configure, eight):
    """A run of 8 images, 2 of them held out."""

    def make(**sections):
        dataset = {"train_data_dir": str(eight)} | HELD | sections.pop("dataset", {})
        return configure(dataset=dataset, **sections)

    return make


def last(trial):
    return tensors.load(Path([e.path for e in trial.of(Saved) if e.kind == "model"][-1]))


def measured(trial):
    return {e.step: e.validation_loss for e in trial.of(StepDone) if e.validation_loss is not None}


def started(config, tmp_path):
    with Engine(config.train.precision) as engine:
        job = prepare(config, tmp_path, RunControl(), [].append)
        return build(job, engine, RunControl(), [].append)[0]


def test_the_timesteps_are_the_inner_ones_of_six_evenly_spread():
    assert timesteps(0, 1000) == tuple(np.linspace(0, 1000, 6).astype(int)[1:-1]) == (200, 400, 600, 800)
    assert timesteps(500, 600) == (520, 540, 560, 580)
    assert timesteps(300, 300) == (300,)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, [3, 6, 7]),  # an epoch is 3 steps; the last step always
        ({"validate_every_n_steps": 2}, [2, 4, 6, 7]),
        ({"validate_every_n_epochs": 2}, [6, 7]),
        ({"validate_every_n_steps": 5, "validate_every_n_epochs": 1}, [3, 5, 6, 7]),
    ],
)
def test_it_is_due_by_steps_and_epochs_and_at_the_end(options, steps):
    validation = Validation(TrainConfig(**options), None, None, None, None, None)
    object.__setattr__(validation, "planned", (Batch(0, 0, Size(64, 64), ()),))
    ended = {3: 1, 6: 2}
    assert [n for n in range(1, 8) if validation.is_due(n, ended.get(n, 0), n == 7)] == steps


def test_what_is_measured_is_reported_with_its_step_whatever_the_log_interval(held, train):
    trial = train(held(train={"max_train_steps": 4}, log={"log_every_n_steps": 100}))
    found = measured(trial)
    assert [*found] == [3, 4] and found[3] != found[4]


def test_weights_are_bit_identical_to_a_run_that_never_validates(held, train, tmp_path, monkeypatch):
    options = {"network": {"dropout": 0.25}, "dataset": {"caption_dropout_rate": 0.5}}
    options["train"] = {"max_train_steps": 3}
    often = train(held(**options | {"train": {"validate_every_n_steps": 1, "max_train_steps": 3}}))
    monkeypatch.setattr(Plan, "validation_batches", lambda self: ())
    never = train(held(**options, save={"output_dir": str(tmp_path / "never")}))
    assert len(measured(often)) == 3 and not measured(never)
    one, other = last(often), last(never)
    assert all(torch.equal(one[name], other[name]) for name in other)
    assert [e.loss for e in often.of(StepDone)] == [e.loss for e in never.of(StepDone)]


def test_two_looks_at_the_same_weights_are_the_same_number(held, tmp_path):
    training = started(held(network={"dropout": 0.5}, dataset={"flip_aug": True}), tmp_path)
    training.trainee.set_train_mode(True)
    state = torch.random.get_rng_state()
    first = training.validation.measure([].append)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert training.model.modules["unet"].training and training.model.modules["text_encoder"].training
    torch.manual_seed(99)
    assert training.validation.measure([].append) == first


def test_it_is_the_mean_of_the_step_loss_over_images_and_timesteps(held, tmp_path):
    training = started(held(train={"min_snr_gamma": 5.0}), tmp_path)
    (planned,) = training.plan.validation_batches()
    batch = training.validation.batches.one(planned)
    found = []
    for timestep in (200, 400, 600, 800):
        found.append(training.batch_loss(replace(batch, timesteps=torch.tensor([timestep] * 2))).item())
    assert training.validation.measure([].append) == pytest.approx(sum(found) / 4, rel=1e-6)


def test_a_limit_looks_at_the_first_batches_only(held, tmp_path):
    config = {"dataset": {"train_batch_size": 1}}
    whole = started(held(**config), tmp_path).validation
    limited = started(held(**config, train={"max_validation_steps": 1}), tmp_path).validation
    assert len(whole.planned) == 2
    object.__setattr__(whole, "planned", whole.planned[:1])
    assert limited.measure([].append) == whole.measure([].append)


def test_without_a_cache_held_out_images_are_encoded_as_they_are(held, tmp_path):
    varied = {"cache_latents": False, "color_aug": True, "random_crop": True, "flip_aug": True}
    plain = started(held(), tmp_path).validation.measure([].append)
    assert started(held(dataset=varied), tmp_path).validation.measure([].append) == pytest.approx(plain)


def test_a_resumed_run_measures_what_the_straight_one_does(held, train, tmp_path):
    straight = measured(train(held(train={"max_train_steps": 3}, save={"output_dir": str(tmp_path / "s")})))
    train(held(train={"max_train_steps": 2}, save={"save_state": True}))
    again = measured(train(held(train={"max_train_steps": 3}, save={"resume": "auto"})))
    assert again == straight


def test_an_interval_without_held_out_images_is_said(configure, train):
    trial = train(configure(train={"validate_every_n_steps": 1, "max_train_steps": 1}))
    assert "W-VALIDATION-NONE" in [event.code for event in trial.of(Warned)]
    assert not measured(trial)
