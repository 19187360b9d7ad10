"""The frozen model's own prediction as the target: of regularization images, outside a mask, of the class."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.config.check import check
from core.config.schema.run import ModelConfig
from core.control import RunControl, StopRun
from core.errors import ConfigError, UserError
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.models.family import open_family
from core.models.parts import whole
from core.models.sd.configs import schedule
from core.train.device.engine import Engine
from core.train.run import build, prepare
from tests.tiny import make_tiny

ALL = {"prior_prediction": True, "class_prior_weight": 0.5}


@pytest.fixture
def start(configure, tmp_path):
    """A training that is ready for its first step, and what was warned of."""

    def go(**sections):
        config, control, events = configure(**sections), RunControl(), []
        with Engine(config.train.precision) as engine:
            job = prepare(config, tmp_path, control, events.append)
            training, _ = build(job, engine, control, events.append)
        training.trainee.set_train_mode(training.text.is_trained)
        return training, [event.problem.code for event in events if isinstance(event, Warned)]

    return go


def taught(training) -> None:
    """Every weight of the adapter is another one than at its start."""
    draws = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in training.update.parameters:
            parameter.add_(torch.randn(parameter.shape, generator=draws), alpha=0.3)


def noisy_of(training, batch) -> torch.Tensor:
    return training.model.objective.noisy(batch.latents, batch.noise, batch.timesteps)


@pytest.mark.parametrize("kind", ["sd1", "sd2", "sdxl"])
def test_the_target_of_regularization_images_is_what_the_model_predicts_without_the_adapter(
    start, base, tmp_path, kind
):
    path = base if kind == "sd1" else make_tiny(tmp_path / "tiny.safetensors", family=kind)
    if kind == "sd2":
        scheduler = tmp_path / "tiny_config" / "scheduler" / "scheduler_config.json"
        scheduler.write_text(json.dumps({"_class_name": "DDIMScheduler", **schedule("v")}), encoding="utf-8")
    model = {"base": str(path)}
    training, _ = start(model=model, train={"prior_prediction": True}, dataset={"train_batch_size": 12})
    taught(training)
    batch = next(training.stream(0))
    noisy, objective = noisy_of(training, batch), training.model.objective
    ordinary = objective.target(batch.latents, batch.noise, batch.timesteps)
    targets, outside = training.batch_loss.prior.targets(batch, noisy, ordinary)

    family = open_family(kind)
    untouched, config = whole(family, ModelConfig(**model), lambda event: None), ModelConfig(**model)
    with torch.no_grad():
        texts = family.encode_text(untouched, batch.captions, config)
        expected = family.predict(untouched, noisy, batch.timesteps, texts, batch.frames)
    is_reg = torch.tensor([caption == "frog" for caption in batch.captions])
    assert is_reg.sum() == 6 and outside is None and not targets.requires_grad
    torch.testing.assert_close(targets[is_reg], expected[is_reg], rtol=1e-4, atol=1e-5)
    assert torch.equal(targets[~is_reg], ordinary[~is_reg])
    own = training.batch_loss._predict(noisy, batch.timesteps, batch.captions, batch.frames)
    assert (own - expected).abs().max() > 1e-2  # so the adapter does change what is predicted


def test_regularization_images_start_without_loss_and_weigh_what_prior_loss_weight_says(start):
    found = {}
    for weight in (1.0, 0.5):
        dataset = {"train_batch_size": 12, "prior_loss_weight": weight}
        training, _ = start(train={"prior_prediction": True}, dataset=dataset)
        batch = next(training.stream(0))
        is_reg = torch.tensor([caption == "frog" for caption in batch.captions])
        alone = replace(batch, weights=batch.weights * is_reg)
        with torch.no_grad():
            assert training.batch_loss(alone).item() < 1e-10
            taught(training)
            found[weight] = training.batch_loss(alone).item()
    assert found[0.5] == pytest.approx(found[1.0] / 2, rel=1e-5) != 0


@pytest.fixture
def masked(tmp_path) -> dict[str, str]:
    """A folder of one image, and its mask: the left half is the subject."""
    pixels = np.random.default_rng(5).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255
    for folder, image in (("train", pixels), ("masks", mask)):
        place = tmp_path / folder / "1_sls frog"
        place.mkdir(parents=True)
        Image.fromarray(image).save(place / "a.png")
    places = {"train_data_dir": "train", "conditioning_data_dir": "masks"}
    return {key: str(tmp_path / name) for key, name in places.items()} | {"reg_data_dir": None}


def test_inside_the_mask_the_target_is_the_image_s_and_outside_the_prior_with_its_weight(start, masked):
    train = {"masked_loss": True, "masked_prior_weight": 0.25}
    training, _ = start(train=train, dataset=masked)
    taught(training)
    batch = next(training.stream(0))
    noisy, loss = noisy_of(training, batch), training.batch_loss
    with torch.no_grad():
        pred = loss._predict(noisy, batch.timesteps, batch.captions, batch.frames)
        with training.trainee.network.off():
            prior = loss._predict(noisy, batch.timesteps, batch.captions, batch.frames)
    inside = (pred - batch.noise)[..., :4].square().sum()
    outside = (pred - prior)[..., 4:].square().sum()
    assert outside > 1e-3
    # 4 channels of 8 x 8 cells: the mean is over all of them, whatever the mask.
    assert loss(batch).item() == pytest.approx(((inside + 0.25 * outside) / 256).item(), rel=1e-4)


def test_the_class_has_no_loss_before_the_first_step_and_then_one_times_its_weight(start):
    found = {}
    for weight in (1.0, 0.5):
        training, _ = start(train={"class_prior_weight": weight}, dataset={"reg_data_dir": None})
        batch = next(training.stream(0))
        assert batch.class_captions == ("frog", "frog") and batch.captions == ("sls frog", "sls frog")
        assert training.batch_loss.of_classes(batch).item() < 1e-10
        taught(training)
        found[weight] = training.batch_loss.of_classes(batch)
    found[0.5].backward()
    assert all(parameter.grad is not None for parameter in training.update.parameters)
    noisy, loss = noisy_of(training, batch), training.batch_loss
    with torch.no_grad():
        pred = loss._predict(noisy, batch.timesteps, batch.class_captions, batch.frames)
        with training.trainee.network.off():
            prior = loss._predict(noisy, batch.timesteps, batch.class_captions, batch.frames)
    expected = (pred - prior).square().mean().item()
    assert found[1.0].item() == pytest.approx(expected, rel=1e-4)
    assert found[0.5].item() == pytest.approx(expected / 2, rel=1e-4)


def test_the_class_prior_leaves_regularization_images_alone(start):
    training, _ = start(train={"class_prior_weight": 1.0}, dataset={"train_batch_size": 12})
    batch = next(training.stream(0))
    assert [batch.captions[place] for place in batch.classes.places] == ["sls frog"] * 6


def test_a_prior_draws_nothing_so_that_dropouts_are_those_of_a_run_without_it(start):
    dropouts = {"dropout": 0.5, "rank_dropout": 0.5, "module_dropout": 0.5}
    losses = []
    for options in ({}, ALL):
        training, _ = start(train=options, network=dropouts)
        batch = next(b for b in training.stream(0) if set(b.captions) == {"sls frog"})
        torch.manual_seed(3)
        losses.append(next(training.losses(batch)).item())
    assert losses[0] == losses[1]
    before = torch.get_rng_state()
    training.batch_loss.prior.predict(
        noisy_of(training, batch),
        batch.timesteps,
        training.batch_loss.prior.states(batch.captions),
        batch.frames,
    )
    assert torch.equal(torch.get_rng_state(), before)


def test_a_run_with_priors_that_is_stopped_ends_in_the_bits_of_one_that_is_not(configure, train):
    options = {"train": {**ALL, "stop_text_encoder_training": 3, "max_train_steps": 4}}
    options |= {"network": {"dropout": 0.25}, "dataset": {"flip_aug": True}}
    straight = train(configure(**options))
    resumed, control = configure(**options, save={"resume": "auto"}), RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == 2:
            control.stop()

    with pytest.raises(StopRun) as stopped:
        train(resumed, control, watch)
    last = train(resumed)
    models = [tensors.load(Path(trial.of(Saved)[-1].path)) for trial in (straight, last)]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])
    losses = [[event.loss for event in t.of(StepDone)] for t in (straight, stopped.value.trial, last)]
    assert losses[0] == losses[1] + losses[2] and len(losses[0]) == 4


def test_validation_measures_the_images_alone(start):
    training, _ = start(train=ALL, dataset={"validation_split": 0.4})
    assert training.validation.loss.prior is None


def test_captions_of_frozen_text_encoders_are_all_encoded_beforehand(start):
    training, _ = start(train={"class_prior_weight": 1.0, "text_encoder_lr": 0.0})
    assert not training.model.is_here("text_encoder")
    with torch.no_grad():
        for batch in islice(training.stream(0), 6):
            assert len([*training.losses(batch)]) == 1 + ("sls frog" in batch.captions)
    assert not training.model.is_here("text_encoder")


@pytest.mark.parametrize(
    "key", ["prior_prediction = true", "masked_prior_weight = 0.5", "class_prior_weight = 1"]
)
def test_without_an_adapter_a_prior_is_refused_in_one_sentence(base, images, key):
    text = f"""
