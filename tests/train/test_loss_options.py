"""Options of noise and loss change what is trained, each sample by itself."""

import dataclasses
import json
from itertools import islice

import pytest
import torch

from core.catalog import SAMPLERS, Size
from core.config.check import check
from core.config.schema.run import RunConfig
from core.control import RunControl
from core.data.plan.plan import Sample
from core.diffusion.objective import Flow
from core.errors import ConfigError, UserError
from core.events import StepDone, Warned
from core.models.family import open_family
from core.models.sd.configs import schedule
from core.train.device.engine import Engine
from core.train.inputs.batches import Batches
from core.train.inputs.draws import Chance
from core.train.run import build, prepare
from tests.tiny import make_tiny


@pytest.fixture
def start(configure, tmp_path):
    """A training that is ready for its first step, with the events sent until then."""

    def go(**sections):
        config, control, events = configure(**sections), RunControl(), []
        with Engine(config.train.precision) as engine:
            job = prepare(config, tmp_path, control, events.append)
            return build(job, engine, control, events.append)[0], events

    return go


@pytest.fixture(scope="module")
def ready(base, images, tmp_path_factory):
    """A training without any of these options."""
    output = tmp_path_factory.mktemp("ready")
    config = RunConfig(
        model={"base": str(base)},
        dataset={"train_data_dir": str(images / "train"), "resolution": (64, 64), "train_batch_size": 2}
        | {"cache_latents": True},
        network={"rank": 2},
        train={"seed": 7},
        save={"output_dir": str(output)},
    )
    with Engine("no") as engine:
        job = prepare(config, output, RunControl(), [].append)
        return build(job, engine, RunControl(), [].append)[0]


class First:
    """The first micro-batch and its loss under options of [train].

    target: the noise that is to be predicted. given: the noise in what the U-Net sees.
    """

    def __init__(self, training, **options):
        train = training.config.train.model_copy(update=options)
        config = training.config.model_copy(update={"train": train})
        made = training.batches
        batches = Batches(
            made._plan, config, made._latents, made._masks, made._spec, made._engine, training.model.objective
        )
        self.batches = [*islice(batches.stream(0), 6)]
        self.batch, noisy = self.batches[0], []

        def watch(model, noisy_latents, *rest):
            noisy.append(noisy_latents)
            return training.batch_loss.family.predict(model, noisy_latents, *rest)

        family = open_family("sd1")
        family.predict = watch
        loss = dataclasses.replace(training.batch_loss, family=family, config=train)
        self.loss = loss(self.batch).item()
        self.target = loss._noise(self.batch)
        signal, sigma = (
            part.view(-1, 1, 1, 1) for part in training.model.objective.levels(self.batch.timesteps)
        )
        self.given = (noisy[0] - signal * self.batch.latents) / sigma


def test_without_options_input_and_target_hold_the_drawn_noise(ready):
    first = First(ready)
    assert first.target is first.batch.noise
    torch.testing.assert_close(first.given, first.target, atol=1e-4, rtol=0)


def test_input_perturbation_is_in_the_input_and_not_in_the_target(ready):
    first = First(ready, ip_noise_gamma=0.5, min_timestep=500)
    assert torch.equal(first.target, first.batch.noise)
    assert (first.given - first.target).std().item() == pytest.approx(0.5, rel=0.1)


def test_a_random_noise_offset_differs_from_sample_to_sample(ready):
    batches = First(ready, noise_offset=0.8, noise_offset_random_strength=True).batches
    drawn = torch.cat([batch.shift_strength.flatten() for batch in batches])
    assert len(drawn.unique()) == 12 and drawn.min() > 0 and drawn.max() < 0.8


def test_the_adaptive_scale_moves_the_offset_by_the_mean_of_the_latents(ready):
    first = First(ready, noise_offset=0.1, adaptive_noise_scale=2.0)
    strength = 0.1 + 2.0 * first.batch.latents.mean(dim=(2, 3), keepdim=True).abs()
    torch.testing.assert_close(first.target, first.batch.noise + strength * first.batch.shift)