format = 1
[model]
base = "{base}"
[dataset]
train_data_dir = "{images / "train"}"
reg_data_dir = "{images / "reg"}"
[network]
method = "none"
[train]
masked_loss = true
{key}
"""
    with pytest.raises(ConfigError) as refused:
        check(text)
    (problem,) = refused.value.problems
    assert problem.key == f"train.{key.split(' ')[0]}" and "can be switched off" in problem.en


def test_a_word_that_is_taught_is_none_of_the_frozen_model_s(base, images):
    text = f"""
format = 1
[model]
base = "{base}"
[dataset]
train_data_dir = "{images / "train"}"
[embedding]
token_string = "sls"
[train]
masked_loss = true
masked_prior_weight = 0.5
"""
    with pytest.raises(ConfigError) as refused:
        check(text)
    assert [problem.key for problem in refused.value.problems] == ["train.masked_prior_weight"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"train": {"prior_prediction": True}, "dataset": {"reg_data_dir": None}}, "E-REG-NONE"),
        ({"train": {"class_prior_weight": 1.0, "class_prior_identifier": "ohwx"}}, "E-CAP-IDENTIFIER"),
    ],
)
def test_what_a_prior_lacks_in_the_images_is_refused(start, options, code):
    with pytest.raises(UserError) as refused:
        start(**options)
    assert [problem.code for problem in refused.value.problems] == [code]