def test_multires_noise_has_unit_variance_and_more_of_it_in_coarse_grains(ready):
    plain = First(ready).target
    made = First(ready, multires_noise_iterations=6, multires_noise_discount=0.9).target
    assert made.std(dim=(1, 2, 3)).tolist() == pytest.approx([1.0, 1.0])
    coarse = [noise.mean(dim=(2, 3)).square().mean() for noise in (plain, made)]
    assert coarse[1] > 3 * coarse[0]


@pytest.mark.parametrize(
    "options",
    [
        {"noise_offset": 0.3, "noise_offset_random_strength": True},
        {"ip_noise_gamma": 0.3, "ip_noise_gamma_random_strength": True},
        {"multires_noise_iterations": 4},
    ],
)
def test_what_a_sample_draws_does_not_depend_on_its_batch(configure, options):
    chance = Chance(configure(train=options).train, Flow(), is_pinned=False)
    samples = [Sample(0, slot, False, "", (0, 0)) for slot in (4, 5)]
    both, one = chance(3, samples, (4, 8, 8)), chance(3, samples[1:], (4, 8, 8))
    for name in ("noise", "shift", "shift_strength", "perturbation", "timesteps"):
        whole, part = getattr(both, name), getattr(one, name)
        if whole is not None:
            assert torch.equal(whole[:, 1:] if name == "noise" else whole[1:], part)


def test_loss_types_measure_the_same_prediction_differently(ready):
    kinds = ("l2", "l1", "huber", "smooth_l1")
    found = {kind: First(ready, loss_type=kind, huber_c=0.3).loss for kind in kinds}
    assert len({round(loss, 6) for loss in found.values()}) == 4
    wide = {"loss_type": "huber", "huber_schedule": "constant", "huber_c": 1.0, "huber_scale": 100.0}
    # Far below its threshold the pseudo-Huber error is the square: 2c (c + d^2 / 2c - c).
    assert First(ready, **wide).loss == pytest.approx(found["l2"], rel=1e-3)


@pytest.mark.parametrize(
    "options", [{"v_pred_like_loss": 0.5}, {"min_snr_gamma": 0.05}, {"debiased_estimation_loss": True}]
)
def test_weights_reach_the_loss(ready, options):
    assert First(ready, **options).loss != First(ready).loss


def test_equal_limits_train_that_timestep_alone(ready):
    first = First(ready, min_timestep=300, max_timestep=300)
    assert first.batch.timesteps.tolist() == [300, 300]


@pytest.fixture
def v_base(tmp_path):
    base = make_tiny(tmp_path / "v.safetensors", family="sd2")
    scheduler = tmp_path / "v_config" / "scheduler" / "scheduler_config.json"
    scheduler.write_text(json.dumps({"_class_name": "DDIMScheduler", **schedule("v")}), encoding="utf-8")
    return str(base)


def v_model(v_base, **train):
    return {"model": {"base": v_base}, "train": train}


def test_zero_terminal_snr_trains_from_pure_noise_with_every_weight(start, v_base, monkeypatch):
    options = {"zero_terminal_snr": True, "min_timestep": 999, "max_timestep": 999}
    weights = {"scale_v_pred_loss_like_noise_pred": True, "debiased_estimation_loss": True}
    training, events = start(**v_model(v_base, **options))
    batch = next(training.stream(0))
    assert training.model.objective.snr(torch.tensor(999)).item() == 0.0
    assert training.batch_loss(batch).item() > 0
    assert not [event for event in events if isinstance(event, Warned) and "SNR" in event.code]
    weighed = start(**v_model(v_base, **options, **weights, min_snr_gamma=5.0))[0]
    assert weighed.batch_loss(next(weighed.stream(0))).item() == 0.0  # min(snr, 5) / (snr + 1) is 0 there


def test_min_snr_reads_the_rescaled_table(start, v_base):
    options = v_model(v_base, zero_terminal_snr=True, min_snr_gamma=5.0)
    snr = start(**options)[0].model.objective.snr(torch.tensor(990)).item()
    assert snr < 1e-4  # 0.0051 before rescaling


def test_zero_terminal_snr_for_a_noise_model_warns_and_trains(start):
    training, events = start(train={"zero_terminal_snr": True, "debiased_estimation_loss": True})
    assert "W-CFG-ZERO-SNR" in [event.code for event in events if isinstance(event, Warned)]
    last = dataclasses.replace(next(training.stream(0)), timesteps=torch.tensor([999, 999]))
    assert training.batch_loss(last).isfinite()


def test_samples_are_drawn_from_the_rescaled_schedule(start, v_base):
    training, _ = start(**v_model(v_base, zero_terminal_snr=True))
    for sampler in SAMPLERS:
        scheduler = open_family("sd2").schedule(training.model, sampler, 10, Size(64, 64))
        assert round(float(scheduler.timesteps[0])) == 999, sampler
        assert scheduler.alphas_cumprod[-1].item() < 1e-7, sampler


def test_an_option_for_v_models_is_refused_when_the_model_turns_out_to_predict_noise(start):
    with pytest.raises(UserError) as refused:
        start(train={"scale_v_pred_loss_like_noise_pred": True})
    assert [problem.key for problem in refused.value.problems] == ["train.scale_v_pred_loss_like_noise_pred"]


def test_an_option_for_noise_models_is_refused_when_the_model_predicts_v(start, v_base):
    with pytest.raises(UserError) as refused:
        start(**v_model(v_base, v_pred_like_loss=0.5))
    assert [problem.key for problem in refused.value.problems] == ["train.v_pred_like_loss"]


GOOD = 'format = 1\n[model]\nbase = "m"\n{model}\n[dataset]\ntrain_data_dir = "t"\n[train]\n{train}\n'


@pytest.mark.parametrize(
    ("model", "train", "code"),
    [
        ("", "adaptive_noise_scale = 0.1", "E-CFG-TOGETHER"),
        ('prediction = "epsilon"', "scale_v_pred_loss_like_noise_pred = true", "E-CFG-TOGETHER"),
        ('prediction = "v"', "v_pred_like_loss = 0.5", "E-CFG-TOGETHER"),
        ("", "min_timestep = 900\nmax_timestep = 300", "E-CFG-RANGE"),
    ],
)
def test_what_can_never_fit_is_refused_before_the_model_is_read(model, train, code):
    with pytest.raises(ConfigError) as refused:
        check(GOOD.format(model=model, train=train))
    [problem] = [problem for problem in refused.value.problems if problem.is_error]
    assert (problem.code, problem.key) == (code, f"train.{train.partition(' ')[0]}")


@pytest.mark.parametrize(
    ("train", "name"),
    [
        ("noise_offset_random_strength = true", "noise_offset_random_strength"),
        ("multires_noise_discount = 0.8", "multires_noise_discount"),
        ("huber_c = 0.2", "huber_c"),
        ('loss_type = "huber"\nhuber_scale = 2.0', "huber_scale"),
    ],
)
def test_an_option_without_what_it_modifies_is_said_to_have_no_effect(train, name):
    notices = check(GOOD.format(model="", train=train)).notices
    assert [n.key for n in notices if n.code == "W-CFG-UNUSED"] == [f"train.{name}"]


def test_every_loss_option_trains_to_finite_weights(configure, train):
    everything = {
        "noise_offset": 0.1,
        "adaptive_noise_scale": 0.01,
        "multires_noise_iterations": 3,
        "ip_noise_gamma": 0.1,
        "loss_type": "smooth_l1",
        "min_snr_gamma": 5.0,
        "v_pred_like_loss": 0.5,
        "debiased_estimation_loss": True,
    }
    trial = train(configure(train=everything | {"max_train_steps": 2}))
    assert len(trial.of(StepDone)) == 2
